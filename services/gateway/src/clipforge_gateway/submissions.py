"""In which lane a tenant's next job goes: by the rows, and by what the rows do not know yet."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from clipforge_catalog.database import AWAY, Sessions
from clipforge_catalog.queries import jobs
from clipforge_contracts.lanes import HEAVIEST_FROM, Lane, lane_of

log = logging.getLogger(__name__)

REMEMBERED_SECONDS: Final = 60.0  # should rows stay behind for longer, they count without these


@dataclass
class Submission:
    """One job on its way into the log. `sequence` is where it lies, once it is stated."""

    at: float
    lane: Lane = Lane.L0
    sequence: int | None = None


class Submissions:
    """What this process has submitted lately, by tenant."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._recent: dict[str, deque[Submission]] = {}  # who submitted last comes last

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncGenerator[Submission]:
        """State a job in the block, in the lane that this tells; say its sequence."""
        now = asyncio.get_running_loop().time()
        mine = Submission(now)
        self._forget(now)
        recent = self._recent.pop(tenant, deque(maxlen=HEAVIEST_FROM))
        before = list(recent)
        recent.append(mine)
        self._recent[tenant] = recent
        try:
            mine.lane = lane_of(await self._outstanding(tenant, before))
            yield mine
        finally:
            if mine.sequence is None:  # it was not stated
                mine.sequence = 0

    async def _outstanding(self, tenant: str, recent: list[Submission]) -> int:
        """How many of the tenant's jobs are not done: those in rows, and those on their way."""
        try:
            async with self._sessions() as session:
                applied, in_rows = await jobs.outstanding(session, tenant, at_most=HEAVIEST_FROM)
        except AWAY as error:  # work is taken on without the rows, too
            log.warning("the lane is chosen without the rows: %s", error)
            applied, in_rows = 0, 0
        return in_rows + sum(one.sequence is None or one.sequence > applied for one in recent)

    def _forget(self, now: float) -> None:
        """Tenants that have submitted nothing for long."""
        while self._recent:
            tenant, recent = next(iter(self._recent.items()))
            if now - recent[-1].at <= REMEMBERED_SECONDS:
                return
            del self._recent[tenant]
