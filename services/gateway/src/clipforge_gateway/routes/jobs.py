"""The history of jobs: those that wait, run and have ended."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query

from clipforge_catalog.queries import figures, jobs
from clipforge_catalog.tables import Job, JobState
from clipforge_contracts.pipeline import BY_QUEUE, PIPELINE, Stage
from clipforge_contracts.plans import Priority
from clipforge_gateway import cursors, queue_schemas, rows, schemas, views
from clipforge_gateway.auth import Caller
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import FORBIDDEN, Problem, documented
from clipforge_runtime.bus import Wait

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

EVERY_TENANT: Final = "all"
UNFINISHED: Final = ("waiting", "active", "delayed", "deferred")
TenantQuery = Annotated[queue_schemas.Tenant, Query()]
ProjectQuery = Annotated[str | None, Query(pattern=r"^prj_[a-z0-9]{26}$")]


@router.get(
    "", operation_id="listJobs", summary="Jobs, newest first", responses=documented(FORBIDDEN)
)
async def list_jobs(
    parts: PartsDep,
    caller: CallerDep,
    queue: queue_schemas.Queue | None = None,
    state: queue_schemas.State | None = None,
    project_id: ProjectQuery = None,
    tenant: TenantQuery = "",
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[queue_schemas.JobView]:
    """A job may change its state while it is listed: then a page has fewer than `limit`."""
    owner = tenant_of(caller, tenant)
    where = await look(parts, [BY_QUEUE[queue]] if queue else PIPELINE)
    among = {
        "active": where.running,
        "delayed": where.waits("delayed"),
        "deferred": where.waits("deferred"),
    }
    async with parts.sessions() as session:
        page = await jobs.history(
            session,
            tenant=owner,
            stage=BY_QUEUE[queue].name if queue else None,
            project=project_id,
            state=JobState.WAITING if state in UNFINISHED else JobState(state) if state else None,
            among=among.get(state or ""),
            or_of=where.held_back if state == "deferred" else (),
            without=where.scheduled if state == "waiting" else (),
            and_not_of=where.held_back if state == "waiting" else (),
            after=cursors.read(cursor),
            limit=limit,
        )
    found = await views_of(parts, page.rows, where)
    return schemas.PageView(
        items=[view for view in found if state in (None, view.state)],
        next=cursors.write(page.next),
    )


@dataclass(frozen=True)
class Whereabouts:
    """What the log says of the jobs of some stages, taken together."""

    running: Collection[str]  # now, or in the last 45 seconds
    scheduled: Mapping[str, Wait]
    held_back: Collection[tuple[str, Priority]] = ()  # by stage; these lie in the queue

    def waits(self, how: Wait) -> Collection[str]:
        return [job for job, one in self.scheduled.items() if one == how]

    def of(self, row: Job) -> Wait:
        """How a job waits that does not run."""
        if known := self.scheduled.get(row.id):
            return known
        return "deferred" if (row.stage, row.priority) in self.held_back else "waiting"


async def look(parts: Parts, stages: Sequence[Stage]) -> Whereabouts:
    """Ask the log's leader."""
    running, scheduled, held_back = await asyncio.gather(
        parts.log.running_jobs(),
        asyncio.gather(*(parts.log.scheduled_jobs(stage) for stage in stages)),
        asyncio.gather(*(parts.log.held_back(stage) for stage in stages)),
    )
    return Whereabouts(
        running,
        {job: how for each in scheduled for job, how in each.items()},
        {
            (stage.name, priority)
            for stage, priority in zip(stages, held_back, strict=True)
            if priority is not None
        },
    )


async def views_of(
    parts: Parts, page: Sequence[Job], where: Whereabouts
) -> list[queue_schemas.JobView]:
    """Some jobs as clients see them."""
    async with parts.sessions() as session:
        lengths = await figures.lengths(session, [row.id for row in page])

    async def view(row: Job) -> queue_schemas.JobView:
        ended = row.state != JobState.WAITING
        if not ended and (row.id in where.running or row.id in where.scheduled):
            about = {"tenant": row.tenant_id, "project": row.project_id}
            standing = await rows.standing(parts, row.id, stage=row.stage, **about)
        else:  # of what waits for its first turn the log is not asked
            standing = parts.feed.standings.of(row.id)
        _, length = lengths.get(row.id, ("", 0))
        left = None if ended else await parts.paces.job_left(row.stage, standing.now, length)
        return views.job(row, standing=standing, wait=where.of(row), seconds_left=left)

    return list(await asyncio.gather(*(view(row) for row in page)))


def tenant_of(caller: Caller, asked: str) -> str | None:
    """Whose things a request is about; None: everybody's. A Problem where it may not be."""
    if asked in ("", caller.tenant_id):
        return caller.tenant_id
    if not caller.operates:
        raise Problem(FORBIDDEN, "Only admins of the installation's own tenant see other tenants.")
    return None if asked == EVERY_TENANT else asked
