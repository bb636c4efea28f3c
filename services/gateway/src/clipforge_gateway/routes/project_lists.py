"""A tenant's projects: which there are, filtered and sorted."""

from typing import Annotated

from fastapi import APIRouter, Query

from clipforge_catalog.queries import project_lists
from clipforge_catalog.queries.project_lists import Filters, Sort, SourceKind
from clipforge_catalog.tables import ProjectState
from clipforge_gateway import cursors, schemas, views
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.moments import Moment
from clipforge_gateway.parts import CallerDep, PartsDep
from clipforge_gateway.problems import documented

router = APIRouter(prefix="/v1/projects", tags=["projects"])

TitleQuery = Annotated[
    schemas.Text, Query(max_length=200, description="Is in their title, whatever the case")
]
LanguageQuery = Annotated[
    str,
    Query(
        max_length=16,
        pattern=schemas.LANGUAGE,
        description="That is spoken in their film, such as `en`; known once it is transcribed",
    ),
]
SortQuery = Annotated[
    Sort,
    Query(
        description="By the time of their creation, or by title in the order of the database; "
        "`-`: backwards"
    ),
]


@router.get(
    "",
    operation_id="listProjects",
    summary="Projects, newest first unless sorted otherwise",
    responses=documented(),
)
async def list_projects(
    parts: PartsDep,
    caller: CallerDep,
    state: ProjectState | None = None,
    title: TitleQuery = "",
    language: LanguageQuery = "",
    source: Annotated[SourceKind | None, Query(description="What they were made of")] = None,
    asset_id: Annotated[
        str, Query(pattern=schemas.ASSET_ID, description="The film that they are made of")
    ] = "",
    created_since: Annotated[Moment | None, Query(description="From then on")] = None,
    created_until: Annotated[Moment | None, Query(description="Before then")] = None,
    sort: SortQuery = Sort.NEWEST,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[schemas.ProjectView]:
    """Those that meet every filter. A cursor goes with the filters and the sort of its page."""
    filters = Filters(state, title, language, source, asset_id, created_since, created_until)
    after = cursors.read_sorted(cursor, (filters, sort))
    async with (await parts.reads.of(caller.tenant_id))() as session:
        page = await project_lists.of_tenant(
            session, caller.tenant_id, filters, sort=sort, after=after, limit=limit
        )
    return schemas.PageView(
        items=[
            views.project(
                row.project,
                asset=row.asset,
                clip_count=row.clips,
                kept=parts.settings.retention[caller.plan],
            )
            for row in page.rows
        ],
        next=cursors.write_sorted(page.next, (filters, sort)),
    )
