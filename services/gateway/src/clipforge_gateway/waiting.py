"""`?wait=`: an answer as soon as it is the last one, or when the time is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from fastapi import Query

from clipforge_gateway.feed import Event
from clipforge_gateway.parts import Parts
from clipforge_runtime.bus import Progress

V = TypeVar("V")

MAX_WAIT: Final = 30  # seconds
LOOK_AGAIN_SECONDS: Final = 2.0  # should an event have been missed

Wait = Annotated[int, Query(ge=0, le=MAX_WAIT, description="Answer when it is over, at most then")]


async def until_over(
    parts: Parts,
    project: str,
    look: Callable[[], Awaitable[V]],
    *,
    over: Callable[[V], bool],
    wait: int,
) -> V:
    """Look again after each fact of a project until it is over, for so many seconds."""
    if not wait:
        return await look()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    async with parts.feed.listen(project) as events:
        while True:
            found = await look()
            left = deadline - loop.time()
            if over(found) or left <= 0:
                return found
            if not await _something_happened(events, within=min(left, LOOK_AGAIN_SECONDS)):
                return found


async def _something_happened(events: "asyncio.Queue[Event | None]", *, within: float) -> bool:
    """Return at the next fact, or when the time is over; False where the process is stopping."""
    try:
        async with asyncio.timeout(within):
            while isinstance(event := await events.get(), Progress):
                continue  # whoever waits for the end need not look at each step
    except TimeoutError:
        return True
    return event is not None
