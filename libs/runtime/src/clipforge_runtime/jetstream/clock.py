"""The time as the log's server has it, whatever this machine's clock says.

Each answer about the stream tells when it was given. So what goes by the log's time, as retries and
retention do, can be said in it, and a clock that is wrong is seen.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Final

from prometheus_client import Gauge

from clipforge_contracts import subjects
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.connection import ApiError, Connection

log = logging.getLogger(__name__)

SKEW: Final = Gauge(
    "clipforge_clock_skew_seconds",
    "How far this machine's clock is ahead of the log's; below 0: behind",
)
EVERY_SECONDS: Final = 20.0
AGAIN_SECONDS: Final = 2.0  # while the log does not answer
ALLOWED_SECONDS: Final = 1.0  # design: beyond that somebody should look after it
DOUBTFUL_SECONDS: Final = 1.0  # an answer that took longer says little


class Clock:
    """The log's time, from answers of its server and a clock that does not jump."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ahead_of_steady: float | None = None  # the log's time less time.monotonic()
        self._wrong = False

    def now(self) -> datetime:
        """The log's time; this machine's, while the log has not told its own yet."""
        if self._ahead_of_steady is None:
            return datetime.now(UTC)
        return datetime.fromtimestamp(self._ahead_of_steady + time.monotonic(), UTC)

    async def true(self) -> datetime:
        """The log's time for certain. Unavailable where it has not told it."""
        if self._ahead_of_steady is None:
            await self.look()
        return self.now()

    async def keep(self) -> None:
        """Look again and again, for ever."""
        while True:
            try:
                await self.look()
                await asyncio.sleep(EVERY_SECONDS)
            except (Unavailable, ApiError) as error:
                log.debug("the log does not tell its time: %s", error)
                await asyncio.sleep(AGAIN_SECONDS)

    async def look(self) -> None:
        """Ask the log for its time."""
        asked = time.monotonic()
        info = await self._connection.api(f"STREAM.INFO.{subjects.STREAM}")
        took = time.monotonic() - asked
        if took > DOUBTFUL_SECONDS and self._ahead_of_steady is not None:
            return
        told = datetime.fromisoformat(info["ts"][:26].rstrip("Z") + "+00:00").timestamp()
        self._ahead_of_steady = told - (asked + took / 2)
        self._judge(time.time() - (self._ahead_of_steady + time.monotonic()), took / 2)

    def _judge(self, ahead: float, doubt: float) -> None:
        SKEW.set(ahead)
        wrong = abs(ahead) > ALLOWED_SECONDS + doubt
        if wrong and not self._wrong:
            log.warning(
                "this machine's clock is %.1f s %s the log's: look after its time service",
                abs(ahead),
                "ahead of" if ahead > 0 else "behind",
            )
        self._wrong = wrong
