"""Near caches: what was read lately, for as long as the log says nothing newer of it.

An entry carries the sequence of the newest fact that it holds, and is good for exactly that one: who
reads has asked the log's leader which it is. So a cache is never behind what anybody has seen.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from prometheus_client import Counter

T = TypeVar("T")
READ: Final = Counter(
    "clipforge_near_cache_reads_total", "Reads of near caches", ["cache", "result"]
)


class Near(Generic[T]):
    """Values by key and sequence. Keys begin with the tenant."""

    def __init__(self, name: str, *, most: int, seconds: float) -> None:
        self._name = name
        self._most = most
        self._seconds = seconds
        self._kept: OrderedDict[Hashable, tuple[int, float, T]] = OrderedDict()
        self._loading: dict[tuple[Hashable, int], asyncio.Future[T]] = {}

    async def get(self, key: Hashable, sequence: int, load: Callable[[], Awaitable[T]]) -> T:
        """The value as of a sequence; one loads it, and the others wait for that."""
        known = self._kept.get(key)
        if known is not None and known[0] == sequence and time.monotonic() < known[1]:
            self._kept.move_to_end(key)
            READ.labels(self._name, "hit").inc()
            return known[2]
        if (loading := self._loading.get((key, sequence))) is not None:
            READ.labels(self._name, "shared").inc()
            return await asyncio.shield(loading)
        READ.labels(self._name, "miss").inc()
        task = asyncio.ensure_future(load())
        self._loading[key, sequence] = task
        try:
            value = await asyncio.shield(task)
        finally:
            # Whoever began it may have gone; the others have it still.
            task.add_done_callback(lambda _: self._loading.pop((key, sequence), None))
        self._kept[key] = sequence, time.monotonic() + self._seconds, value
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value
