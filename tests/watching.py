"""Workers in memory whose every word to the log is watched, and judged where it is said."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.facts import Fact, project_of
from clipforge_contracts.pipeline import Attempts
from clipforge_contracts.plans import Plan
from clipforge_contracts.subjects import Subject
from clipforge_runtime.bus import Headers, Progress, Stated, Unavailable
from clipforge_runtime.jetstream.seats import Seat
from clipforge_runtime.limits import Limits
from clipforge_runtime.strain import LIGHTEST
from clipforge_runtime.testing import MemoryDelivery, MemoryQueue
from clipforge_runtime.worker import Worker

ENDS: Final = (facts.VideoImported, facts.StageFailed, facts.ProjectCancelled)


@dataclass
class Witness:
    """Sees all that is said to a queue of imports; `broken` are the promises that were broken."""

    queue: MemoryQueue
    broken: list[str] = field(default_factory=list[str])
    holders: defaultdict[int, list["Wire"]] = field(default_factory=lambda: defaultdict(list))

    def hands_over(self, delivery: MemoryDelivery, to: "Wire") -> None:
        """A message comes again only where a process that had it was lost."""
        before = self.holders[delivery.sequence]
        if before and not any(wire.dead or wire.was_frozen for wire in before):
            self.broken.append(f"{delivery.subject} came again, though nobody was lost")
        before.append(to)
        to.handed[delivery.sequence].add(delivery.deliveries)

    def ends(self, project: str) -> list[type[Fact]]:
        """How a project's import has ended, in order."""
        return [
            type(fact)
            for fact in self.queue.facts
            if isinstance(fact, ENDS) and project_of(fact).project_id == project
        ]

    def begins(self, cause: facts.ProjectSubmitted, worker: str) -> None:
        job = self.queue.stage.job(cause)
        if others := [run.owner for run in self.queue.reports.get(job, ()) if run.owner != worker]:
            self.broken.append(f"{worker} began {cause.title} beside {others}")
        if facts.ProjectCancelled in self.ends(cause.project.project_id):
            self.broken.append(f"{cause.title} began after it was cancelled")

    def is_acknowledged(self, delivery: MemoryDelivery) -> None:
        """Its end must stand in the log by now, or what will bring it to a worker again."""
        fact = delivery.entry.fact
        assert isinstance(fact, facts.ProjectSubmitted)
        follows = any(
            entry.fact == fact and entry.sequence > delivery.sequence
            for entry in self.queue.unsettled
        )
        if not follows and not self.ends(fact.project.project_id):
            self.broken.append(f"{fact.title} was acknowledged, and nothing follows")

    def comes_again(
        self, kind: str, sequence: int, handed: set[int], headers: Headers, at: datetime | None
    ) -> None:
        """A failure costs one attempt and nothing else does; deliveries that were lost are crashes.

        `handed`: which hand-over of the message this process had, from 1.
        """
        settled = self.queue.entries[sequence - 1]
        assert isinstance(settled.fact, facts.ProjectSubmitted)
        (tried, crashed), (tries, crashes) = _counted(settled.headers), _counted(headers)
        if tries - tried != (kind == "retry"):
            self.broken.append(f"{kind}: attempts went from {tried} to {tries}")
        if crashes - crashed + 1 not in handed:
            self.broken.append(f"crashes went from {crashed} to {crashes}; handed over: {handed}")
        policy = self._policy(settled.fact)
        if kind == "retry" and at is not None:
            longest = min(policy.first * 2 ** (tries - 1), policy.cap) + timedelta(seconds=1)
            if tries >= policy.limit or at - datetime.now(UTC) > longest:
                self.broken.append(f"attempt {tries} is followed by one at {at}")

    def is_stated(self, fact: Fact, *, once: bool) -> None:
        if not once:
            self.broken.append(f"{type(fact).__name__} was stated, and not once")
        if isinstance(fact, facts.StageFailed) and not self._is_time_to_give_up(fact):
            self.broken.append(f"given up too soon or too late: {fact}")

    def _is_time_to_give_up(self, failure: facts.StageFailed) -> bool:
        policy = self._policy(failure)
        match failure.reason:
            case "crashed":
                return failure.crashes > policy.crashes
            case "exhausted" | "internal":  # or it was too much, at its lightest
                lightest = failure.attempts - 1 + failure.crashes >= LIGHTEST
                return failure.attempts == policy.limit or lightest
        return failure.attempts <= policy.limit

    def _policy(self, fact: Fact) -> Attempts:
        return self.queue.stage.attempts_of(Plan.read(project_of(fact).plan))


