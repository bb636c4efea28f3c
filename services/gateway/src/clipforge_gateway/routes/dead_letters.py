"""Dead letters: jobs that failed for good. Found, looked into, and done after all.

A replay is a new job in the place of the failed one. Its id follows from that one's, so asking
twice replays once.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import JobReplayed, StageFailed
from clipforge_catalog.queries import dead_letters, jobs, projects
from clipforge_catalog.queries.dead_letters import Filter
from clipforge_catalog.tables import Job
from clipforge_contracts import ids
from clipforge_contracts.documents import as_dict
from clipforge_contracts.facts import Unreadable, decode
from clipforge_contracts.pipeline import BY_QUEUE, BY_STAGE
from clipforge_contracts.plans import Plan
from clipforge_gateway import cursors, queue_schemas, rows, schemas, views
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import CONFLICT, FORBIDDEN, NOT_FOUND, Problem, documented
from clipforge_gateway.queue_schemas import DeadLetterView
from clipforge_gateway.routes.jobs import tenant_of
from clipforge_gateway.routes.queues import JobId
from clipforge_runtime.bus import Stated
from clipforge_runtime.logs import redact
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])

AT_ONCE: Final = 1000  # replayed by one request: some seconds
TOGETHER: Final = 20  # stated at the same time
PAGE: Final = 100
NOTHING_TO_DO: Final = (
    "This is a message that nobody could read, so there is nothing to do after all. What it was "
    "meant for is begun anew by itself, or must be submitted again."
)


@router.get(
    "",
    operation_id="listDeadLetters",
    summary="What failed for good, newest first",
    responses=documented(FORBIDDEN),
)
async def list_dead_letters(
    parts: PartsDep, caller: CallerDep, asked: Annotated[queue_schemas.DeadLetterQuery, Query()]
) -> schemas.PageView[DeadLetterView]:
    """Those that nobody has replayed yet."""
    async with parts.sessions() as session:
        page = await dead_letters.find(
            session,
            _wanted(caller, asked, asked.tenant),
            after=cursors.read(asked.cursor),
            limit=asked.limit,
        )
    return schemas.PageView(
        items=[_view(caller, row) for row in page.rows], next=cursors.write(page.next)
    )


@router.post(
    "/replay",
    operation_id="replayDeadLetters",
    summary="Do many after all",
    status_code=202,
    responses=documented(FORBIDDEN),
)
async def replay_many(
    body: queue_schemas.ReplayMany, parts: PartsDep, caller: CallerDep, response: Response
) -> queue_schemas.Replayed:
    """Those that fit; at most a thousand a request. `Location` lists the jobs of that queue,
    project and tenant, newest first: those that take their places among them.
    """
    response.headers["Location"] = _jobs_of(body)
    wanted = _wanted(caller, body, body.tenant)
    seen = replayed = last = 0
    after = None
    while seen < AT_ONCE:
        async with parts.sessions() as session:
            page = await dead_letters.find(
                session, wanted, replayable=True, after=after, limit=PAGE
            )
            plans = await projects.plans(session, [row.project_id for row in page.rows])
        for n in range(0, len(page.rows), TOGETHER):
            together = page.rows[n : n + TOGETHER]
            stated = await asyncio.gather(
                *(_state_replay(parts, row, plans[row.project_id]) for row in together)
            )
            replayed += sum(one.fresh for one in stated)
            last = max(last, *(one.sequence for one in stated))
        seen += len(page.rows)
        after = page.next
        if after is None:
            break
    await rows.caught_up(parts, last)  # so that asking again begins with the rest
    return queue_schemas.Replayed(replayed=replayed, more=after is not None)


@router.get(
    "/{job_id}",
    operation_id="getDeadLetter",
    summary="Why a job failed for good",
    responses=documented(NOT_FOUND),
)
async def get(job_id: JobId, parts: PartsDep, caller: CallerDep) -> DeadLetterView:
    """For admins with what the worker met, and the fact that began it."""
    row = await _dead(parts, caller, job_id)
    async with parts.sessions() as session:
        known = await jobs.get(session, _next_job(row), row.tenant_id)
    view = _view(caller, row)
    view.replayed_as = known.id if known else None
    if caller.role == "admin":
        view.cause_type, view.cause = await _cause(parts, row)
    return view


@router.post(
    "/{job_id}/replay",
    operation_id="replayDeadLetter",
    summary="Do it after all",
    status_code=202,
    responses=documented(NOT_FOUND, CONFLICT),
)
async def replay(
    job_id: JobId, parts: PartsDep, caller: CallerDep, response: Response
) -> queue_schemas.JobView:
    """The job that takes its place. Asked twice, it is the same one."""
    row = await _dead(parts, caller, job_id)
    if row.about == row.id:
        raise Problem(CONFLICT, NOTHING_TO_DO)
    async with parts.sessions() as session:
        project = await projects.get(session, row.tenant_id, row.project_id)
    if project is None or project.cancelled_at is not None:
        raise Problem(CONFLICT, "The project of this job was cancelled: submit the film again.")
    stated = await _state_replay(parts, row, project.plan)
    await rows.caught_up(parts, stated.sequence)
    async with parts.sessions() as session:
        known = await jobs.get(session, _next_job(row), row.tenant_id)
    queue = BY_STAGE[row.stage].queue
    response.headers["Location"] = f"/v1/queues/{queue}/jobs/{_next_job(row)}"
    return views.job(known or _to_come(row))


def _jobs_of(asked: queue_schemas.ReplayMany) -> str:
    """Where the jobs are that take the place of the failed ones."""
    named = {"queue": asked.queue, "project_id": asked.project_id, "tenant": asked.tenant}
    query = urlencode({name: value for name, value in named.items() if value})
    return f"/v1/jobs?{query}".rstrip("?")


async def _dead(parts: Parts, caller: Caller, job_id: str) -> Job:
    async with parts.sessions() as session:
        row = await dead_letters.get(session, job_id, None if caller.operates else caller.tenant_id)
    if row is None:
        raise Problem(NOT_FOUND, "No job of this id has failed.")
    return row


async def _state_replay(parts: Parts, row: Job, plan: str) -> Stated:
    """State it, once however often it is asked for."""
    fact = JobReplayed(
        project=ProjectRef(
            tenant_id=row.tenant_id, project_id=row.project_id, plan=Plan(plan).wire
        ),
        stage=row.stage,
        about=row.about,
        failed_job_id=row.id,
        job_id=_next_job(row),
        replay=row.replay + 1,
    )
    return await parts.log.state(
        fact,
        fact_id=ids.derive("evt", fact.job_id, "replayed"),
        headers=trace_headers(),
        once=True,
    )


def _next_job(row: Job) -> str:
    return ids.job(row.stage, row.about, row.replay + 1)


def _to_come(row: Job) -> Job:
    """The new job, whose row is behind."""
    return Job(
        id=_next_job(row),
        tenant_id=row.tenant_id,
        project_id=row.project_id,
        stage=row.stage,
        about=row.about,
        priority=row.priority,
        replay=row.replay + 1,
        sequence=0,
        waiting_since=datetime.now(UTC),
    )


def _wanted(caller: Caller, asked: queue_schemas.DeadLetterFilter, tenant: str) -> Filter:
    return Filter(
        tenant=tenant_of(caller, tenant),
        stage=BY_QUEUE[asked.queue].name if asked.queue else None,
        project=asked.project_id,
        reason=asked.reason,
        since=asked.since,
        until=asked.until,
    )


def _view(caller: Caller, row: Job) -> DeadLetterView:
    admin = caller.role == "admin"
    return DeadLetterView(
        **views.job(row).model_dump(),
        crashes=row.crashes,
        detail=row.detail if admin else None,
        trace_id=row.trace_id if admin else None,
    )


async def _cause(parts: Parts, row: Job) -> tuple[str | None, dict[str, Any] | None]:
    """The fact that began it, from the dead letter itself: rows keep none of it."""
    found = await parts.log.last(
        StageFailed, tenant=row.tenant_id, project=row.project_id, about=row.id
    )
    if found is None or not isinstance(found.fact, StageFailed):
        return None, None
    letter = found.fact
    try:
        told = json.dumps(as_dict(decode(letter.cause_type, letter.cause)))
    except Unreadable as error:
        return letter.cause_type, {"unreadable": redact(str(error))}
    cause: dict[str, Any] = json.loads(redact(told))
    return letter.cause_type, cause
