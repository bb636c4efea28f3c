"""How this gateway's dependencies and the queues are."""

import asyncio
from functools import partial
from typing import Final

from sqlalchemy import text

from clipforge_catalog.database import Sessions
from clipforge_gateway import numbers
from clipforge_gateway.lately import Lately
from clipforge_runtime.bus import Reader
from clipforge_runtime.storage import ObjectStore

CHECK_SECONDS: Final = 2.0


class Health:
    """What was found lately, whoever asks."""

    def __init__(self, sessions: Sessions, log: Reader, store: ObjectStore) -> None:
        self.checks = Lately(partial(_checks, sessions, log, store))
        self.queues = Lately(partial(numbers.of_queues, sessions, log))


async def _checks(sessions: Sessions, log: Reader, store: ObjectStore) -> dict[str, bool]:
    """Each dependency by name; all are asked at once."""
    database, broker, storage = await asyncio.gather(
        database_answers(sessions), log.healthy(), store.healthy()
    )
    return {"database": database, "broker": broker, "storage": storage}


async def database_answers(sessions: Sessions) -> bool:
    """Whether PostgreSQL answers within two seconds."""
    try:
        async with asyncio.timeout(CHECK_SECONDS), sessions() as session:
            await session.exec(text("SELECT 1"))  # type: ignore[call-overload]
    except Exception:  # whatever is wrong with it, it does not answer
        return False
    return True
