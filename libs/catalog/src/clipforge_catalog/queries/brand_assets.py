"""Files of a tenant's brand."""

from collections.abc import Collection
from typing import Any

from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import BrandAsset, Look


async def get(session: AsyncSession, tenant: str, asset: str) -> BrandAsset | None:
    statement = select(BrandAsset).where(BrandAsset.id == asset, BrandAsset.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def among(
    session: AsyncSession, tenant: str, assets: Collection[str]
) -> dict[str, BrandAsset]:
    """Those of some ids that the tenant has."""
    statement = select(BrandAsset).where(
        col(BrandAsset.id).in_(assets), BrandAsset.tenant_id == tenant
    )
    return {row.id: row for row in (await session.exec(statement)).all()}


async def of_tenant(
    session: AsyncSession, tenant: str, *, after: Cursor | None = None, limit: int = 20
) -> Page[BrandAsset]:
    return await page(
        session, BrandAsset, col(BrandAsset.tenant_id) == tenant, after=after, limit=limit
    )


async def count(session: AsyncSession, tenant: str) -> int:
    statement = select(func.count()).select_from(BrandAsset).where(BrandAsset.tenant_id == tenant)
    return int((await session.exec(statement)).one())


async def kit_with(session: AsyncSession, tenant: str, asset: str) -> Look | None:
    """A brand kit that shows this file now."""
    body: Any = Look.body
    places = (
        *(body[name]["asset"]["asset_id"] for name in ("logo", "watermark")),
        *(body[name]["asset_id"] for name in ("font", "intro", "outro")),
    )
    statement = select(Look).where(
        Look.tenant_id == tenant,
        Look.kind == "kit",
        or_(*(place.astext == asset for place in places)),
    )
    return (await session.exec(statement.limit(1))).first()
