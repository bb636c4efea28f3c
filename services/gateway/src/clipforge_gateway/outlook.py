"""How the log and the store are just now, for as long as a moment: a burst asks them once."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from clipforge_runtime.bus import Reader, Room, Unavailable
from clipforge_runtime.storage import ObjectStore

GOOD_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 2.0


@dataclass(frozen=True)
class View:
    """What was seen. `room` is None where the log did not answer."""

    room: Room | None
    store: bool


class Outlook:
    """Looks at both at once, and remembers for a second what it saw."""

    def __init__(self, log: Reader, store: ObjectStore) -> None:
        self._log = log
        self._store = store
        self._seen: tuple[float, View] | None = None
        self._looking = asyncio.Lock()

    async def look(self) -> View:
        """How they are now."""
        loop = asyncio.get_running_loop()
        async with self._looking:
            if self._seen is None or loop.time() - self._seen[0] > GOOD_SECONDS:
                room, store = await asyncio.gather(self._room(), self._store.healthy())
                self._seen = loop.time(), View(room, store)
            return self._seen[1]

    async def _room(self) -> Room | None:
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._log.room()
        return None
