"""Queues: how much waits, runs and has ended; paused and resumed for every worker."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Path

from clipforge_catalog.queries import figures, jobs
from clipforge_contracts.pipeline import BY_QUEUE, BY_STAGE
from clipforge_contracts.plans import Priority
from clipforge_gateway import cursors, numbers, queue_schemas, schemas
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import CallerDep, OperatorDep, PartsDep
from clipforge_gateway.problems import FORBIDDEN, NOT_FOUND, UNAVAILABLE, Problem, documented
from clipforge_gateway.queue_schemas import Queue
from clipforge_gateway.routes.jobs import Whereabouts, views_of
from clipforge_runtime.bus import DoneInPart

router = APIRouter(prefix="/v1/queues", tags=["queues"])
log = logging.getLogger(__name__)

JobId = Annotated[str, Path(max_length=64, pattern=r"^job_[a-z0-9]{26}$")]


@router.get("/metrics", operation_id="getQueues", summary="All queues", responses=documented())
async def all_queues(parts: PartsDep, caller: CallerDep) -> dict[str, queue_schemas.QueueView]:
    return await numbers.of_queues(parts.sessions, parts.log)


@router.get(
    "/{queue}/metrics", operation_id="getQueue", summary="One queue", responses=documented()
)
async def one_queue(queue: Queue, parts: PartsDep, caller: CallerDep) -> queue_schemas.QueueView:
    return (await numbers.of_queues(parts.sessions, parts.log, (BY_QUEUE[queue],)))[queue]


@router.get(
    "/{queue}/tenants",
    operation_id="getQueueTenants",
    summary="Whose the jobs of a queue are",
    responses=documented(FORBIDDEN),
)
async def tenants(
    queue: Queue,
    parts: PartsDep,
    caller: OperatorDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[queue_schemas.TenantShare]:
    """Those with the most work outstanding first, as each page finds it. For operators."""
    async with parts.sessions() as session:
        page = await figures.by_tenant(
            session, BY_QUEUE[queue].name, after=cursors.read(cursor), limit=limit
        )
    return schemas.PageView(
        items=await numbers.of_tenants(parts.sessions, BY_QUEUE[queue], page.rows),
        next=cursors.write(page.next),
    )


@router.post(
    "/{queue}/pause",
    operation_id="pauseQueue",
    summary="Start nothing more",
    responses=documented(FORBIDDEN),
)
async def pause(queue: Queue, parts: PartsDep, caller: OperatorDep) -> queue_schemas.QueueView:
    """For every worker, until it is resumed; what runs may finish. Twice is no error."""
    with _as_a_whole():
        await parts.log.pause(BY_QUEUE[queue])
    log.warning("queue %s is paused", queue)
    return (await numbers.of_queues(parts.sessions, parts.log, (BY_QUEUE[queue],)))[queue]


@router.post(
    "/{queue}/resume",
    operation_id="resumeQueue",
    summary="Go on",
    responses=documented(FORBIDDEN),
)
async def resume(queue: Queue, parts: PartsDep, caller: OperatorDep) -> queue_schemas.QueueView:
    """Where nothing is paused, nothing changes."""
    with _as_a_whole():
        await parts.log.resume(BY_QUEUE[queue])
    log.warning("queue %s is resumed", queue)
    return (await numbers.of_queues(parts.sessions, parts.log, (BY_QUEUE[queue],)))[queue]


@contextmanager
def _as_a_whole() -> Iterator[None]:
    """What was done in part is said to be, and asked for again."""
    try:
        yield
    except DoneInPart as error:
        log.error("%s", error)
        raise Problem(
            UNAVAILABLE,
            "Only a part of the queue took it, as `partly_paused` in its numbers says. Ask again; "
            "if that does not help, declare the log's consumers anew.",
        ) from error


@router.get(
    "/{queue}/jobs/{job_id}",
    operation_id="getJob",
    summary="One job",
    responses=documented(NOT_FOUND),
)
async def get_job(
    queue: Queue, job_id: JobId, parts: PartsDep, caller: CallerDep
) -> queue_schemas.JobView:
    """Its state, progress, attempts and, where it failed, why."""
    async with parts.sessions() as session:
        row = await jobs.get(session, job_id, caller.tenant_id)
    if row is None or BY_STAGE[row.stage] is not BY_QUEUE[queue]:
        raise Problem(NOT_FOUND, "There is no job of this id in this queue.")
    how = await parts.log.wait(
        BY_QUEUE[queue],
        priority=Priority(row.priority),
        tenant=row.tenant_id,
        project=row.project_id,
        job=row.id,
    )
    [view] = await views_of(parts, [row], Whereabouts({row.id}, {row.id: how}))
    return view
