"""Tenants, for operators."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import MAX_PAGE, Cursor, Page
from clipforge_catalog.tables import Tenant


async def get(session: AsyncSession, tenant: str) -> Tenant | None:
    return await session.get(Tenant, tenant)


async def every(session: AsyncSession, *, after: Cursor | None, limit: int) -> Page[Tenant]:
    """By id: a tenant has no place in the log's order, as it is stated again when it changes."""
    limit = min(limit, MAX_PAGE)
    statement = select(Tenant).order_by(col(Tenant.id)).limit(limit + 1)
    if after is not None:
        statement = statement.where(col(Tenant.id) > after.id)
    rows = list((await session.exec(statement)).all())
    return Page(rows[:limit], Cursor(0, rows[limit - 1].id) if len(rows) > limit else None)
