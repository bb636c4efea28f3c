"""Which database a read goes to: the replica, where it is as new as what the reader has to see.

The projector writes rows and its position in the log in one transaction, so a replica that shows a
position shows every row up to it. What has to be seen is the newest fact of a project, where the
log was asked for it, or else the newest of the tenant that this gateway has heard.
"""

import asyncio
import logging
from collections import OrderedDict
from typing import Final

from prometheus_client import Counter
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.database import AWAY, Sessions
from clipforge_catalog.tables import Position
from clipforge_contracts import subjects
from clipforge_contracts.facts import project_of
from clipforge_runtime.bus import Entry

log = logging.getLogger(__name__)

REMEMBERED: Final = 10_000  # tenants; some 2 MB
LOOK_SECONDS: Final = 1.0  # for the replica to say how far it is; then the primary is asked
ALONE_SECONDS: Final = 5.0  # after a replica that did not answer: no read waits for it
READS: Final = Counter(
    "clipforge_replica_reads_total",
    "Reads that might go to the replica, by how it was: fresh (they did), behind, away, or unheard "
    "(this gateway does not know what the tenant has to see)",
    ["outcome"],
)


class Reads:
    """The primary, and the replica where there is one."""

    def __init__(self, primary: Sessions, replica: Sessions | None) -> None:
        self._primary = primary
        self._replica = replica
        self._heard: OrderedDict[str, int] = OrderedDict()  # by tenant, the newest of its facts
        self._floor: int | None = None  # those of all other tenants are at most this
        self._last = 0  # of what was heard
        self._ask_from = float("-inf")

    def hear(self, entry: Entry) -> None:
        """What the log says, in its order."""
        self._last = entry.sequence
        if entry.fact is None or self._replica is None:
            return
        if self._floor is None:  # all that was before might be of anybody
            self._floor = entry.sequence - 1
        tenant = project_of(entry.fact).tenant_id
        self._heard[tenant] = entry.sequence
        self._heard.move_to_end(tenant)
        while len(self._heard) > REMEMBERED:
            _, oldest = self._heard.popitem(last=False)
            self._floor = max(self._floor, oldest)

    def forget(self) -> None:
        """The log was not heard for a while."""
        self._heard.clear()
        self._floor, self._last = None, 0

    def know(self, sequence: int) -> bool:
        """Whether reads from now on show what lies at a sequence, once the primary does."""
        return self._replica is None or self._last >= sequence

    async def of(self, tenant: str) -> Sessions:
        """Where a tenant's rows are as new as what it has been told."""
        if self._replica is None:
            return self._primary
        if self._floor is None:
            READS.labels("unheard").inc()
            return self._primary
        return await self.at(self._heard.get(tenant, self._floor)) or self._primary

    async def at(self, sequence: int) -> Sessions | None:
        """The replica, where its rows are true up to a sequence; else None."""
        if self._replica is None:
            return None
        outcome = await self._look(self._replica, sequence)
        READS.labels(outcome).inc()
        return self._replica if outcome == "fresh" else None

    async def _look(self, replica: Sessions, sequence: int) -> str:
        loop = asyncio.get_running_loop()
        if loop.time() < self._ask_from:
            return "away"
        try:
            async with asyncio.timeout(LOOK_SECONDS), replica() as session:
                return "fresh" if await position(session) >= sequence else "behind"
        except (TimeoutError, *AWAY) as error:
            log.warning("reads go to the primary, the replica is away: %s", type(error).__name__)
            self._ask_from = loop.time() + ALONE_SECONDS
            return "away"


async def position(session: AsyncSession) -> int:
    """Up to which sequence of the log a database's rows are true."""
    statement = select(Position.seq).where(Position.stream == subjects.STREAM)
    found = (await session.exec(statement)).first()
    await session.rollback()  # each look must see the newest commit
    return found or 0
