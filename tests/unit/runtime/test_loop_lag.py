"""What blocks the event loop is seen."""

import asyncio
import time

from prometheus_client import REGISTRY

from clipforge_runtime.loop_lag import NAP_SECONDS, watched_loop
from workshop import eventually

BLOCKED_SECONDS = 2 * NAP_SECONDS + 0.3


def lag(of: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(f"clipforge_event_loop_lag_seconds_{of}", labels)
    assert found is not None
    return found


async def test_a_loop_that_was_blocked_for_a_while_is_late_by_it() -> None:
    before, looks = lag("sum"), lag("count")

    async with watched_loop():
        await asyncio.sleep(0)  # it has begun to sleep
        time.sleep(BLOCKED_SECONDS)  # noqa: ASYNC251  (this is what is to be noticed)

        async def looked() -> bool:
            return lag("count") > looks

        await eventually(looked)

    assert lag("sum") - before >= BLOCKED_SECONDS - NAP_SECONDS
