"""When links to objects are signed: for some minutes alike, so that what holds them is, too."""

from datetime import UTC, datetime, timedelta
from typing import Final

ALIKE: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=7)  # that S3 takes
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def signing(now: datetime, expires: timedelta) -> tuple[datetime, timedelta]:
    """The time to sign with, and how long to sign for: good for `expires` from now at least.

    A link is good for half of that longer at most.
    """
    alike = min(ALIKE, timedelta(seconds=expires.total_seconds() // 2), LONGEST - expires)
    if alike <= timedelta(0):
        return now, expires
    return now - (now - EPOCH) % alike, expires + alike
