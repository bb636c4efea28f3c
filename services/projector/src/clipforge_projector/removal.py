"""Remove the objects of deleted projects. May run twice; what is gone does not matter."""

import asyncio
import logging
from typing import Final

from sqlmodel import col, delete

from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Removal
from clipforge_projector.projector import removals
from clipforge_runtime.errors import Transient
from clipforge_runtime.storage import ObjectStore

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 5.0


async def remove_objects(sessions: Sessions, store: ObjectStore) -> None:
    """Work the list off, for ever."""
    while True:
        for key in await removals(sessions):
            try:
                await _remove(store, key)
            except Transient as error:
                log.warning("could not remove %s yet: %s", key, error)
                break
            async with sessions.begin() as session:
                await session.exec(delete(Removal).where(col(Removal.key) == key))
        # The list is a table; polling it is cheaper than a channel for a clean-up.
        await asyncio.sleep(EVERY_SECONDS)


async def _remove(store: ObjectStore, key: str) -> None:
    """One object, or everything below a key that ends with a slash."""
    if not key.endswith("/"):
        await store.delete([key])
        return
    while found := await store.find(key):
        await store.delete([stat.key for stat in found])
