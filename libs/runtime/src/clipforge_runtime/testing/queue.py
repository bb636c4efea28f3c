"""One stage's queue in memory, for tests: what its workers count on, as at the real log.

Time is that of the running loop, so that a test may let it pass as quickly as it likes.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clipforge_contracts import subjects
from clipforge_contracts.facts import decode, encode
from clipforge_contracts.pipeline import IMPORT, Stage
from clipforge_contracts.subjects import Subject
from clipforge_runtime.bus import Entry, Headers, Progress
from clipforge_runtime.jetstream.progress import EXPIRES_SECONDS
from clipforge_runtime.jetstream.seats import Seat
from clipforge_runtime.testing.bus import MemoryBus

LEFT_SECONDS = 1.0  # then a seat that was left is free


@dataclass
class MemoryQueue(MemoryBus):
    """A log as one stage's workers hold it: with deliveries, leases, schedules, keys and seats."""

    stage: Stage = IMPORT
    schedules: dict[str, Entry] = field(default_factory=dict[str, Entry])  # by their subject
    seats: dict[str, str] = field(default_factory=dict[str, str])
    _handed: Counter[int] = field(default_factory=Counter[int])
    _settled: set[int] = field(default_factory=set[int])
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict[str, asyncio.TimerHandle])

    @property
    def unsettled(self) -> list[Entry]:
        """The stage's work that nobody has acknowledged, what waits for its time included."""
        mine = (entry for entry in self.entries if self._is_work(entry))
        open_ = [entry for entry in mine if entry.sequence not in self._settled]
        return [*open_, *self.schedules.values()]

    def take(self) -> "MemoryDelivery | None":
        """Hand the oldest message that is with nobody over. None: none waits."""
        for entry in self.unsettled:
            if not self._runs(_lease(entry.sequence)) and self._is_work(entry):
                self._handed[entry.sequence] += 1
                self.lease(entry.sequence)
                return MemoryDelivery(self, entry, self._handed[entry.sequence])
        return None

    def handed(self, sequence: int) -> int:
        """How often a message was handed over."""
        return self._handed[sequence]

    def lease(self, sequence: int) -> None:
        """Nobody else is handed it for as long as a lease."""
        self._after(self.stage.lease.total_seconds(), _lease(sequence), lambda: None)

    def settle(self, sequence: int) -> None:
        """It is never handed over again."""
        self._settled.add(sequence)

    async def again(
        self,
        due: Subject,
        body: bytes,
        *,
        message_id: str,
        headers: Headers,
        at: datetime | None = None,
        sequence: int = 0,
        deferred: bool = False,
    ) -> None:
        if any(entry.headers.get("Nats-Msg-Id") == message_id for entry in self.entries):
            return
        subject = str(due) if at is None else subjects.schedule(due, sequence, deferred=deferred)
        entry = self.fire(subject, body, {**headers, "Nats-Msg-Id": message_id})
        if at is None:
            return
        self.schedules[subject] = entry
        self.waits[due.about] = "deferred" if deferred else "delayed"

        def come_due() -> None:
            del self.schedules[subject]
            if not any(subjects.parse(one).about == due.about for one in self.schedules):
                del self.waits[due.about]
            self.fire(str(due), body, headers)

        self._after((at - datetime.now(UTC)).total_seconds(), subject, come_due)

    def fire(self, subject: str, body: bytes, headers: Headers) -> Entry:
        """Store a message, as the log itself does when the time of a schedule has come."""
        entry = Entry(
            sequence=len(self.entries) + 1,
            subject=subject,
            time=datetime.now(UTC),
            fact_id=headers.get("ce-id", ""),
            fact=decode(headers.get("ce-type", ""), body),
            headers=headers,
        )
        self.entries.append(entry)
        return entry

    async def last_of_project_at(self, tenant: str, project: str) -> int:
        found = await self.last_of_project(tenant, project)
        return found.sequence if found else 0

    async def running(self, job: str, part: int | None) -> Progress | None:
        return next((one for one in self.reports.get(job, ()) if one.part == part), None)

    async def put_progress(self, report: Progress) -> None:
        self.report(report)
        self._after(EXPIRES_SECONDS, _key(report), lambda: self._forget(report))

    async def delete_progress(self, report: Progress) -> None:
        self._forget(report)

    async def take_seat(self, stage: Stage, tenant: str, *, limit: int, owner: str) -> Seat | None:
        row = [f"{stage.name}.{tenant}.{n}" for n in range(limit)]
        free = next((seat for seat in row if seat not in self.seats), None)
        if free is None:
            return None
        seat = Seat(free, owner)
        await self.keep_seat(seat)
        return seat

    async def keep_seat(self, seat: Seat) -> None:
        self.seats[seat.subject] = seat.owner
        self._after(EXPIRES_SECONDS, seat.subject, lambda: self.seats.pop(seat.subject, None))

    async def leave_seat(self, seat: Seat) -> None:
        self._after(LEFT_SECONDS, seat.subject, lambda: self.seats.pop(seat.subject, None))

    def _is_work(self, entry: Entry) -> bool:
        retry = entry.subject.startswith(f"retries.{self.stage.name}.")
        fact = entry.subject.startswith("facts.") and isinstance(entry.fact, self.stage.consumes)
        return retry or fact

    def _forget(self, report: Progress) -> None:
        left = tuple(one for one in self.reports.get(report.job, ()) if one.part != report.part)
        self.reports[report.job] = left
        if not left:
            del self.reports[report.job]

    def _after(self, seconds: float, what: str, then: Callable[[], object]) -> None:
        """Once a name: what was to come before is put off."""
        if what in self._timers:
            self._timers[what].cancel()

        def come() -> None:
            del self._timers[what]
            then()

        self._timers[what] = asyncio.get_running_loop().call_later(max(0.0, seconds), come)

    def _runs(self, what: str) -> bool:
        return what in self._timers


@dataclass(frozen=True)
class MemoryDelivery:
    """A Delivery of a message in memory."""

    queue: MemoryQueue
    entry: Entry
    deliveries: int
    stream: str = subjects.STREAM

    @property
    def subject(self) -> str:
        return self.entry.subject

    @property
    def data(self) -> bytes:
        return encode(self.entry.fact) if self.entry.fact is not None else b""

    @property
    def headers(self) -> Headers:
        return self.entry.headers

    @property
    def sequence(self) -> int:
        return self.entry.sequence

    async def ack(self) -> None:
        self.queue.settle(self.sequence)

    async def in_progress(self) -> None:
        self.queue.lease(self.sequence)


def _lease(sequence: int) -> str:
    return f"lease {sequence}"


def _key(report: Progress) -> str:
    return f"key {report.job} {report.part}"
