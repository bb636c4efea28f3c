"""How much longer work will take, learned from what past jobs of the same stage took.

Of the newest jobs of a stage (figures.SAMPLES) the medians are taken: seconds of work a second of
media, and seconds of work a job for where the length of the media is not known yet. Results from
the cache are left out. What waits for its turn is not in the estimate: only work is.
"""

import asyncio
import time
from typing import Final

from clipforge_catalog.database import Sessions
from clipforge_catalog.queries import figures
from clipforge_catalog.queries.figures import Pace
from clipforge_contracts.pipeline import CLIP_DETECTION, IMPORT, TRANSCRIPTION

LEARNED_SECONDS: Final = 60.0  # then it is learned anew
TOO_LITTLE_SECONDS: Final = 2.0  # the same, while too few jobs have been done
ENOUGH: Final = 3  # jobs; fewer say too little
TO_READY: Final = (IMPORT.name, TRANSCRIPTION.name, CLIP_DETECTION.name)


class Paces:
    """The paces of all stages, as this process has learned them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._learned: dict[str, tuple[float, Pace]] = {}
        self._learning = asyncio.Lock()

    async def job_left(self, stage: str, percent: float, media_ms: int) -> int | None:
        """Seconds of work that a job still needs; None where too few have gone before it."""
        whole = estimate(await self._of(stage), media_ms)
        return None if whole is None else round(whole * (1 - percent / 100))

    async def project_left(self, stage: str, percent: float, media_ms: int) -> int | None:
        """Seconds of work until a project is ready that is in this stage."""
        left = await self.job_left(stage, percent, media_ms)
        for later in TO_READY[TO_READY.index(stage) + 1 :]:
            more = await self.job_left(later, 0, media_ms)
            left = None if left is None or more is None else left + more
        return left

    async def _of(self, stage: str) -> Pace:
        async with self._learning:  # one learns, the others wait for what it has learned
            at, pace = self._learned.get(stage, (float("-inf"), Pace(0, None, None)))
            fresh = LEARNED_SECONDS if pace.jobs >= ENOUGH else TOO_LITTLE_SECONDS
            if time.monotonic() - at > fresh:
                async with self._sessions() as session:
                    pace = await figures.pace(session, stage)
                self._learned[stage] = (time.monotonic(), pace)
            return pace


def estimate(pace: Pace, media_ms: int) -> float | None:
    """Seconds of work for media of a length; 0: of unknown length."""
    if pace.jobs < ENOUGH:
        return None
    if media_ms and pace.per_media is not None:
        return pace.per_media * media_ms / 1000
    return pace.seconds
