"""The one active projector: follow the log from the position on, and apply what comes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import text

from clipforge_catalog import tables
from clipforge_catalog.database import Sessions, engine
from clipforge_projector.apply import apply
from clipforge_projector.position import kept_position, position_in
from clipforge_projector.room import trimmed_up_to
from clipforge_runtime.bus import Entry, Reader

log = logging.getLogger(__name__)

KEPT_BY_TRIGGERS: Final = {"job_counts"}  # tables that go along with others
LOCK: Final = 0x636C6970  # "clip": the advisory lock of the active projector
# Of a transaction, which has rows locked that the reconciler and the layout wait for. Where they
# waited for longer than a statement may take, the projector would step down, and never come on.
LONGEST_SECONDS: Final = 2.0
POSITION: Final = Gauge("clipforge_projector_position", "Sequence up to which rows are true")
ACTIVE: Final = Gauge("clipforge_projector_active", "1 where this projector writes, 0 on standby")


class CannotRebuild(Exception):
    """The log no longer holds what a rebuild would need; the text says what to do."""


class AnotherIsActive(Exception):
    """A projector writes already; the text says what to do."""


@asynccontextmanager
async def alone(database_url: str, *, wait: bool = True) -> AsyncGenerator[None]:
    """Wait until no other projector is active, and be the active one for the body.

    The lock lives and dies with its connection, so a dead projector frees it at once. Without
    `wait`, AnotherIsActive where one is.
    """
    pool = engine(database_url, pool_size=1)
    try:
        async with pool.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            # This wait may take for ever; the pool's own statement timeout must not end it.
            await connection.execute(text("SET statement_timeout = 0"))
            await connection.execute(text("SET lock_timeout = 0"))
            call = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
            got = await connection.execute(text(f"SELECT {call}(:lock)"), {"lock": LOCK})
            if got.scalar() is False:
                raise AnotherIsActive(
                    "A projector is active. Stop every projector, rebuild, and start them again."
                )
            ACTIVE.set(1)
            yield
    finally:
        ACTIVE.set(0)
        await pool.dispose()


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
        left: Sequence[Entry] = entries
        while left:
            position = await apply(
                sessions, left, incarnation=incarnation, position=position, seconds=LONGEST_SECONDS
            )
            POSITION.set(position)
            on_facts([entry for entry in left if entry.sequence <= position])
            left = [entry for entry in left if entry.sequence > position]
        if until is not None and position >= until:
            break
    return position


async def rebuild(sessions: Sessions, log_: Reader, *, batch: int, from_nothing: bool) -> int:
    """Bring restored tables, or empty ones, up to the log's end. CannotRebuild says why not."""
    first = await log_.first_sequence()
    position = 0 if from_nothing else await kept_position(sessions, log_) or 0
    if position + 1 < first:
        raise CannotRebuild(_what_is_missing(position, first))
    if position < (trimmed := await trimmed_up_to(log_)):
        raise CannotRebuild(
            f"Facts up to {trimmed} were taken from the log to make room in it, and these tables "
            f"end at {position}. Restore a backup of the tables from after that."
        )
    if from_nothing:
        await _empty(sessions)
    return await project(sessions, log_, batch=batch, until=await log_.last_fact())


def _what_is_missing(position: int, first: int) -> str:
    if position:
        return (
            f"These tables end at {position}, and the log begins at {first}: what lies between "
            "has expired. Restore a newer backup of the tables."
        )
    return (
        f"The log begins at {first}, not at 1: its oldest facts have expired. "
        "Restore a backup of the tables that was made from this log, then run `rebuild` without "
        "--from-nothing."
    )


async def _empty(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        connection = await session.connection()
        for name, table in tables.Position.metadata.tables.items():
            if name not in KEPT_BY_TRIGGERS:
                await connection.execute(table.delete())


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
