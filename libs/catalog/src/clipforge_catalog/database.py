"""How to open the database: one pool a process, with timeouts everywhere."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import Gauge
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlmodel.ext.asyncio.session import AsyncSession

Sessions = async_sessionmaker[AsyncSession]

POOL_SIZE: Final = 20  # connections an instance, at most (product.md S1)
POOL_SECONDS: Final = 10  # to wait for a free one
CONNECT_SECONDS: Final = 5
STATEMENT_MS: Final = 10_000
IN_USE: Final = Gauge(
    "clipforge_database_connections_in_use", "Connections of this process that somebody holds"
)
LIMIT: Final = Gauge(
    "clipforge_database_connections_limit", "Connections that this process may hold at once"
)
# What a query raises while the database is away, is being started, or is too busy to answer.
AWAY: Final = (OperationalError, InterfaceError, TimeoutError)


def with_driver(url: str) -> str:
    """The address as SQLAlchemy wants it: with psycopg named."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def engine(url: str, *, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """A pool of at most `pool_size` connections."""
    return create_async_engine(
        with_driver(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            # A server that has gone without a word is known to be gone in 25 s, not in hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
            "options": f"-c statement_timeout={STATEMENT_MS} -c lock_timeout={STATEMENT_MS}",
        },
    )


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
