"""Where the tables stand in the log, and whether the log is still the one that they stand in."""

import logging
from datetime import datetime

from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Job, JobState, Position
from clipforge_contracts import subjects
from clipforge_runtime.bus import Reader

log = logging.getLogger(__name__)


class SteppedDown(Exception):
    """Another projector has moved the position: this one must stop writing."""


async def position_in(sessions: Sessions, log_: Reader) -> tuple[str, int]:
    """Which log this is, and where to go on in it.

    A log made anew, or restored from a backup, is read from its beginning, over the rows there are;
    what waits then waits for a message of unknown sequence, until it is met again.
    """
    incarnation = await log_.incarnation()
    kept = await kept_position(sessions, log_)
    async with sessions.begin() as session:
        found = await session.get(Position, subjects.STREAM)
        if found is None:
            session.add(Position(stream=subjects.STREAM, incarnation=incarnation, seq=0))
        elif kept is None:
            log.warning("the log is another one now: reading it from its beginning")
            found.incarnation, found.seq, found.at = incarnation, 0, None
            await session.exec(
                update(Job).where(col(Job.state) == JobState.WAITING).values(cause_sequence=0)
            )
    return incarnation, kept or 0


async def kept_position(sessions: Sessions, log_: Reader) -> int | None:
    """Up to where the tables are true in this very log; None where they stand in another one.

    A log whose folder was copied back says to be the same, and its sequences have been given to
    other messages since. So the message at our place must have come when ours came.
    """
    async with sessions() as session:
        found = await session.get(Position, subjects.STREAM)
    if found is None:
        return 0
    if found.incarnation != await log_.incarnation() or found.seq > await log_.last_sequence():
        return None
    stored_at = await log_.stored_at(found.seq) if found.at is not None else None
    return found.seq if stored_at in (None, found.at) else None


async def move(
    session: AsyncSession, *, incarnation: str, position: int, last: int, at: datetime
) -> None:
    """Say how far the rows are true, where nobody else has. SteppedDown where somebody has."""
    moved = await session.exec(
        update(Position)
        .where(
            col(Position.stream) == subjects.STREAM,
            col(Position.incarnation) == incarnation,
            col(Position.seq) == position,
        )
        .values(seq=last, at=at)
    )
    if moved.rowcount != 1:
        raise SteppedDown(f"position is not {position} any more")
