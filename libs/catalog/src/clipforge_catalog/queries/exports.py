"""Exports of a tenant or a project."""

from collections.abc import Collection
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import Batch, Export, JobState


async def get(session: AsyncSession, tenant: str, export: str) -> Export | None:
    statement = select(Export).where(Export.id == export, Export.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def of_clips(session: AsyncSession, tenant: str, clips: Collection[str]) -> dict[str, str]:
    """The states of the clips' exports by their ids: the newest hundred of each."""
    statement = (
        select(Export.id, Export.state)
        .where(col(Export.clip_id).in_(clips), Export.tenant_id == tenant)
        .order_by(col(Export.sequence).desc())
    )
    return dict((await session.exec(statement.limit(100 * len(clips)))).all())


async def of_tenant(
    session: AsyncSession,
    tenant: str,
    *,
    project: str | None = None,
    clip: str | None = None,
    state: str | None = None,
    among: Collection[str] | None = None,
    after: Cursor | None = None,
    limit: int = 20,
) -> Page[Export]:
    """Newest first. `among`: of these ids."""
    where = [col(Export.tenant_id) == tenant]
    if project is not None:
        where.append(col(Export.project_id) == project)
    if clip is not None:
        where.append(col(Export.clip_id) == clip)
    if state is not None:
        where.append(col(Export.state) == state)
    if among is not None:
        where.append(col(Export.id).in_(among))
    return await page(session, Export, *where, after=after, limit=limit)


async def batch(session: AsyncSession, tenant: str, batch_id: str) -> Batch | None:
    statement = select(Batch).where(Batch.id == batch_id, Batch.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def states(session: AsyncSession, tenant: str, ids: Collection[str]) -> dict[str, str]:
    """Of some exports, as far as there are rows of them."""
    statement = select(Export.id, Export.state).where(
        col(Export.id).in_(ids), Export.tenant_id == tenant
    )
    return dict((await session.exec(statement)).all())


async def owners(session: AsyncSession, tenant: str, ids: Collection[str]) -> dict[str, str]:
    """The projects of some exports that wait."""
    statement = select(Export.id, Export.project_id).where(
        col(Export.id).in_(ids), Export.tenant_id == tenant, Export.state == JobState.WAITING
    )
    return dict((await session.exec(statement)).all())


def clip_key() -> Any:
    """Where the clip of an export lies, for a condition; none: it has none."""
    return col(Export.record)["objects", "clip_key"].astext


def key_of(export: Export) -> str:
    """Where the clip of a completed export lies. The same key: the same files."""
    key: str = export.record["objects"]["clip_key"]
    return key
