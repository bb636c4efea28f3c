"""Objects that nobody refers to any more: listed, requested, gone; or referred to again."""

from collections.abc import Iterable
from typing import Final

from sqlmodel import col, delete, update
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import ObjectsRemoved, RemovalRequested
from clipforge_catalog.queries import projects
from clipforge_catalog.tables import Removal, Walk
from clipforge_runtime.bus import Entry

UPLOADS: Final = "uploads"  # the kind of their walk


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


async def removed(session: AsyncSession, fact: ObjectsRemoved, entry: Entry) -> None:
    """What was kept stays listed: it is asked for again once its writer must have spoken."""
    await session.exec(
        delete(Removal).where(
            col(Removal.removal_id) == fact.removal_id, col(Removal.key).not_in(fact.kept_keys)
        )
    )
    if fact.uploads_seen:
        await session.merge(Walk(kind=UPLOADS, reached=fact.uploads_reached))
        claimed = await projects.uploads_in_use(
            session, [folder + "source" for folder in fact.completed_uploads]
        )
        unclaimed = [one for one in fact.completed_uploads if one + "source" not in claimed]
        await due(session, unclaimed, entry)
