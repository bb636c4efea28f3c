"""What is to go next by the clock, and when: nothing goes for being asked about."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from clipforge_catalog.queries import projects, retention
from clipforge_catalog.queries.retention import Expiry
from clipforge_catalog.tables import Asset
from clipforge_gateway import cursors, schemas
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import CallerDep, OperatorDep, PartsDep
from clipforge_gateway.problems import FORBIDDEN, documented
from clipforge_gateway.routes.jobs import TenantQuery, tenant_of

router = APIRouter(prefix="/v1/retention", tags=["retention"])

YEAR_HOURS: Final = 366 * 24
Kind = Literal["film", "export"]


class ExpiryView(BaseModel):
    kind: Kind
    tenant_id: str
    project_id: str
    export_id: str | None = None
    title: str = Field(description="Of the project")
    bytes: int = Field(
        description="Of the film or the clip; they stay where another one has them, too"
    )
    finished_at: datetime
    expires_at: datetime = Field(description="It goes within a minute or so after that")


class BacklogView(BaseModel):
    films: int = Field(description="Projects whose film is due, and has not been given up yet")
    exports: int = Field(description="Exports whose files are due")
    removals: int = Field(description="Objects that nobody refers to any more, still stored")
    removals_requested: int = Field(description="Of these: a worker has been asked to remove them")
    oldest_removal_at: datetime | None = None
    kept_hours: dict[str, float] = Field(description="How long each plan keeps films and exports")


@router.get(
    "",
    operation_id="listExpiring",
    summary="What is to go next, and when",
    responses=documented(FORBIDDEN),
)
async def list_expiring(
    parts: PartsDep,
    caller: CallerDep,
    kind: Annotated[Kind, Query(description="Films of projects, or files of exports")] = "film",
    within_hours: Annotated[float, Query(ge=0, le=YEAR_HOURS)] = 24,
    tenant: TenantQuery = "",
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[ExpiryView]:
    """What is due first comes first. A film whose project has work that waits is left out: it stays
    until that is done. Operators may ask for another `tenant`, or for `all`."""
    owner = tenant_of(caller, tenant)
    find = retention.next_films if kind == "film" else retention.next_exports
    by = datetime.now(UTC) + timedelta(hours=within_hours)
    async with parts.sessions() as session:
        page = await find(
            session,
            parts.settings.retention,
            by=by,
            tenant=owner,
            after=cursors.read(cursor),
            limit=limit,
        )
        assets = await projects.assets(session, [one.project for one in page.rows])
    return schemas.PageView(
        items=[_view(one, assets.get(one.project.asset_id or "")) for one in page.rows],
        next=cursors.write(page.next),
    )


@router.get(
    "/backlog",
    operation_id="getRetentionBacklog",
    summary="What is due and not done",
    responses=documented(FORBIDDEN),
)
async def get_backlog(parts: PartsDep, caller: OperatorDep) -> BacklogView:
    """In each step of letting go, of all tenants. For operators."""
    kept = parts.settings.retention
    async with parts.sessions() as session:
        found = await retention.backlog(session, kept, now=datetime.now(UTC))
    return BacklogView(
        films=found.films,
        exports=found.exports,
        removals=found.removals,
        removals_requested=found.requested,
        oldest_removal_at=found.oldest_removal_at,
        kept_hours={plan.value: time / timedelta(hours=1) for plan, time in kept.items()},
    )


def _view(one: Expiry, asset: Asset | None) -> ExpiryView:
    project, export = one.project, one.export
    stored = export.record if export else asset.media if asset else {}
    return ExpiryView(
        kind="export" if export else "film",
        tenant_id=project.tenant_id,
        project_id=project.id,
        export_id=export.id if export else None,
        title=project.title,
        bytes=int(stored.get("bytes", 0)),
        finished_at=(export or project).finished_at or one.at,
        expires_at=one.at,
    )
