"""What was read lately, near at hand, for as long as nothing new is known of it.

A value is kept under the version that it was read at. What the log's leader says of its subject is
compared on every look, so that nobody reads behind their own write, whichever replica took it; what
this process hears from the log makes room at once. Bounded in bytes and in age. Who asks for what
is being read just then waits for that reading.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from cachetools import TTLCache
from prometheus_client import Counter, Gauge

READS: Final = Counter(
    "clipforge_near_reads_total",
    "Looks into what is near, by what came of them: hit, miss, joined (another was reading it), "
    "unsure (the log did not say what is newest), older (the database was away)",
    ["kind", "outcome"],
)
EVICTED: Final = Counter(
    "clipforge_near_evicted_total",
    "What was near and is not any more, by why: room, age, or news (a fact about it)",
    ["kind", "why"],
)
BYTES: Final = Gauge("clipforge_near_bytes", "What is near, in bytes, estimated", ["kind"])

Value = TypeVar("Value")
Owner = tuple[str, str]
"""A tenant, and what of it the values tell of: nothing is found without its tenant."""


@dataclass(frozen=True)
class Read(Generic[Value]):
    """What was read. `keep`: it is as new as the version that it was asked for at."""

    value: Value
    weight: int  # bytes in memory, estimated
    keep: bool = True


@dataclass(frozen=True)
class _Held:
    value: Any
    weight: int
    version: Hashable


_Key = tuple[Owner, Hashable]


class Near:
    """Values of one kind. Whoever gets one shares it, and changes nothing of it."""

    def __init__(self, kind: str, *, most_bytes: int, seconds: float) -> None:
        self._kind = kind
        self._held = _Bounded(most_bytes, seconds, self._gone)
        self._of: dict[Owner, set[_Key]] = {}
        self._reading: dict[tuple[_Key, Hashable], asyncio.Task[Any]] = {}

    def __len__(self) -> int:
        return len(self._held)

    async def get(
        self,
        owner: Owner,
        what: Hashable,
        version: Hashable,
        read: Callable[[], Awaitable[Read[Value]]],
        *,
        or_older: tuple[type[Exception], ...] = (),
    ) -> Value:
        """The value at this version, read where it is not near. None: read in any case.

        `or_older`: errors of the reading for which a former version is better than none.
        """
        if version is None:
            self._count("unsure")
            return (await read()).value
        key = owner, what
        held = self._held.get(key)
        if held is not None and held.version == version:
            self._count("hit")
            near: Value = held.value
            return near
        reading = self._reading.get((key, version))
        self._count("joined" if reading else "miss")
        if reading is None:
            reading = asyncio.create_task(self._read(key, version, read))
            self._reading[key, version] = reading
            reading.add_done_callback(_taken)
        found: Value
        try:
            # Shielded: who goes away must not end what others wait for.
            found = await asyncio.shield(reading)
        except or_older:
            if held is None:
                raise
            self._count("older")
            found = held.value
        return found

    def forget(self, owner: Owner) -> None:
        """Something new is known of it."""
        for key in self._of.pop(owner, ()):
            if self._held.pop(key, None) is not None:
                EVICTED.labels(self._kind, "news").inc()
        self._weigh()

    def forget_all(self) -> None:
        """The log was not heard for a while."""
        self._held.clear()
        self._of.clear()
        self._weigh()

    async def _read(
        self, key: _Key, version: Hashable, read: Callable[[], Awaitable[Read[Any]]]
    ) -> Any:
        try:
            found = await read()
        finally:
            del self._reading[key, version]
        if found.keep and found.weight <= self._held.maxsize:
            self._held[key] = _Held(found.value, found.weight, version)
            self._of.setdefault(key[0], set()).add(key)
            self._weigh()
        return found.value

    def _gone(self, key: _Key, why: str) -> None:
        EVICTED.labels(self._kind, why).inc()
        of = self._of.get(key[0], set())
        of.discard(key)
        if not of:
            self._of.pop(key[0], None)

    def _count(self, outcome: str) -> None:
        READS.labels(self._kind, outcome).inc()

    def _weigh(self) -> None:
        BYTES.labels(self._kind).set(self._held.currsize)


class _Bounded(TTLCache[_Key, _Held, float]):
    """What was used least lately goes first; tells of what goes by itself."""

    def __init__(self, most: int, seconds: float, gone: Callable[[_Key, str], None]) -> None:
        super().__init__(most, seconds, getsizeof=lambda held: held.weight)
        self._tell = gone

    def popitem(self) -> tuple[_Key, _Held]:
        """Make room."""
        key, held = super().popitem()
        self._tell(key, "room")
        return key, held

    def expire(self, time: float | None = None) -> list[tuple[_Key, _Held]]:
        """Drop what is too old."""
        old = super().expire(time)
        for key, _ in old:
            self._tell(key, "age")
        return old


def _taken(reading: "asyncio.Task[Any]") -> None:
    """An error is everybody's who waits, and nobody's where all have gone."""
    if not reading.cancelled():
        reading.exception()
