"""A log in memory, for tests. It keeps the promises of the real one (test_log.py)."""

import asyncio
import fnmatch
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, ce_type, decode, encode, fact_name
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Priority
from clipforge_runtime.bus import Contradicted, Counts, Entry, Headers, Progress, Room, Stated, Wait
from clipforge_runtime.cause import percent
from clipforge_runtime.jetstream.publishing import envelope


@dataclass
class MemoryBus:
    """A Publisher and a Reader over a list. Everything stated is kept, and can be followed."""

    entries: list[Entry] = field(default_factory=list[Entry])
    reports: dict[str, tuple[Progress, ...]] = field(
        default_factory=dict[str, tuple[Progress, ...]]
    )
    queue_counts: dict[str, dict[Priority, Counts]] = field(
        default_factory=dict[str, dict[Priority, Counts]]
    )
    paused: set[str] = field(default_factory=set[str])
    waits: dict[str, Wait] = field(default_factory=dict[str, Wait])
    incarnation_id: str = "memory"
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _progress: list[asyncio.Queue[Progress]] = field(default_factory=list[asyncio.Queue[Progress]])

    @property
    def facts(self) -> list[Fact]:
        """What was stated, in order."""
        stated = (entry for entry in self.entries if entry.subject.startswith("facts."))
        return [entry.fact for entry in stated if entry.fact is not None]

    async def state(
        self,
        fact: Fact,
        *,
        fact_id: str,
        lane: Lane = Lane.L0,
        headers: Headers | None = None,
        once: bool = False,
        after: int | None = None,
    ) -> Stated:
        body = encode(fact)
        for entry in self.entries:
            if entry.fact_id == fact_id:
                return Stated(entry.sequence, fresh=False)
        expected = 0 if once else after
        if expected is not None:
            before = self._matching(subjects.once(fact))
            if (before[-1].sequence if before else 0) != expected:
                raise Contradicted(fact_name(fact))
        sequence = len(self.entries) + 1
        self.entries.append(
            Entry(
                sequence=sequence,
                subject=str(subjects.fact_subject(fact, lane)),
                time=datetime.now(UTC),
                fact_id=fact_id,
                fact=decode(ce_type(fact), body),
                headers={**(headers or {}), **envelope(fact, fact_id, "memory")},
            )
        )
        async with self._news:
            self._news.notify_all()
        return Stated(sequence, fresh=True)

    async def incarnation(self) -> str:
        return self.incarnation_id

    async def last(
        self, kind: type[Fact], *, tenant: str, project: str | None, about: str
    ) -> Entry | None:
        found = self._matching(subjects.last_of(fact_name(kind), tenant, project, about))
        return found[-1] if found else None

    async def last_of_project(self, tenant: str, project: str) -> Entry | None:
        found = self._matching(subjects.of_project(tenant, project))
        return found[-1] if found else None

    async def last_of_tenant(self, tenant: str) -> Entry | None:
        found = self._matching(subjects.of_tenant(tenant))
        return found[-1] if found else None

    async def follow(
        self, *, after: int, filters: tuple[str, ...] = ("facts.>",)
    ) -> AsyncGenerator[Entry]:
        position = after
        while True:
            for entry in self.entries[position:]:
                position = entry.sequence
                if any(_matches(entry.subject, pattern) for pattern in filters):
                    yield entry
            async with self._news:
                while len(self.entries) <= position:
                    await self._news.wait()

    async def last_sequence(self) -> int:
        return len(self.entries)

    async def last_fact(self) -> int:
        found = self._matching("facts.>")
        return found[-1].sequence if found else 0

    async def stored_at(self, sequence: int) -> datetime | None:
        held = 1 <= sequence <= len(self.entries)
        return self.entries[sequence - 1].time if held else None

    async def first_sequence(self) -> int:
        return 1

    async def room(self) -> Room:
        return Room(used=0, quota=0)

    async def counts(self, stage: Stage) -> dict[Priority, Counts]:
        paused = stage.name in self.paused
        idle = {priority: Counts(0, 0, 0, paused) for priority in Priority}
        return self.queue_counts.get(stage.name, idle)

    async def wait(
        self, stage: Stage, *, priority: Priority, tenant: str, project: str, job: str
    ) -> Wait:
        return self.waits.get(job, "waiting")

    async def progress(self, job: str) -> tuple[Progress, ...]:
        return self.reports.get(job, ())

    async def reached(self, stage: Stage, *, tenant: str, project: str, job: str) -> float:
        filters = subjects.tried_again(stage, tenant=tenant, project=project, job=job)
        found = [entry for one in filters for entry in self._matching(one)]
        return max((percent(entry.headers) for entry in found), default=0.0)

    async def running_jobs(self) -> set[str]:
        return set(self.reports)

    async def scheduled_jobs(self, stage: Stage) -> dict[str, Wait]:
        return {job: how for job, how in self.waits.items() if how != "waiting"}

    async def held_back(self, stage: Stage) -> Priority | None:
        return None

    async def oldest_waiting(self, stage: Stage) -> datetime | None:
        fed = [entry.time for entry in self.entries if isinstance(entry.fact, stage.consumes)]
        return min(fed, default=None)

    async def watch_progress(self) -> AsyncIterator[Progress]:
        reports: asyncio.Queue[Progress] = asyncio.Queue(maxsize=100)
        self._progress.append(reports)
        try:
            while True:
                yield await reports.get()
        finally:
            self._progress.remove(reports)

    def report(self, progress: Progress) -> None:
        """What a worker would report."""
        parts = {one.part: one for one in (*self.reports.get(progress.job, ()), progress)}
        self.reports[progress.job] = tuple(parts.values())
        for reports in self._progress:
            if not reports.full():
                reports.put_nowait(progress)

    async def pause(self, stage: Stage) -> None:
        self.paused.add(stage.name)

    async def resume(self, stage: Stage) -> None:
        self.paused.discard(stage.name)

    async def healthy(self) -> bool:
        return True

    def _matching(self, pattern: str) -> list[Entry]:
        return [entry for entry in self.entries if _matches(entry.subject, pattern)]


def _matches(subject: str, pattern: str) -> bool:
    """NATS wildcards: `*` is one token, a last `>` one or more."""
    tokens, wanted = subject.split("."), pattern.split(".")
    if wanted[-1] == ">":
        wanted.pop()
        if len(tokens) <= len(wanted):
            return False
        tokens = tokens[: len(wanted)]
    return len(tokens) == len(wanted) and all(
        fnmatch.fnmatchcase(token, want) for token, want in zip(tokens, wanted, strict=True)
    )