@dataclass
class Wire:
    """The queue as one process holds it, until the process dies."""

    witness: Witness
    dead: bool = False
    frozen: bool = False  # its signs of life are not heard: as stopped for longer than a lease
    was_frozen: bool = False
    handed: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set[int]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.queue, name)

    @property
    def queue(self) -> MemoryQueue:
        if self.dead:
            raise Unavailable("the process is dead")
        return self.witness.queue

    async def state(self, fact: Fact, *, once: bool, **said: Any) -> Stated:
        queue = self.queue
        self.witness.is_stated(fact, once=once)
        return await queue.state(fact, once=once, **said)

    async def again(
        self,
        due: Subject,
        body: bytes,
        *,
        message_id: str,
        headers: Headers,
        at: datetime | None = None,
        **said: Any,
    ) -> None:
        queue = self.queue
        *_, sequence, kind = message_id.split(":")
        handed = self.handed[int(sequence)]
        self.witness.comes_again(kind, int(sequence), handed, headers, at)
        await queue.again(due, body, message_id=message_id, headers=headers, at=at, **said)

    async def put_progress(self, report: Progress) -> None:
        queue = self.queue
        if not self.frozen:
            await queue.put_progress(report)

    async def keep_seat(self, seat: Seat) -> None:
        queue = self.queue
        if not self.frozen:
            await queue.keep_seat(seat)


@dataclass(frozen=True)
class Handed:
    """A delivery to one process."""

    wire: Wire
    delivery: MemoryDelivery

    def __getattr__(self, name: str) -> Any:
        return getattr(self.delivery, name)

    async def ack(self) -> None:
        _ = self.wire.queue
        self.wire.witness.is_acknowledged(self.delivery)
        await self.delivery.ack()

    async def in_progress(self) -> None:
        _ = self.wire.queue
        if not self.wire.frozen:
            await self.delivery.in_progress()


@dataclass
class Process:
    """A worker of its own, what it does at the moment, and the calls of its handler."""

    witness: Witness
    limits: Limits
    end: Callable[[str, facts.ProjectSubmitted], Awaitable[Fact]]  # what a handler does in the end
    eager: bool = False  # every call is `done` at once
    calls: list["asyncio.Future[str]"] = field(default_factory=list["asyncio.Future[str]"])
    lives: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    def __post_init__(self) -> None:
        self.wire = Wire(self.witness)
        bus: Any = self.wire
        self.worker = Worker(
            stage=self.witness.queue.stage, handler=self._handle, bus=bus, limits=self.limits
        )

    def take(self, *, hand_back: bool = False) -> None:
        """Take what waits for longest, and live its life or hand it back."""
        delivery = self.witness.queue.take()
        if delivery is None:
            return
        self.witness.hands_over(delivery, self.wire)
        handed: Any = Handed(self.wire, delivery)
        life = self.worker.hand_back(handed) if hand_back else self.worker.live(handed)
        self._begin(life)

    async def die(self) -> None:
        """Nothing more of it reaches the log."""
        self.wire.dead = True
        lives = list(self.lives)
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)

    def _begin(self, life: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(life)
        self.lives.add(task)
        task.add_done_callback(self.lives.discard)

    async def _handle(self, cause: facts.ProjectSubmitted) -> Fact:
        self.witness.begins(cause, self.worker.owner)
        call: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if self.eager:
            call.set_result("done")
        self.calls.append(call)
        try:
            deed = await call
        finally:
            self.calls.remove(call)
        return await self.end(deed, cause)


def _counted(headers: Headers) -> tuple[int, int]:
    """Attempts that failed, and crashes, as a message tells them."""
    return int(headers.get("cf-attempt", "0")), int(headers.get("cf-crashes", "0"))
