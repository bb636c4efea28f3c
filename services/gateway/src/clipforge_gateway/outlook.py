"""How the log and the store are just now, for new work."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from clipforge_gateway.lately import Lately
from clipforge_runtime.bus import Reader, Room, Unavailable
from clipforge_runtime.storage import ObjectStore

LOOK_SECONDS: Final = 2.0


@dataclass(frozen=True)
class View:
    """What was seen. `room` is None where the log did not answer."""

    room: Room | None
    store: bool


class Outlook:
    """Looks at both at once."""

    def __init__(self, log: Reader, store: ObjectStore) -> None:
        self._log = log
        self._store = store
        self._lately = Lately(self._look)

    async def look(self) -> View:
        """How they are now."""
        return await self._lately.get()

    async def _look(self) -> View:
        room, store = await asyncio.gather(self._room(), self._store.healthy())
        return View(room, store)

    async def _room(self) -> Room | None:
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._log.room()
        return None
