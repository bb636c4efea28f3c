"""Clips of a project, found and made."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from clipforge_catalog.queries import clips
from clipforge_gateway import clip_schemas, cursors, etags, rows, schemas, views
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import CallerDep, PartsDep
from clipforge_gateway.problems import NOT_FOUND, Problem, documented
from clipforge_gateway.routes.projects import ProjectId

router = APIRouter(tags=["clips"])

ClipId = Annotated[str, Path(max_length=64, pattern=r"^clip_[a-z0-9]{26}$")]


@router.get(
    "/v1/projects/{project_id}/clips",
    operation_id="listClips",
    summary="The best moments of a film",
    responses=documented(NOT_FOUND),
)
async def list_clips(
    project_id: ProjectId,
    parts: PartsDep,
    caller: CallerDep,
    order: Annotated[Literal["score", "time"], Query()] = "score",
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[clip_schemas.ClipView]:
    """Best first, and those made by hand last; or in the order of the film."""
    try:
        await rows.project(parts, caller, project_id)
    except rows.Pending:
        return schemas.PageView(items=[])
    async with parts.sessions() as session:
        page = await clips.of_project(
            session,
            caller.tenant_id,
            project_id,
            by_time=order == "time",
            after=cursors.read(cursor),
            limit=limit,
        )
    return schemas.PageView(
        items=[views.clip(row) for row in page.rows], next=cursors.write(page.next)
    )


@router.get(
    "/v1/clips/{clip_id}",
    operation_id="getClip",
    summary="A clip",
    responses=documented(NOT_FOUND),
)
async def get_clip(
    clip_id: ClipId, parts: PartsDep, caller: CallerDep, response: Response
) -> clip_schemas.ClipView:
    """Its `ETag` is the `If-Match` of an edit."""
    async with parts.sessions() as session:
        row = await clips.get(session, caller.tenant_id, clip_id)
    if row is None:
        raise Problem(NOT_FOUND, "There is no clip of this id.")
    response.headers["ETag"] = etags.of_sequence(parts.feed.incarnation, row.sequence)
    return views.clip(row)
