"""Events to browsers: one live follower of the log a process, fanned out in memory."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Final

from prometheus_client import Gauge

from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, project_of
from clipforge_gateway.standing import Standings
from clipforge_runtime.bus import Entry, Progress, Reader

IN_HAND: Final = 256  # events of one slow client, before it is sent away to come back with its id
Event = Entry | Progress
STREAMS: Final = Gauge("clipforge_event_streams_open", "Clients that are sent events")


class Feed:
    """Facts and progress of projects, to whoever listens in this process.

    Whoever listens hears one project, or all of a tenant's, by an id that is nobody else's.
    """

    def __init__(self, log: Reader) -> None:
        self._log = log
        self._listeners: dict[str, set[asyncio.Queue[Event | None]]] = defaultdict(set)
        self.incarnation = ""
        self.standings = Standings()
        # Whoever keeps what facts change hears each fact, and of each gap that nobody heard.
        self.on_fact: list[Callable[[Fact], None]] = []
        self.on_entry: list[Callable[[Entry], None]] = []
        self.on_gap: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Follow the log and hear progress, for ever."""
        self.incarnation = await self._log.incarnation()
        last = await self._log.last_sequence()
        for forget in self.on_gap:
            forget()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._facts(self._log.follow(after=last)))
            tasks.create_task(self._progress(self._log.watch_progress()))

    def close(self) -> None:
        """End every stream, so that a stopping process does not wait for its clients."""
        for listeners in self._listeners.values():
            for listener in listeners:
                self._end(listener)

    @asynccontextmanager
    async def listen(self, to: str) -> AsyncGenerator["asyncio.Queue[Event | None]"]:
        """A bounded queue of what happens to a project, or to all of a tenant; None ends it."""
        events: asyncio.Queue[Event | None] = asyncio.Queue(maxsize=IN_HAND)
        self._listeners[to].add(events)
        try:
            yield events
        finally:
            self._listeners[to].discard(events)
            if not self._listeners[to]:
                del self._listeners[to]

    def listeners(self, to: str) -> int:
        """How many listen to a project now, or to all of a tenant."""
        return len(self._listeners.get(to, ()))

    async def stream(
        self, tenant: str, project: str = "", *, after: int, quiet: float | None = None
    ) -> AsyncGenerator[Event | None]:
        """The facts of a project after a sequence, then live ones, without gap or repetition.

        Without `project` those of all projects of the tenant. None says that nothing has happened
        for `quiet` seconds.
        """
        with STREAMS.track_inprogress():
            async with aclosing(self._stream(tenant, project, after, quiet)) as events:
                async for event in events:
                    yield event

    async def _stream(
        self, tenant: str, project: str, after: int, quiet: float | None
    ) -> AsyncGenerator[Event | None]:
        async with self.listen(project or tenant) as live:
            # Listening began first, so nothing falls between the replay and the live events.
            newest, filters = await self._newest(tenant, project)
            last = newest.sequence if newest is not None else 0
            if after > last:
                after = 0  # of no event of ours: from the beginning rather than not at all
            if last > after:
                async with aclosing(self._log.follow(after=after, filters=(filters,))) as replay:
                    async for entry in replay:
                        after = entry.sequence
                        if entry.fact is not None and _heard_by(entry.fact):
                            yield entry
                        if after >= last:
                            break
            while True:
                try:
                    async with asyncio.timeout(quiet):
                        event = await live.get()
                except TimeoutError:
                    yield None
                    continue
                if event is None:
                    return
                if isinstance(event, Entry):
                    if event.sequence <= after:
                        continue
                    after = event.sequence
                yield event

    async def _newest(self, tenant: str, project: str) -> tuple[Entry | None, str]:
        """The newest fact of what is listened to, and the filter of all of them."""
        if project:
            newest = await self._log.last_of_project(tenant, project)
            return newest, subjects.of_project(tenant, project)
        return await self._log.last_of_tenant(tenant), subjects.of_tenant(tenant)

    async def _facts(self, entries: AsyncIterator[Entry]) -> None:
        async for entry in entries:
            if entry.fact is None:
                continue
            for hear in self.on_entry:
                hear(entry)
            for take in self.on_fact:
                take(entry.fact)
            for listener in self._of(*_heard_by(entry.fact)):
                if listener.full():
                    self._end(listener)  # it comes back with its last id, and misses nothing
                else:
                    listener.put_nowait(entry)

    async def _progress(self, reports: AsyncIterator[Progress]) -> None:
        async for heard in reports:
            report = self.standings.hear(heard)
            for listener in self._of(report.project, report.tenant):
                if listener.qsize() < IN_HAND // 2:  # progress may be dropped, facts never
                    listener.put_nowait(report)

    def _of(self, *heard_by: str) -> list[asyncio.Queue[Event | None]]:
        return [one for to in heard_by for one in self._listeners.get(to, ())]

    @staticmethod
    def _end(listener: "asyncio.Queue[Event | None]") -> None:
        """End it at once. What is in hand goes, too: a part of it would leave a gap."""
        while not listener.empty():
            listener.get_nowait()
        listener.put_nowait(None)


def _heard_by(fact: Fact) -> tuple[str, ...]:
    """Who hears of a fact: whoever listens to its project, or to all projects of its tenant.

    What is about none, such as a key or a brand kit, is nobody's event.
    """
    of = project_of(fact)
    if of.project_id in ("", subjects.NOTHING):
        return ()
    return of.project_id, of.tenant_id
