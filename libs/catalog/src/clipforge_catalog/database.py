"""How to open the database: one pool a process, with timeouts everywhere."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from prometheus_client import Gauge
from sqlalchemy import event
from sqlalchemy.exc import InterfaceError, InvalidatePoolError, OperationalError, TimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlmodel.ext.asyncio.session import AsyncSession

Sessions = async_sessionmaker[AsyncSession]

POOL_SIZE: Final = 20  # connections an instance, at most (product.md S1)
POOL_SECONDS: Final = 10  # to wait for a free one
CONNECT_SECONDS: Final = 5
STATEMENT_MS: Final = 10_000
IDLE_SECONDS: Final = 1.0  # after which it is asked whether a connection still lives
IN_USE: Final = Gauge(
    "clipforge_database_connections_in_use", "Connections of this process that somebody holds"
)
LIMIT: Final = Gauge(
    "clipforge_database_connections_limit", "Connections that this process may hold at once"
)
# The server's side of a connection. A client that has gone without a word, with its node or in the
# network, leaves a transaction that keeps rows locked, or the lock of the active projector: both
# are free again after seconds, where the server's own settings say hours or never.
_SESSION: Final = {
    "statement_timeout": STATEMENT_MS,
    "lock_timeout": STATEMENT_MS,
    "idle_in_transaction_session_timeout": STATEMENT_MS,
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
}
# What a query raises while the database is away, is being started, or is too busy to answer.
AWAY: Final = (OperationalError, InterfaceError, TimeoutError)


def with_driver(url: str) -> str:
    """The address as SQLAlchemy wants it: with psycopg named."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def engine(url: str, *, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """A pool of at most `pool_size` connections."""
    made = create_async_engine(
        with_driver(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_recycle=1800,
        # An error names its statement and not what it was about: words of a film stay out of logs.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            # A server that has gone without a word is known to be gone in 25 s, not in hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
            "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
        },
    )
    _look_at_idle_ones(made)
    return made


def _look_at_idle_ones(made: AsyncEngine) -> None:
    """Use no connection that has died while nobody used it: with one, all that are older go.

    Asked before each use, as `pool_pre_ping` does, it costs a short query as much again. One that
    dies in use fails its query, and the pool forgets all that are older then, too.
    """
    engine_ = made.sync_engine

    def look(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("used", time.monotonic()) < IDLE_SECONDS:
            return
        try:
            engine_.dialect.do_ping(connection)
        except engine_.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError("it died while nobody used it") from error

    def used(_: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    event.listen(engine_, "checkout", look)
    event.listen(engine_, "checkin", used)


def reading(sessions: Sessions) -> Sessions:
    """Sessions on the same pool for who only reads: each statement is its own transaction.

    Beginning and ending one would take two more ways to the server. Statements see what is
    committed when they begin, as those of a transaction do here (READ COMMITTED).
    """
    bind: AsyncEngine = sessions.kw["bind"]
    return async_sessionmaker(
        bind.execution_options(isolation_level="AUTOCOMMIT"),
        class_=AsyncSession,
        expire_on_commit=False,
    )


async def in_transaction(session: AsyncSession) -> None:
    """Of sessions for reading: keep what follows together, such as a `SET LOCAL`."""
    await session.connection(execution_options={"isolation_level": "READ COMMITTED"})


@asynccontextmanager
async def open_database(url: str, *, pool_size: int = POOL_SIZE) -> AsyncGenerator[Sessions]:
    """Sessions on one pool, closed at the end."""
    pool = engine(url, pool_size=pool_size)
    _open.add(pool)
    try:
        yield async_sessionmaker(pool, class_=AsyncSession, expire_on_commit=False)
    finally:
        _open.discard(pool)
        await pool.dispose()


_open: Final[set[AsyncEngine]] = set()


def _pools() -> list[QueuePool]:
    """Those that are open when somebody asks."""
    return [one.pool for one in tuple(_open) if isinstance(one.pool, QueuePool)]


IN_USE.set_function(lambda: sum(pool.checkedout() for pool in _pools()))
LIMIT.set_function(lambda: sum(pool.size() for pool in _pools()))
