"""Exports of a tenant or a project."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import Export


async def get(session: AsyncSession, tenant: str, export: str) -> Export | None:
    statement = select(Export).where(Export.id == export, Export.tenant_id == tenant)
    return (await session.exec(statement)).first()


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
