"""Ask the log, and ask again while it is away: its outage is no crash of ours."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from clipforge_runtime.bus import Unavailable

T = TypeVar("T")

PATIENCE: Final = timedelta(seconds=60)  # with a log that does not answer, before leaving it be


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """What `call` gives. Unavailable where the log stays away for a minute."""
    deadline = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
    while True:
        try:
            return await call()
        except Unavailable:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.5)  # between two tries; nothing announces the log's return
