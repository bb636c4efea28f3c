"""How busy this process is: the lag of its event loop, and the requests that it has in hand."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Literal, get_args

from prometheus_client import Gauge

from clipforge_runtime.loop_lag import lags

IN_HAND: Final = Gauge("clipforge_requests_in_hand", "Requests being answered, but for health")
PROBE_SECONDS: Final = 0.1
PROBES: Final = 5  # in a row that were late: one slow moment is no load
Reason = Literal["lag", "number"]
REASONS: Final = get_args(Reason)


class Load:
    """Says when this process has more in hand than it answers in time."""

    def __init__(self, *, most: int, longest_lag: float) -> None:
        self._most = most
        self._longest = longest_lag  # seconds
        self._late = 0
        self._in_hand = 0

    async def watch(self) -> None:
        """Measure the loop, for ever."""
        async for lag in lags(PROBE_SECONDS):
            self.saw(lag)

    def saw(self, lag: float) -> None:
        """Take a measurement in."""
        self._late = self._late + 1 if lag > self._longest else 0

    @contextmanager
    def request(self, *, counts: bool) -> Generator[Reason | None]:
        """Have a request in hand; or why not."""
        if self._late >= PROBES:
            yield "lag"
        elif not counts:
            yield None
        elif self._in_hand >= self._most:
            yield "number"
        else:
            self._in_hand += 1
            IN_HAND.inc()
            try:
                yield None
            finally:
                self._in_hand -= 1
                IN_HAND.dec()
