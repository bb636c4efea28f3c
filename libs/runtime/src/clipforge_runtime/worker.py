"""The life of one delivery: decode, handle, publish, acknowledge.

This file is the only place that settles a delivery. The order matters: what follows is published
before the cause is acknowledged, so a crash between the two repeats the work and never loses it.
Repeating is harmless because object keys and fact ids follow from the cause.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import uuid4

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import StageFailed
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import Fact, Unreadable, project_of
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Plan
from clipforge_runtime import progress, telemetry
from clipforge_runtime.bus import Contradicted, Delivery, Unavailable
from clipforge_runtime.cause import Cause
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.jetstream.log import JetStream
from clipforge_runtime.retry import backoff
from clipforge_runtime.running import Running
from clipforge_runtime.wanted import Wanted

log = logging.getLogger(__name__)

Facts = Fact | Sequence[Fact] | None
Handler = Callable[[Any], Awaitable[Facts]]
T = TypeVar("T")

PATIENCE: Final = timedelta(seconds=60)  # with a log that does not answer, before leaving it be
KEPT_BYTES: Final = 32 * 1024  # of an unreadable message; a fact has at most 64 KB
DRAIN_SHARE: Final = 0.6  # of the grace period for finishing; the rest is for handing back


class Worker:
    """Feeds the deliveries of one stage to one handler."""

    def __init__(
        self,
        *,
        stage: Stage,
        handler: Handler,
        bus: JetStream,
        concurrency: int,
        grace: timedelta = timedelta(seconds=25),
    ) -> None:
        self._stage = stage
        self._handler = handler
        self._bus = bus
        self._concurrency = concurrency
        self._grace = grace.total_seconds()
        self._wanted = Wanted(bus, stage)
        self._running: dict[tuple[str, int | None], Running] = {}
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish or hand back what is in hand."""
        telemetry.SLOTS.labels(self._stage.name).set(self._concurrency)
        slots = asyncio.Semaphore(self._concurrency)
        lives: set[asyncio.Task[None]] = set()
        async with self._bus.pulls(self._stage) as pulls, self._wanted.listen(self._drop):
            while await _unless(stop, slots.acquire()):
                delivery = await _unless(stop, pulls.next())
                if not delivery:
                    break
                life = asyncio.create_task(self._live(delivery))
                lives.add(life)
                life.add_done_callback(lives.discard)
                life.add_done_callback(lambda _: slots.release())
                if len(lives) >= self._concurrency:
                    for late in pulls.surplus():
                        await self._hand_back(late)
            await self._drain(lives)
            for late in pulls.surplus():
                await self._hand_back(late)

    async def _live(self, delivery: Delivery) -> None:
        """One delivery from its arrival to its settlement."""
        try:
            cause = Cause.read(self._stage, delivery)
        except ValueError as error:  # Unreadable, or a subject that is none
            await self._keep_unreadable(delivery, error)
            return
        if running := self._running.get((cause.job, cause.part)):
            running.adopt(delivery)
            return
        with telemetry.observe(self._stage.name, delivery.headers, cause.log_fields) as outcome:
            try:
                outcome.word = await self._settle(cause)
            except Unavailable as error:
                # Unsettled, so the log hands it over again when the lease ends.
                log.error("the log is away, leaving the delivery to its lease: %s", error)
                outcome.word = "abandoned"
            except Exception:  # a bug of ours must cost neither the delivery nor the worker
                log.exception("left the delivery to its lease")
                outcome.word = "abandoned"

    async def _settle(self, cause: Cause) -> str:
        """Do what has to be done; how it ended, in a word."""
        if await _patiently(lambda: self._wanted.over(cause)):
            await cause.delivery.ack()
            return "skipped"
        if cause.crashes > cause.policy.crashes:
            sentence = f"This film made the {self._stage.name} service crash {cause.crashes} times."
            return await self._fail(cause, [cause.delivery], Permanent(sentence, reason="crashed"))
        if not await self._is_ours(cause):
            await cause.delivery.ack()
            return "skipped"

        running = Running(cause, self._bus, self.owner)
        self._running[cause.job, cause.part] = running
        try:
            async with running.alive(self._wanted.unwanted):
                return await self._handle(cause, running)
        finally:
            del self._running[cause.job, cause.part]

    async def _is_ours(self, cause: Cause) -> bool:
        """Wait while another worker shows signs of life for it; False once it has finished."""
        while True:
            other = await _patiently(lambda: self._bus.running(cause.job, cause.part))
            if other is None or other.owner == self.owner:
                return True
            log.info("waiting: %s runs this job", other.owner)
            await cause.delivery.in_progress()
            # The key expires by itself or is deleted; nothing announces either.
            await asyncio.sleep(1)
            if await _patiently(lambda: self._wanted.over(cause)):
                return False

    async def _handle(self, cause: Cause, running: Running) -> str:
        token = progress.reporter.set(running.report)
        work = asyncio.create_task(self._work(cause.fact))
        progress.reporter.reset(token)
        stopped = asyncio.create_task(running.stopped())
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
            facts = work.result()
        except asyncio.CancelledError:
            if running.why is None:
                raise
            return await self._stopped_early(cause, running)
        except Exception as error:
            return await self._failed(cause, running, error)
        finally:
            stopped.cancel()
        await self._state(cause, facts)
        await running.ack()
        return "completed"

    async def _work(self, fact: Fact) -> Facts:
        return await self._handler(fact)

    async def _state(self, cause: Cause, facts: Facts) -> None:
        """State what follows. The outcome comes last: once it stands, nothing is done again."""
        stated = () if facts is None else facts if isinstance(facts, Sequence) else (facts,)
        numbered = [(fact, cause.fact_id_of(fact, n)) for n, fact in enumerate(stated)]
        numbered.sort(key=lambda pair: isinstance(pair[0], self._stage.outcome))
        for fact, fact_id in numbered:
            try:
                await self._bus.state(
                    fact,
                    fact_id=fact_id,
                    headers=telemetry.trace_headers(),
                    once=not self._stage.is_part(fact),
                )
            except Contradicted as error:
                log.info("somebody else was first: %s", error)

    async def _stopped_early(self, cause: Cause, running: Running) -> str:
        match running.why:
            case "drained":
                for delivery in running.deliveries:
                    await self._hand_back(delivery)
                return "handed-back"
            case "cancelled":
                await running.ack()
                return "cancelled"
            case _:
                limit = self._stage.stall.total_seconds()
                stuck = Transient(f"The {self._stage.name} made no progress for {limit:g} seconds.")
                return await self._failed(cause, running, stuck)

    async def _failed(self, cause: Cause, running: Running, error: Exception) -> str:
        permanent = isinstance(error, Permanent)
        if permanent or cause.attempt >= cause.policy.limit:
            return await self._fail(cause, running.deliveries, error)
        delay = backoff(cause.policy, cause.attempt)
        log.warning("attempt %d failed, again in %s", cause.attempt, delay, exc_info=error)
        await self._bus.again(
            cause.retry_subject,
            cause.delivery.data,
            message_id=cause.settle_id("retry"),
            headers=cause.headers(attempt=cause.attempt, crashes=cause.crashes),
            at=datetime.now(UTC) + delay,
            sequence=cause.delivery.sequence,
        )
        await running.ack()
        return "retried"

    async def _fail(self, cause: Cause, deliveries: Sequence[Delivery], error: Exception) -> str:
        """State the dead letter, then acknowledge."""
        log.error("gave up: %s", error, exc_info=error)
        reason, sentence, detail = _explain(error)
        await self._state_failure(
            cause.delivery,
            StageFailed(
                project=project_of(cause.fact),
                stage=self._stage.name,
                job_id=cause.job,
                about=self._stage.job_about(cause.fact),
                reason=reason,
                sentence=sentence,
                detail=detail[:2000],
                attempts=cause.attempt,
                crashes=cause.crashes,
                cause_id=cause.fact_id,
            ),
            cause.settle_id("failed"),
        )
        for delivery in deliveries:
            await delivery.ack()
        return "failed"

    async def _keep_unreadable(self, delivery: Delivery, error: Exception) -> None:
        """Keep the raw bytes as a dead letter; never let them come back."""
        log.error("unreadable message %d: %s", delivery.sequence, error)
        try:
            subject = subjects.parse(delivery.subject)
        except ValueError:
            await delivery.ack()
            return
        settle_id = f"{self._stage.name}:{delivery.stream}:{delivery.sequence}:failed"
        failure = StageFailed(
            project=ProjectRef(
                tenant_id=subject.tenant, project_id=subject.project, plan=Plan.FREE.wire
            ),
            stage=self._stage.name,
            job_id=ids.derive("job", settle_id),
            about=subject.about,
            reason="unreadable",
            sentence="An internal message could not be read. Please tell the operator.",
            detail=str(error)[:2000],
        )
        await self._state_failure(delivery, failure, settle_id)
        await delivery.ack()
        telemetry.DELIVERIES.labels(self._stage.name, "unreadable").inc()

    async def _state_failure(
        self, delivery: Delivery, failure: StageFailed, settle_id: str
    ) -> None:
        failure.cause_type = delivery.headers.get("ce-type", "")
        failure.cause = delivery.data[:KEPT_BYTES]
        failure.cause_sequence = delivery.sequence
        failure.trace_id = telemetry.trace_id()
        with contextlib.suppress(Contradicted):  # another part of the job has failed before
            await self._bus.state(
                failure,
                fact_id=ids.derive("evt", settle_id),
                headers=telemetry.trace_headers(),
                once=True,
            )

    async def _hand_back(self, delivery: Delivery) -> None:
        """Give it to whoever is free: an immediate retry that counts neither as error nor crash."""
        try:
            cause = Cause.read(self._stage, delivery)
        except Unreadable as error:
            await self._keep_unreadable(delivery, error)
            return
        await self._bus.again(
            cause.retry_subject,
            delivery.data,
            message_id=cause.settle_id("handback"),
            headers=cause.headers(attempt=cause.attempt - 1, crashes=cause.crashes),
        )
        await delivery.ack()

    async def _drain(self, lives: set[asyncio.Task[None]]) -> None:
        if not lives:
            return
        log.info("stopping: finishing %d deliveries", len(lives))
        _, left = await asyncio.wait(lives, timeout=self._grace * DRAIN_SHARE)
        for running in list(self._running.values()):
            running.stop("drained")
        if left:
            _, stuck = await asyncio.wait(left, timeout=self._grace * (1 - DRAIN_SHARE))
            for life in stuck:
                life.cancel()

    def _drop(self, project: str, export: str) -> None:
        """Stop what runs for a project, or for one export, that nobody wants any more."""
        for running in self._running.values():
            about = self._stage.job_about(running.cause.fact)
            if about == export or (not export and running.progress.project == project):
                running.stop("cancelled")


def _explain(error: Exception) -> tuple[str, str, str]:
    """Reason code, sentence for the user, detail for the operator."""
    match error:
        case Permanent():
            return error.reason, str(error), error.detail or repr(error.__cause__ or error)
        case Transient():
            return "exhausted", str(error), repr(error.__cause__ or error)
        case _:
            return (
                "internal",
                "Something went wrong inside ClipForge. It was tried again.",
                repr(error),
            )


async def _unless(stop: asyncio.Event, work: Awaitable[T]) -> T | None:
    """What `work` gives, or None once `stop` is set."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set() and not working.done():
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
            return None
        return working.result()
    finally:
        stopping.cancel()


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Ask the log, and ask again while it is away: an outage is no crash of ours."""
    deadline = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
    while True:
        try:
            return await call()
        except Unavailable:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.5)  # between two tries; nothing announces the log's return
