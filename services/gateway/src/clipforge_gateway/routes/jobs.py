"""The history of jobs: those that wait, run and have ended."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from clipforge_catalog.queries import figures, jobs
from clipforge_catalog.tables import Job, JobState
from clipforge_contracts.pipeline import BY_QUEUE, PIPELINE
from clipforge_gateway import cursors, queue_schemas, rows, schemas, views
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import FORBIDDEN, Problem, documented

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

EVERY_TENANT = "all"
TenantQuery = Annotated[queue_schemas.Tenant, Query()]
ProjectQuery = Annotated[str | None, Query(pattern=r"^prj_[a-z0-9]{26}$")]


@router.get("", operation_id="listJobs", summary="Jobs, newest first", responses=documented())
async def list_jobs(
    parts: PartsDep,
    caller: CallerDep,
    queue: queue_schemas.Queue | None = None,
    state: queue_schemas.State | None = None,
    project_id: ProjectQuery = None,
    tenant: TenantQuery = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> schemas.PageView[queue_schemas.JobView]:
    """A job may change its state while it is listed: then a page has fewer than `limit`."""
    owner = tenant_of(caller, tenant)
    stages = [BY_QUEUE[queue]] if queue else PIPELINE
    running = await parts.log.running_jobs()
    each = await asyncio.gather(*(parts.log.scheduled_jobs(stage) for stage in stages))
    scheduled = set().union(*each)
    unfinished = state in ("waiting", "active", "delayed")
    async with parts.sessions() as session:
        page = await jobs.history(
            session,
            tenant=owner,
            stage=BY_QUEUE[queue].name if queue else None,
            project=project_id,
            state=JobState.WAITING if unfinished else JobState(state) if state else None,
            among={"active": running, "delayed": scheduled}.get(state or ""),
            without=scheduled if state == "waiting" else (),
            after=cursors.read(cursor),
            limit=limit,
        )
    found = await views_of(parts, page.rows, scheduled=scheduled, running=running)
    return schemas.PageView(
        items=[view for view in found if state in (None, view.state)],
        next=cursors.write(page.next),
    )


async def views_of(
    parts: Parts,
    page: Sequence[Job],
    *,
    scheduled: Collection[str],
    running: Collection[str] | None = None,
) -> list[queue_schemas.JobView]:
    """Some jobs as clients see them. `running`: those that are worth looking at closely."""
    async with parts.sessions() as session:
        lengths = await figures.lengths(session, [row.id for row in page])

    async def view(row: Job) -> queue_schemas.JobView:
        ended = row.state != JobState.WAITING
        if ended or (running is not None and row.id not in running):
            standing = parts.feed.standings.of(row.id)
        else:
            standing = await rows.standing(parts, row.id)
        _, length = lengths.get(row.id, ("", 0))
        left = None if ended else await parts.paces.job_left(row.stage, standing.now, length)
        return views.job(row, standing=standing, delayed=row.id in scheduled, seconds_left=left)

    return list(await asyncio.gather(*(view(row) for row in page)))


def tenant_of(caller: Caller, asked: str) -> str | None:
    """Whose things a request is about; None: everybody's. A Problem where it may not be."""
    if asked in ("", caller.tenant_id):
        return caller.tenant_id
    if not caller.operates:
        raise Problem(FORBIDDEN, "Only admins of the installation's own tenant see other tenants.")
    return None if asked == EVERY_TENANT else asked
