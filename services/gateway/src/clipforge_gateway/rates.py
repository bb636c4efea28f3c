"""How often a tenant may ask, by plan: so many requests a window, over all replicas together.

A counter a window, which the log's leader increments: of each window exactly as many requests pass
as the plan has, whichever replica they come to. What waits in one process is counted by one
message. Over the edge of two windows a tenant may have twice as many at once.

Without the counters each replica counts for itself: requests are not refused for want of a count.
"""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import Counter as Metric

from clipforge_contracts.plans import Plan
from clipforge_gateway.auth import Caller
from clipforge_gateway.settings import Settings
from clipforge_runtime.bus import Shared, Unavailable
from clipforge_runtime.telemetry import at_nothing

log = logging.getLogger(__name__)

WINDOW_SECONDS: Final = 10
COUNT_SECONDS: Final = 0.5  # for the counters to answer; a request has better things to wait for
ALONE_SECONDS: Final = 5.0  # after counters that did not answer: no request waits for them
Kind = Literal["read", "write", "search"]
# Of the reads that a plan has, so many may be writes or searches: each costs several reads.
SHARES: Final[dict[Kind, float]] = {"read": 1.0, "write": 0.25, "search": 0.1}

LIMITED: Final = Metric(
    "clipforge_rate_limited_total", "Requests refused for their number", ["kind", "plan"]
)
at_nothing(LIMITED, SHARES, Plan)
ALONE: Final = Metric(
    "clipforge_rate_counted_alone_total", "Requests that one replica counted for itself"
)


@dataclass(frozen=True)
class Rate:
    """Where a tenant stands in the window that runs."""

    kind: Kind
    quota: int
    used: int  # this request included
    seconds_left: int

    @property
    def allowed(self) -> bool:
        return self.used <= self.quota

    def headers(self) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it."""
        left = max(0, self.quota - self.used)
        return {
            "RateLimit-Policy": f'"{self.kind}";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.kind}";r={left};t={self.seconds_left}',
        }


class Rates:
    """Counts the requests of tenants."""

    def __init__(self, shared: Shared, settings: Settings) -> None:
        self._shared = shared
        self._settings = settings
        self._waiting: dict[str, list[asyncio.Future[int]]] = {}
        self._flushing: set[asyncio.Task[None]] = set()
        self._window = 0
        self._spent: dict[str, int] = {}  # counters of this window that are past their quota
        self._alone: Counter[str] = Counter()
        self._ask_from = float("-inf")  # when the counters are asked again

    async def count(self, caller: Caller, kind: Kind) -> Rate | None:
        """Count a request; None where the plan has no limit."""
        quota = self._quota(caller.plan, kind)
        if not quota:
            return None
        now = time.time()
        window = int(now // WINDOW_SECONDS)
        if window != self._window:
            self._window, self._spent, self._alone = window, {}, Counter()
        name = f"{caller.tenant_id}.{kind}.{window}"
        used = self._spent.get(name) or await self._add(name)
        if used > quota:
            self._spent[name] = used  # nobody need be asked again
            LIMITED.labels(kind, caller.plan).inc()
        left = WINDOW_SECONDS - int(now % WINDOW_SECONDS)
        return Rate(kind, quota, used, left)

    def _quota(self, plan: Plan, kind: Kind) -> int:
        a_minute = self._settings.rate_of(plan)
        if not a_minute:
            return 0
        return max(1, round(a_minute * WINDOW_SECONDS / 60 * SHARES[kind]))

    async def _add(self, name: str) -> int:
        """The number of this request in its window."""
        number: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if (waiting := self._waiting.get(name)) is not None:
            waiting.append(number)
        else:
            self._waiting[name] = [number]
            task = asyncio.create_task(self._flush(name))
            self._flushing.add(task)
            task.add_done_callback(self._flushing.discard)
        return await number

    async def _flush(self, name: str) -> None:
        """Count what waits, together, until nothing does."""
        while batch := self._waiting[name]:
            self._waiting[name] = []
            total = await self._total(name, len(batch))
            for place, number in enumerate(batch, total - len(batch) + 1):
                if not number.done():  # whoever asked has gone
                    number.set_result(place)
        del self._waiting[name]

    async def _total(self, name: str, many: int) -> int:
        loop = asyncio.get_running_loop()
        if loop.time() < self._ask_from:
            return self._count_alone(name, many)
        try:
            async with asyncio.timeout(COUNT_SECONDS):
                return await self._shared.add(name, many)
        except Exception as error:  # whatever it is, it is no reason to refuse a request
            expected = isinstance(error, Unavailable | TimeoutError)
            log.warning("requests are counted alone: %r", error, exc_info=not expected)
            self._ask_from = loop.time() + ALONE_SECONDS
            return self._count_alone(name, many)

    def _count_alone(self, name: str, many: int) -> int:
        ALONE.inc(many)
        self._alone[name] += many
        return self._alone[name]
