"""How late the event loop is: what blocks it keeps all heartbeats and requests waiting."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import Histogram

LAG: Final = Histogram(
    "clipforge_event_loop_lag_seconds",
    "How late the event loop woke a task that had slept for half a second",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
NAP_SECONDS: Final = 0.5


@asynccontextmanager
async def watched_loop() -> AsyncGenerator[None]:
    """Measure while the body runs."""
    watching = asyncio.create_task(_watch(), name="event loop lag")
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def lags(nap: float) -> AsyncIterator[float]:
    """Sleep for so many seconds, again and again; how late each sleep ended, in seconds."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + nap
        await asyncio.sleep(nap)  # that it ends late is what is measured
        yield max(0.0, loop.time() - due)


async def _watch() -> None:
    async for lag in lags(NAP_SECONDS):
        LAG.observe(lag)
