"""Films of a tenant, by the hash of their bytes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import Asset, Project


@dataclass(frozen=True)
class Use:
    """How many projects are made of a film, and how many of them still keep it."""

    projects: int = 0
    kept_by: int = 0


async def get(session: AsyncSession, tenant: str, asset: str) -> Asset | None:
    statement = select(Asset).where(Asset.id == asset, Asset.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def of_tenant(
    session: AsyncSession, tenant: str, *, after: Cursor | None = None, limit: int = 20
) -> Page[Asset]:
    return await page(session, Asset, col(Asset.tenant_id) == tenant, after=after, limit=limit)


async def uses(session: AsyncSession, assets: Collection[str]) -> dict[str, Use]:
    """What some films are used for, in one query."""
    statement = (
        select(
            Project.asset_id,
            func.count(),
            func.count().filter(col(Project.expired_at).is_(None)),
        )
        .where(col(Project.asset_id).in_(assets))
        .group_by(col(Project.asset_id))
    )
    found = (await session.exec(statement)).all()
    return {asset: Use(number, kept) for asset, number, kept in found if asset}


async def users(session: AsyncSession, asset: str, *, limit: int) -> Sequence[str]:
    """The projects that are made of a film, newest first."""
    statement = select(Project.id).where(Project.asset_id == asset)
    ordered = statement.order_by(col(Project.sequence).desc(), col(Project.id).desc())
    return (await session.exec(ordered.limit(limit))).all()


async def last_use(session: AsyncSession, tenant: str, asset: str) -> tuple[Asset, Project] | None:
    """A film with the newest project that is made of it; of one that keeps it, where there is any.

    None: the tenant has no such film.
    """
    statement = (
        select(Asset, Project)
        .join(Project, col(Project.asset_id) == col(Asset.id))
        .where(Asset.id == asset, Asset.tenant_id == tenant, Project.tenant_id == tenant)
        .order_by(col(Project.expired_at).is_not(None), col(Project.sequence).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()
