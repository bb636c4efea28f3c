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
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from clipforge.v1.facts_pb2 import StageFailed
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact
from clipforge_contracts.lanes import lane_of_next
from clipforge_contracts.pipeline import Stage
from clipforge_runtime import dead_letter, progress, strain, telemetry
from clipforge_runtime.bus import Contradicted, Delivery, Unavailable
from clipforge_runtime.cause import Cause
from clipforge_runtime.errors import Overloaded, Permanent, Transient
from clipforge_runtime.jetstream.log import JetStream
from clipforge_runtime.jetstream.seats import Seat
from clipforge_runtime.limits import Limits, deferral, together
from clipforge_runtime.patience import patiently
from clipforge_runtime.retry import wait
from clipforge_runtime.running import Running
from clipforge_runtime.storage import NotFound
from clipforge_runtime.strain import LIGHTEST
from clipforge_runtime.wanted import Wanted

log = logging.getLogger(__name__)

Facts = Fact | Sequence[Fact] | None
Handler = Callable[[Any], Awaitable[Facts]]

UNWIND_SECONDS: Final = 5.0  # for a handler that is stopped: children killed, scratch removed


class Worker:
    """Brings deliveries of one stage to one handler, and settles them."""

    def __init__(
        self, *, stage: Stage, handler: Handler, bus: JetStream, limits: Limits | None = None
    ) -> None:
        self.stage = stage
        self.bus = bus
        self._limits = limits or Limits()
        self.wanted = Wanted(bus, stage)
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self._handler = handler
        self._running: dict[tuple[str, int | None], Running] = {}
        self._stopping = False

    async def live(self, delivery: Delivery) -> None:
        """One delivery from its arrival to its settlement. Never raises, whatever happens."""
        await self._or_leave_it(self._live(delivery))

    async def hand_back(self, delivery: Delivery) -> None:
        """Give it to whoever is free: an immediate retry that counts neither as error nor crash."""
        await self._or_leave_it(self._hand_back(delivery))

    @property
    def running(self) -> tuple[Running, ...]:
        """The jobs, and parts of jobs, that run in this process."""
        return tuple(self._running.values())

    def stop(self) -> None:
        """Hand back what waits to be started, from now on."""
        self._stopping = True

    def stop_running(self) -> None:
        """Stop what runs, and hand it back."""
        for running in self.running:
            running.stop("drained")

    def drop(self, project: str, export: str) -> None:
        """Stop what runs for a project, or for one export, that nobody wants any more."""
        for running in self.running:
            about = self.stage.job_about(running.cause.fact)
            if about == export or (not export and running.progress.project == project):
                running.stop("cancelled")

    async def _or_leave_it(self, life: Awaitable[None]) -> None:
        """What cannot be settled is handed over again by the log when the lease ends."""
        try:
            await life
        except Unavailable as error:
            log.error("the log is away, leaving the delivery to its lease: %s", error)
        except Exception:  # a bug of ours must cost neither the delivery nor the worker
            log.exception("left the delivery to its lease")

    async def _live(self, delivery: Delivery) -> None:
        try:
            cause = Cause.read(self.stage, delivery)
        except ValueError as error:
            await self._keep_unreadable(delivery, error)
            return
        if await self._adopted(cause):
            return
        subject = cause.subject
        telemetry.fetched(self.stage.name, subject.priority, subject.lane).inc()
        with telemetry.observe(self.stage.name, delivery.headers, cause.log_fields) as outcome:
            outcome.word = "abandoned"  # unless it is settled
            outcome.word = await self._settle(cause)

    async def _adopted(self, cause: Cause) -> bool:
        """Whether what runs here settles this delivery, too.

        After an outage longer than the lease the log hands over again what runs.
        """
        while running := self._running.get((cause.job, cause.part)):
            if running.adopt(cause):
                return True
            await running.gone.wait()  # its settlement has begun: nothing joins it any more
            if running.settled and cause.delivery.sequence in running.sequences:
                await cause.delivery.ack()
                return True
        return False

    async def _settle(self, cause: Cause) -> str:
        """Do what has to be done; how it ended, in a word."""
        fresh = self.wanted.is_fresh(cause)
        if not fresh and await patiently(lambda: self.wanted.over(cause)):
            await cause.delivery.ack()
            return "skipped"
        if cause.crashes > cause.policy.crashes:
            sentence = f"This film made the {self.stage.name} service crash {cause.crashes} times."
            return await self._fail(cause, [cause.delivery], Permanent(sentence, reason="crashed"))
        whose, cause = ("ours", cause) if cause.is_first else await self._whose(cause)
        match whose:
            case "done":
                await cause.delivery.ack()
                return "skipped"
            case "not-now":
                await self._again(cause, [cause.delivery])
                return "handed-back"
        if await self._adopted(cause):
            return "adopted"
        seats = await patiently(lambda: self._seats(cause))
        if isinstance(seats, timedelta):
            return await self._defer(cause, seats)
        if await self._adopted(cause):  # the same, come twice, while both were looked up
            await self._leave(seats)
            return "adopted"
        running = Running(cause, self.bus, self.owner, seats)
        self._running[cause.job, cause.part] = running
        try:
            async with running.alive(self.wanted.unwanted):
                return await self._run(cause, running)
        finally:
            del self._running[cause.job, cause.part]
            running.gone.set()

    async def _seats(self, cause: Cause) -> tuple[Seat, ...] | timedelta:
        """One for each who is limited; where one of them has no more, how long to wait for it."""
        group, limit = self.stage.group_of(cause.fact), self._limits.of_plan(cause.plan)
        wanted = [(group, 1, together())] if group else []
        if limit is not None:
            wanted += [
                (who, max(1, int(limit * share)), deferral(cause.deferrals))
                for who, share in self.stage.limited(cause.fact)
            ]
        seats: list[Seat] = []
        for who, number, pause in wanted:
            seat = await self.bus.take_seat(self.stage, who, limit=number, owner=self.owner)
            if seat is None:
                await self._leave(seats)
                return pause
            seats.append(seat)
        return tuple(seats)

    async def _leave(self, seats: Sequence[Seat]) -> None:
        for seat in seats:
            await self.bus.leave_seat(seat)

    async def _defer(self, cause: Cause, pause: timedelta) -> str:
        """So many run that it has to wait: outside, where it holds no slot."""
        await self.bus.again(
            cause.retry_subject,
            cause.delivery.data,
            message_id=cause.settle_id("deferred"),
            headers=cause.headers(attempt=cause.attempt - 1, deferrals=cause.deferrals + 1),
            at=datetime.now(UTC) + pause,
            sequence=cause.delivery.sequence,
            deferred=True,
        )
        await cause.delivery.ack()
        return "deferred"

    async def _whose(self, cause: Cause) -> tuple[str, Cause]:
        """Wait while another worker shows signs of life for it; `ours`, `done` or `not-now`.

        And the cause, which knows then how far that one has come.
        """
        furthest = cause.furthest
        while not self._stopping:
            other = await patiently(lambda: self.bus.running(cause.job, cause.part))
            if other is not None:
                furthest = max(furthest, other.furthest, other.percent)
            if other is None or other.owner == self.owner:
                return "ours", replace(cause, furthest=furthest)
            log.info("waiting: %s runs this job", other.owner)
            await cause.delivery.in_progress()
            # The key expires by itself or is deleted; nothing announces either.
            await asyncio.sleep(1)
            if await patiently(lambda: self.wanted.over(cause)):
                return "done", cause
        return "not-now", cause

    async def _run(self, cause: Cause, running: Running) -> str:
        """Run the handler until it ends or is stopped, and settle what became of it."""
        work = asyncio.create_task(self._work(cause, running))
        try:
            await running.over(work)
            if not work.done():
                work.cancel()
                await asyncio.wait((work,), timeout=UNWIND_SECONDS)
        finally:
            work.cancel()
        running.close()
        if not work.done():
            log.error("the handler does not let go: going on without it")
            return await self._stopped_early(running)
        if work.cancelled():
            return await self._stopped_early(running)
        if error := work.exception():
            if running.why:  # whatever went wrong while it unwound
                return await self._stopped_early(running)
            return await self._failed(running, error)
        if running.why == "cancelled":
            return await self._stopped_early(running)
        try:
            await self._state(cause, running, work.result())
        except Unavailable:
            raise
        except Exception as error:  # a fact that breaks a rule, for one
            return await self._failed(running, error)
        await running.ack()
        return "completed"

    async def _work(self, cause: Cause, running: Running) -> Facts:
        progress.reporter.set(running.report)  # in the context of this task alone
        strain.current.set(cause.strain)
        return await self._handler(cause.fact)

    async def _state(self, cause: Cause, running: Running, facts: Facts) -> None:
        """State what follows. The outcome comes last: once it stands, nothing is done again."""
        stated = () if facts is None else facts if isinstance(facts, Sequence) else (facts,)
        if strangers := [type(fact) for fact in stated if not isinstance(fact, self.stage.states)]:
            raise TypeError(f"{self.stage.name} does not state {strangers}")
        numbered = [(n, fact, cause.fact_id_of(fact, n)) for n, fact in enumerate(stated)]
        numbered.sort(key=lambda each: isinstance(each[1], self.stage.outcomes))
        counted = {
            "cf-attempt": str(cause.attempt),
            "cf-crashes": str(cause.crashes),
            "cf-began": cause.began(running.began),
        }
        for n, fact, fact_id in numbered:
            part = self.stage.is_part(fact)
            # A part belongs to the job that cut it; an outcome begins another stage's first job.
            replay = {"cf-replay": str(cause.replay)} if part and cause.replay else {}
            try:
                await self.bus.state(
                    fact,
                    fact_id=fact_id,
                    lane=lane_of_next(cause.subject.lane, n),
                    headers={**telemetry.trace_headers(), **counted, **replay},
                    once=not part,
                )
            except Contradicted as error:
                log.info("somebody else was first: %s", error)

    async def _stopped_early(self, running: Running) -> str:
        match running.why:
            case "drained":
                await self._again(running.newest, running.deliveries)
                running.settled = True
                return "handed-back"
            case "cancelled":
                await running.ack()
                return "cancelled"
            case "stalled":
                limit = self.stage.stall.total_seconds()
                stuck = Overloaded(f"The {self.stage.name} made no progress for {limit:g} seconds.")
                return await self._failed(running, stuck)
            case None:
                unasked = RuntimeError("the handler was cancelled, though nobody asked for it")
                return await self._failed(running, unasked)

    async def _failed(self, running: Running, error: BaseException) -> str:
        cause = running.newest
        too_much = isinstance(error, Overloaded)
        # The store reads what was written: what it has not now, it will not have later.
        hopeless = isinstance(error, Permanent | NotFound)
        hopeless = hopeless or (too_much and cause.strain >= LIGHTEST)
        if hopeless or cause.attempt >= cause.policy.limit:
            await self._tell(cause, error, next_at=None)
            word = await self._fail(cause, running.deliveries, error)
            running.settled = True
            return word
        after = error.after if isinstance(error, Transient) else timedelta(0)
        delay = wait(cause.policy, cause.attempt, after=after)
        next_at = datetime.now(UTC) + delay
        await self._tell(cause, error, next_at=next_at)
        log.warning("attempt %d failed, again in %s", cause.attempt, delay, exc_info=error)
        await self.bus.again(
            cause.retry_subject,
            cause.delivery.data,
            message_id=cause.settle_id("retry"),
            headers=cause.headers(attempt=cause.attempt, overloads=cause.overloads + too_much),
            at=next_at,
            sequence=cause.delivery.sequence,
        )
        await running.ack()
        return "retried"

    async def _tell(self, cause: Cause, error: BaseException, *, next_at: datetime | None) -> None:
        """State what the handler wants to be known of an attempt that failed."""
        if not isinstance(error, Transient | Permanent):
            return
        for n, fact in enumerate(error.told(cause.attempt, next_at)):
            if not isinstance(fact, self.stage.states):
                raise TypeError(f"{self.stage.name} does not state {type(fact)}")
            await self.bus.state(
                fact,
                fact_id=cause.told_id_of(fact, n),
                lane=cause.subject.lane,
                headers=telemetry.trace_headers(),
            )

    async def _fail(
        self, cause: Cause, deliveries: Sequence[Delivery], error: BaseException
    ) -> str:
        """State the dead letter, then acknowledge."""
        log.error("gave up: %s", error, exc_info=error)
        await self._state_failure(dead_letter.of(cause, error), cause.settle_id("failed"))
        for delivery in deliveries:
            await delivery.ack()
        return "failed"

    async def _keep_unreadable(self, delivery: Delivery, error: Exception) -> None:
        """Keep the raw bytes as a dead letter; never let them come back."""
        log.error("unreadable message %d: %s", delivery.sequence, error)
        settle_id = f"{self.stage.name}:{delivery.stream}:{delivery.sequence}:failed"
        failure = dead_letter.of_unreadable(
            self.stage, delivery, error, ids.derive("job", settle_id)
        )
        await self._state_failure(failure, settle_id)
        await delivery.ack()
        telemetry.DELIVERIES.labels(self.stage.name, "unreadable").inc()

    async def _state_failure(self, failure: StageFailed, settle_id: str) -> None:
        failure.trace_id = telemetry.trace_id()
        with contextlib.suppress(Contradicted):  # another part of the job has failed before
            await self.bus.state(
                failure,
                fact_id=ids.derive("evt", settle_id),
                headers=telemetry.trace_headers(),
                once=True,
            )

    async def _hand_back(self, delivery: Delivery) -> None:
        try:
            cause = Cause.read(self.stage, delivery)
        except ValueError as error:
            await self._keep_unreadable(delivery, error)
            return
        running = self._running.get((cause.job, cause.part))
        if running is None or not running.adopt(cause):
            await self._again(cause, [delivery])

    async def _again(self, cause: Cause, deliveries: Sequence[Delivery]) -> None:
        await self.bus.again(
            cause.retry_subject,
            cause.delivery.data,
            message_id=cause.settle_id("handback"),
            headers=cause.headers(attempt=cause.attempt - 1),
        )
        for delivery in deliveries:
            await delivery.ack()
