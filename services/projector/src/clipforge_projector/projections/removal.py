"""Objects that nobody refers to any more: listed, requested, gone; or referred to again."""

from collections.abc import Iterable

from sqlmodel import col, delete, update
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import ObjectsRemoved, RemovalRequested
from clipforge_catalog.tables import Removal
from clipforge_runtime.bus import Entry


def folder(key: str) -> str:
    """The key of all that lies beside an object."""
    return key.rpartition("/")[0] + "/"


async def due(session: AsyncSession, keys: Iterable[str], entry: Entry) -> None:
    """Nobody refers to these any more."""
    for key in keys:
        await session.merge(Removal(key=key, sequence=entry.sequence, decided_at=entry.time))


async def wanted(session: AsyncSession, *keys: str) -> None:
    """Somebody refers to these again. A removal that runs sees that they are newer: they stay."""
    await session.exec(delete(Removal).where(col(Removal.key).in_(keys)))


async def requested(session: AsyncSession, fact: RemovalRequested, entry: Entry) -> None:
    await session.exec(
        update(Removal)
        .where(col(Removal.key).in_(fact.keys))
        .values(removal_id=fact.removal_id, requested_at=entry.time)
    )


async def removed(session: AsyncSession, fact: ObjectsRemoved, _: Entry) -> None:
    await session.exec(delete(Removal).where(col(Removal.removal_id) == fact.removal_id))
