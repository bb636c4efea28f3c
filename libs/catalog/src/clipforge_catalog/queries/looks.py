"""Brand kits, caption styles and presets of a tenant, and what they were before."""

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import Look, LookVersion


async def get(session: AsyncSession, tenant: str, look: str) -> Look | None:
    statement = select(Look).where(Look.id == look, Look.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def of_tenant(
    session: AsyncSession, tenant: str, kind: str, *, after: Cursor | None = None, limit: int = 20
) -> Page[Look]:
    """Those of one kind, newest first."""
    return await page(
        session,
        Look,
        col(Look.tenant_id) == tenant,
        col(Look.kind) == kind,
        after=after,
        limit=limit,
    )


async def count(session: AsyncSession, tenant: str, kind: str) -> int:
    statement = (
        select(func.count()).select_from(Look).where(Look.tenant_id == tenant, Look.kind == kind)
    )
    return int((await session.exec(statement)).one())


async def versions(
    session: AsyncSession,
    tenant: str,
    look: str,
    *,
    after: Cursor | None = None,
    limit: int = 20,
) -> Page[LookVersion]:
    """Newest first."""
    return await page(
        session,
        LookVersion,
        col(LookVersion.tenant_id) == tenant,
        col(LookVersion.look_id) == look,
        after=after,
        limit=limit,
    )
