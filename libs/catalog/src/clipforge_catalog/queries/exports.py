"""Exports of a tenant or a project."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import Export


async def get(session: AsyncSession, tenant: str, export: str) -> Export | None:
    statement = select(Export).where(Export.id == export, Export.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def of_clip(session: AsyncSession, tenant: str, clip: str) -> dict[str, str]:
    """The states of a clip's exports by their ids: the newest hundred."""
    statement = (
        select(Export.id, Export.state)
        .where(Export.clip_id == clip, Export.tenant_id == tenant)
        .order_by(col(Export.sequence).desc())
    )
    return dict((await session.exec(statement.limit(100))).all())


async def of_tenant(
    session: AsyncSession,
    tenant: str,
    *,
    project: str | None = None,
    after: Cursor | None = None,
    limit: int = 20,
) -> Page[Export]:
    where = [col(Export.tenant_id) == tenant]
    if project is not None:
        where.append(col(Export.project_id) == project)
    return await page(session, Export, *where, after=after, limit=limit)
