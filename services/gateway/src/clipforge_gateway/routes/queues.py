"""Queues and jobs: how much waits, runs and has ended.

Waiting and active come from the log's leader, completed and failed from the rows.
"""

import asyncio
from collections import Counter
from typing import Annotated, Literal

from fastapi import APIRouter, Path

from clipforge_catalog.queries import jobs
from clipforge_catalog.tables import JobState
from clipforge_contracts.pipeline import BY_QUEUE, BY_STAGE, PIPELINE, Stage
from clipforge_gateway import schemas, views
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import NOT_FOUND, Problem, documented

router = APIRouter(prefix="/v1/queues", tags=["queues"])

Queue = Literal["video-import", "transcription", "clip-detection", "video-export"]


@router.get("/metrics", operation_id="getQueues", summary="All queues", responses=documented())
async def all_queues(parts: PartsDep, caller: CallerDep) -> dict[str, schemas.QueueView]:
    return await metrics(parts)


@router.get(
    "/{queue}/metrics", operation_id="getQueue", summary="One queue", responses=documented()
)
async def one_queue(queue: Queue, parts: PartsDep, caller: CallerDep) -> schemas.QueueView:
    return (await metrics(parts))[queue]


@router.get(
    "/{queue}/jobs/{job_id}",
    operation_id="getJob",
    summary="One job",
    responses=documented(NOT_FOUND),
)
async def get_job(
    queue: Queue,
    job_id: Annotated[str, Path(max_length=64, pattern=r"^job_[a-z0-9]{26}$")],
    parts: PartsDep,
    caller: CallerDep,
) -> schemas.JobView:
    """Its state, progress, attempts and, where it failed, why."""
    async with parts.sessions() as session:
        row = await jobs.get(session, job_id, caller.tenant_id)
    if row is None or BY_STAGE[row.stage] is not BY_QUEUE[queue]:
        raise Problem(NOT_FOUND, "There is no job of this id in this queue.")
    running = await parts.log.progress(job_id) if row.state == JobState.WAITING else ()
    return views.job(row, running)


async def metrics(parts: Parts) -> dict[str, schemas.QueueView]:
    """The numbers of every queue."""
    async with parts.sessions() as session:
        ended = await jobs.count(session)
    found = await asyncio.gather(
        *(_queue(parts, stage, ended.get(stage.name, Counter())) for stage in PIPELINE)
    )
    return {view.queue: view for view in found}


async def _queue(parts: Parts, stage: Stage, ended: Counter[str]) -> schemas.QueueView:
    counts = await parts.log.counts(stage)
    return schemas.QueueView(
        queue=stage.queue,
        waiting=sum(count.waiting for count in counts.values()),
        active=sum(count.active for count in counts.values()),
        delayed=sum(count.delayed for count in counts.values()),
        completed=ended[JobState.COMPLETED],
        failed=ended[JobState.FAILED],
        paused=any(count.paused for count in counts.values()),
        priorities={
            priority.value: schemas.PriorityCounts(
                waiting=count.waiting, active=count.active, delayed=count.delayed
            )
            for priority, count in counts.items()
        },
    )
