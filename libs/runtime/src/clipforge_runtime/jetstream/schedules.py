"""How many jobs of a queue wait for their time.

The log counts no subjects by a filter, it only lists them: 3 microseconds of its CPU and 2.4 of
ours for each that waits. Few are counted whenever somebody asks, many only as often as that takes
a small share of the time.
"""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from clipforge_contracts import subjects
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Priority
from clipforge_runtime.jetstream.connection import Connection

FEW: Final = 1_000
SHARE: Final = 0.05  # of the time, at most, goes into counting many
OLDEST_SECONDS: Final = 10.0  # that a count of many may be; only above some 100,000 it gets there


@dataclass(frozen=True)
class Scheduled:
    """What waits for its time, by priority."""

    delayed: Counter[Priority]
    deferred: Counter[Priority]


class Schedules:
    """Counts for whoever asks, over one connection; who asks at once shares an answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._counted: dict[str, tuple[float, Scheduled]] = {}  # and until when it will do

    async def count(self, stage: Stage) -> Scheduled:
        """The delayed and the deferred of a stage."""
        now = asyncio.get_running_loop().time
        async with self._counting[stage.name]:
            until, known = self._counted.pop(stage.name, (0.0, None))
            if known is None or now() > until:
                began = now()
                waiting = await subjects_of(
                    self._connection, subjects.STREAM, subjects.delayed(stage)
                )
                known = _by_priority(waiting)
                good_for = (now() - began) / SHARE if len(waiting) > FEW else 0.0
                until = now() + min(good_for, OLDEST_SECONDS)
            if until > now():
                self._counted[stage.name] = (until, known)
            return known


async def subjects_of(connection: Connection, stream: str, pattern: str) -> list[str]:
    """Every subject of a stream under a filter."""
    found: list[str] = []
    while True:  # the server answers with at most 100,000 subjects a page
        info = await connection.api(
            f"STREAM.INFO.{stream}", {"subjects_filter": pattern, "offset": len(found)}
        )
        page = info["state"].get("subjects") or {}
        found += page
        if not page or len(found) >= int(info.get("total", 0)):
            return found


def _by_priority(waiting: list[str]) -> Scheduled:
    """Not by subjects.parse: its checks, for what comes from outside, cost four times the rest."""
    counted = Counter(
        (subject.split(".", 3)[2], subjects.is_deferred(subject)) for subject in waiting
    )
    return Scheduled(
        delayed=Counter({priority: counted[priority, False] for priority in Priority}),
        deferred=Counter({priority: counted[priority, True] for priority in Priority}),
    )
