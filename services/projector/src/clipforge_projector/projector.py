"""The one active projector: follow the log from the position on, and apply what comes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import text
from sqlmodel import col, delete, select, update

from clipforge_catalog import tables
from clipforge_catalog.database import Sessions, engine
from clipforge_catalog.tables import Job, JobState, Position
from clipforge_contracts import subjects
from clipforge_projector.apply import apply
from clipforge_runtime.bus import Entry, Reader

log = logging.getLogger(__name__)

LOCK: Final = 0x636C6970  # "clip": the advisory lock of the active projector
POSITION: Final = Gauge("clipforge_projector_position", "Sequence up to which rows are true")
ACTIVE: Final = Gauge("clipforge_projector_active", "1 where this projector writes, 0 on standby")


class CannotRebuild(Exception):
    """The log no longer holds what a rebuild would need; the text says what to do."""


@asynccontextmanager
async def alone(database_url: str) -> AsyncGenerator[None]:
    """Wait until no other projector is active, and be the active one for the body.

    The lock lives and dies with its connection, so a dead projector frees it at once.
    """
    pool = engine(database_url, pool_size=1)
    try:
        async with pool.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            # This wait may take for ever; the pool's own statement timeout must not end it.
            await connection.execute(text("SET statement_timeout = 0"))
            await connection.execute(text("SET lock_timeout = 0"))
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            ACTIVE.set(1)
            yield
    finally:
        ACTIVE.set(0)
        await pool.dispose()


async def position_in(sessions: Sessions, log_: Reader) -> tuple[str, int]:
    """Which log this is, and where to go on in it.

    A log made anew, or restored from a backup, is read from its beginning, over the rows there are;
    what waits then waits for a message of unknown sequence, until it is met again.
    """
    incarnation = await log_.incarnation()
    last = await log_.last_sequence()
    async with sessions.begin() as session:
        found = await session.get(Position, subjects.STREAM)
        if found is None:
            session.add(Position(stream=subjects.STREAM, incarnation=incarnation, seq=0))
            return incarnation, 0
        if found.incarnation != incarnation or found.seq > last:
            log.warning("the log is another one now: reading it from its beginning")
            found.incarnation, found.seq = incarnation, 0
            await session.exec(
                update(Job).where(col(Job.state) == JobState.WAITING).values(cause_sequence=0)
            )
        return incarnation, found.seq


async def project(
    sessions: Sessions,
    log_: Reader,
    *,
    batch: int,
    until: int | None = None,
    on_facts: Callable[[Sequence[Entry]], None] = lambda entries: None,
) -> int:
    """Apply facts for ever, or up to a sequence; the position reached. `on_facts` hears of each."""
    incarnation, position = await position_in(sessions, log_)
    if until is not None and position >= until:
        return position
    async for entries in _batches(log_.follow(after=position), batch):
        position = await apply(sessions, entries, incarnation=incarnation, position=position)
        POSITION.set(position)
        on_facts(entries)
        if until is not None and position >= until:
            break
    return position


async def rebuild(sessions: Sessions, log_: Reader, *, batch: int, from_nothing: bool) -> int:
    """Bring restored tables, or empty ones, up to the log's end. CannotRebuild says why not."""
    first, last = await log_.first_sequence(), await log_.last_sequence()
    if from_nothing:
        if first > 1:
            raise CannotRebuild(
                f"The log begins at {first}, not at 1: its oldest facts have expired. "
                "Restore a backup of the tables, then run `rebuild` without --from-nothing."
            )
        await _empty(sessions)
    _, position = await position_in(sessions, log_)
    if position + 1 < first:
        raise CannotRebuild(
            f"These tables end at {position}, and the log begins at {first}: what lies between "
            "has expired. Restore a newer backup of the tables."
        )
    facts = await _last_fact(log_, position, last)
    return await project(sessions, log_, batch=batch, until=facts)


async def _last_fact(log_: Reader, position: int, last: int) -> int:
    """The newest sequence that a follower of facts will see: retries lie between facts."""
    newest = position
    if last <= position:
        return newest
    reading = log_.follow(after=position)
    with contextlib.suppress(TimeoutError):
        while newest < last:
            async with asyncio.timeout(5):
                newest = (await anext(reading)).sequence
    return newest


async def _empty(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for table in (
            tables.Clip,
            tables.Export,
            tables.Job,
            tables.Transcript,
            tables.Project,
            tables.Asset,
            tables.ApiKey,
            tables.Tenant,
            tables.Usage,
            tables.Removal,
            tables.Position,
        ):
            await session.exec(delete(table))


async def _batches(entries: AsyncIterator[Entry], size: int) -> AsyncGenerator[list[Entry]]:
    """What has arrived, up to `size` at a time; never waits while something is in hand."""
    arrived: asyncio.Queue[Entry] = asyncio.Queue(maxsize=size)

    async def read() -> None:
        async for entry in entries:
            await arrived.put(entry)

    reading = asyncio.create_task(read())
    try:
        while True:
            first = asyncio.create_task(arrived.get())
            await asyncio.wait((first, reading), return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                first.cancel()
                reading.result()  # raises what ended the reading
                return
            batch = [first.result()]
            while len(batch) < size and not arrived.empty():
                batch.append(arrived.get_nowait())
            yield batch
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading


async def removals(sessions: Sessions, limit: int = 100) -> list[str]:
    """Keys of objects that may go."""
    async with sessions() as session:
        statement = select(tables.Removal.key).order_by(col(tables.Removal.sequence)).limit(limit)
        return list((await session.exec(statement)).all())
