"""A job that runs in this process: its heartbeat, its progress, and why it is stopped early."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from clipforge_contracts.facts import project_of
from clipforge_runtime.bus import Delivery, Progress, Unavailable
from clipforge_runtime.cause import Cause
from clipforge_runtime.jetstream.connection import ApiError
from clipforge_runtime.jetstream.log import JetStream
from clipforge_runtime.jetstream.seats import Seat

log = logging.getLogger(__name__)

BEATS_A_LEASE: Final = 3  # two may be lost
FIRST_BEAT_SECONDS: Final = 0.2  # then it is shown as running
REPORT_SECONDS: Final = 0.5  # between two looks at what nobody has told
PAUSE_SECONDS: Final = 0.5  # after each write of progress: at most two a second

Why = Literal["cancelled", "stalled", "drained"]


@dataclass
class Running:
    """One job, or one part, in this process."""

    cause: Cause
    bus: JetStream
    owner: str
    deliveries: list[Delivery] = field(init=False)
    seats: tuple[Seat, ...] = ()
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    why: Why | None = None
    settled: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _newest: Cause = field(init=False)
    _open: bool = True
    _percent: float = 0.0
    _step: str = "starting"
    _said: tuple[float, str] = (-1.0, "")
    _sign: float = 0.0
    _on_stop: Callable[[], None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _told: bool = False  # that there is news

    def __post_init__(self) -> None:
        self.deliveries = [self.cause.delivery]
        self._newest = self.cause
        self._loop = asyncio.get_running_loop()
        self._sign = self._loop.time()

    def report(self, percent: float, step: str) -> None:
        """See progress.Report. Called from threads, too: it sets numbers, and wakes the heart."""
        self._percent = max(self._percent, min(percent, 100.0))
        self._step = step
        self._sign = self._loop.time()
        if not self._told:
            self._told = True
            with contextlib.suppress(RuntimeError):  # the loop is gone, and a thread works on
                self._loop.call_soon_threadsafe(self._news.set)

    def adopt(self, cause: Cause) -> bool:
        """Settle this one, too: the same job, handed over again. False once settling has begun."""
        if self._open:
            self.deliveries.append(cause.delivery)
            # Somebody else has settled the first by this one: a retry of the first would be the
            # same message again, which the log does not store twice.
            if cause.delivery.sequence > self._newest.delivery.sequence:
                self._newest = cause
        return self._open

    def close(self) -> None:
        """Settling begins: a retry of it may come now, and must not be taken for a repetition."""
        self._open = False

    @property
    def newest(self) -> Cause:
        """Of those that it settles, which may be a retry of the first; as far as it has come."""
        furthest = max(self.cause.furthest, self._newest.furthest, self._percent)
        return replace(self._newest, furthest=furthest)

    @property
    def sequences(self) -> set[int]:
        """The messages of the log that it settles."""
        return {delivery.sequence for delivery in self.deliveries}

    def stop(self, why: Why) -> None:
        """End it early. The first reason counts."""
        if self.why is None:
            self.why = why
            if self._on_stop is not None:
                self._on_stop()

    async def over(self, work: "asyncio.Task[Any]") -> None:
        """Return when its work has ended, or somebody wants it to end early."""
        over = self._loop.create_future()

        def end(_: object = None) -> None:
            if not over.done():
                over.set_result(None)

        work.add_done_callback(end)
        self._on_stop = end
        if self.why is None:
            await over

    async def ack(self) -> None:
        """Settle every delivery of it."""
        for delivery in self.deliveries:
            await delivery.ack()
        self.settled = True

    @property
    def progress(self) -> Progress:
        """Its run key."""
        project = project_of(self.cause.fact)
        return Progress(
            job=self.cause.job,
            owner=self.owner,
            attempt=self.cause.attempt,
            percent=round(self._percent, 1),
            step=self._step,
            part=self.cause.part,
            parts=self.cause.parts,
            tenant=project.tenant_id,
            project=project.project_id,
            furthest=round(self.cause.furthest, 1),
        )

    @asynccontextmanager
    async def alive(self, unwanted: Callable[[Cause], Awaitable[bool]]) -> AsyncGenerator[None]:
        """Keep lease and run key while the body runs; stop it when it is unwanted or stuck.

        What is over sooner than the first beat has neither heart nor key: nobody misses them.
        """
        hearts: list[asyncio.Task[None]] = []
        first = self._loop.call_later(
            FIRST_BEAT_SECONDS, lambda: hearts.append(asyncio.create_task(self._beat(unwanted)))
        )
        try:
            yield
        finally:
            first.cancel()
            for heart in hearts:
                heart.cancel()
            await asyncio.gather(*hearts, return_exceptions=True)
            with contextlib.suppress(Unavailable):
                if hearts:
                    await self.bus.delete_progress(self.progress)
                for seat in self.seats:
                    await self.bus.leave_seat(seat)

    async def _beat(self, unwanted: Callable[[Cause], Awaitable[bool]]) -> None:
        beat_seconds = self.cause.stage.lease.total_seconds() / BEATS_A_LEASE
        next_beat = self._loop.time() + beat_seconds
        told = True  # a pause follows each write, and each sign of life
        while True:
            now = self._loop.time()
            if now - self._sign > self.cause.stage.stall.total_seconds():
                self.stop("stalled")
                return
            try:
                if now >= next_beat:
                    next_beat = now + beat_seconds
                    await self._keep()
                    if await unwanted(self.cause):
                        self.stop("cancelled")
                        return
                    self._said = (-1.0, "")  # the run key is kept by being written
                if self._said != (self._percent, self._step):
                    self._said = (self._percent, self._step)
                    await self.bus.put_progress(self.progress)
                    told = True
            except (Unavailable, ApiError) as error:
                log.warning("a heartbeat was lost: %s", error)
            asleep = self._loop.time()
            if told:
                await asyncio.sleep(PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPORT_SECONDS):
                    await self._news.wait()
            told = self._news.is_set()
            self._news.clear()
            self._told = False
            # A process that was frozen could not show a sign of life meanwhile.
            frozen = self._loop.time() - asleep - PAUSE_SECONDS - REPORT_SECONDS
            self._sign += max(0.0, frozen)

    async def _keep(self) -> None:
        """Renew the leases and the seats."""
        for delivery in self.deliveries:
            await delivery.in_progress()
        for seat in self.seats:
            await self.bus.keep_seat(seat)
