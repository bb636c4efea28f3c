"""Nothing rots: find the jobs that nothing is going to finish, and state their cause again.

The log forgets a message silently when max_age is over, and altogether when its disk is lost. The
rows know what was promised. A job that waits, and of which the log holds nothing, is begun anew
from its rows; after three times it is given up in words. A dead letter that is replayed is such a
job: it waits, and the log holds nothing of it yet.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from google.protobuf.json_format import ParseError
from prometheus_client import Counter
from sqlmodel import and_, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import JobReplayed, StageFailed
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Job, JobState
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import Fact
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import BY_STAGE, MAINTENANCE
from clipforge_contracts.plans import Priority
from clipforge_contracts.subjects import Subject
from clipforge_contracts.validation import Invalid
from clipforge_projector.causes import cause_of, ref_of
from clipforge_runtime.bus import Contradicted, Entry, Unavailable
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.connection import ApiError

log = logging.getLogger(__name__)

RESTATED: Final = Counter(
    "clipforge_jobs_restated_total", "Jobs that the log had lost, by what became of them", ["what"]
)

EVERY_SECONDS: Final = 60.0
GRACE: Final = timedelta(minutes=5)  # rows may be behind; what is in hand shows itself by then
AT_ONCE: Final = 100  # jobs looked at in one round; the rest have their turn in the next
TIMES: Final = 3  # a job that is lost again and again is lost for a reason
GIVEN_UP: Final = (
    "The work on this film was lost several times, although it was begun anew. "
    "Submit the film again; if that does not help, tell the operator."
)


class Reconciler:
    """Rounds of reconciliation: one a minute, and one at once when there is something to replay."""

    def __init__(self, sessions: Sessions, bus: JetStream) -> None:
        self._sessions = sessions
        self._bus = bus
        self._wake = asyncio.Event()
        self._schedules = 0  # looked at up to this sequence

    def hear(self, entries: Sequence[Entry]) -> None:
        """Facts that have just become rows."""
        if any(isinstance(entry.fact, JobReplayed) for entry in entries):
            self._wake.set()

    async def work(self) -> None:
        """For ever, by the one active projector."""
        while True:
            self._wake.clear()
            try:
                await self._wake_overdue()
                mended = await reconcile(
                    self._sessions, self._bus, now=await self._bus.clock.true()
                )
                if mended >= AT_ONCE:
                    continue  # many are replayed at once: the rest need not wait for a minute
            except Unavailable as error:
                log.warning("could not look for lost jobs: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._wake.wait()

    async def _wake_overdue(self) -> None:
        woken, self._schedules = await self._bus.wake_overdue(self._schedules)
        RESTATED.labels("woken").inc(woken)


async def reconcile(sessions: Sessions, bus: JetStream, *, now: datetime) -> int:
    """Look at the jobs that have waited for long; how many were stated again or given up."""
    mended = 0
    for job in await _waiting(sessions, before=now - GRACE):
        try:
            if await _is_lost(bus, job):
                await _mend(sessions, bus, job)
                mended += 1
        except (ParseError, Invalid, ApiError) as error:
            # Rows of another version, say: those behind it must not wait for it.
            log.error("job %s of %s could not be looked after: %s", job.id, job.stage, error)
            RESTATED.labels("failed").inc()
        async with sessions.begin() as session:
            row = await _unlocked(session, job)
            if row is not None:
                row.looked_at = now
    return mended


async def _unlocked(session: AsyncSession, job: Job) -> Job | None:
    """Its row; None where it is gone, or somebody writes it: facts are being applied to it now."""
    statement = select(Job).where(Job.id == job.id).with_for_update(skip_locked=True)
    return (await session.exec(statement)).first()


async def _waiting(sessions: Sessions, *, before: datetime) -> Sequence[Job]:
    """Those that were looked at longest ago first."""
    async with sessions() as session:
        statement = (
            select(Job)
            .where(
                Job.state == JobState.WAITING,
                Job.stage != MAINTENANCE.name,  # due.py asks for it again
                or_(
                    # A replay has no message yet: that of its first is how it begins.
                    and_(col(Job.replay) > 0, col(Job.restated) == 0),
                    and_(
                        col(Job.waiting_since) < before,
                        or_(col(Job.looked_at).is_(None), col(Job.looked_at) < before),
                    ),
                ),
            )
            .order_by(col(Job.looked_at).asc().nulls_first(), col(Job.sequence))
            .limit(AT_ONCE)
        )
        return (await session.exec(statement)).all()


async def _is_lost(bus: JetStream, job: Job) -> bool:
    stage = BY_STAGE[job.stage]
    ended: tuple[tuple[type[Fact], str], ...] = (
        *((outcome, job.about) for outcome in stage.outcomes),
        (StageFailed, job.id),
    )
    for kind, about in ended:  # stated, and only not applied yet
        if await bus.last(kind, tenant=job.tenant_id, project=job.project_id, about=about):
            return False
    return not await bus.holds(stage, _due(job), job.cause_sequence)


async def _mend(sessions: Sessions, bus: JetStream, job: Job) -> None:
    async with sessions.begin() as session:
        row = await _unlocked(session, job)
        whose = await ref_of(session, job)
        if row is None or whose is None:
            return  # deleted meanwhile, or not lost after all
        cause = await cause_of(session, job)
        # Counted before it is stated: a crash between the two must not make it endless.
        row.restated += 1
        times = row.restated
    if cause is None or times > TIMES:
        await _give_up(bus, job, whose)
        return
    # Schedules that never fired: else they might still, once the server is started anew.
    await bus.purge(subjects.schedules_of(_due(job)))
    fact_id = ids.derive("evt", job.id, "restated", times)
    await bus.state_again(_due(job), cause, fact_id=fact_id, replay=job.replay)
    if job.replay and times == 1:
        log.info("replaying job %s of %s", job.id, job.stage)
        RESTATED.labels("replayed").inc()
    else:
        log.warning("the log had lost job %s of %s: stated again", job.id, job.stage)
        RESTATED.labels("restated").inc()


async def _give_up(bus: JetStream, job: Job, whose: ProjectRef) -> None:
    failure = StageFailed(
        project=whose,
        stage=job.stage,
        job_id=job.id,
        about=job.about,
        reason="lost",
        sentence=GIVEN_UP,
        attempts=job.attempts,
        crashes=job.crashes,
    )
    try:
        await bus.state(failure, fact_id=ids.derive("evt", job.id, "lost"), once=True)
    except Contradicted:
        log.info("job %s has failed already", job.id)
    RESTATED.labels("given-up").inc()


def _due(job: Job) -> Subject:
    """Where the job's retries are delivered."""
    return Subject(
        kind="retries",
        name=job.stage,
        priority=Priority(job.priority),
        lane=Lane(job.lane),  # as much of its tenant's may be lost as lay there
        tenant=job.tenant_id,
        project=job.project_id,
        about=job.id,
    )
