"""API keys by their hash."""

from dataclasses import dataclass

from sqlmodel import col, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import MAX_PAGE, Cursor, Page, cut
from clipforge_catalog.tables import ApiKey, Tenant


@dataclass(frozen=True)
class Bearer:
    """Whom a key speaks for."""

    key_id: str
    tenant_id: str
    plan: str
    role: str


async def find(session: AsyncSession, hash_: bytes) -> Bearer | None:
    """The tenant and role of a key that is in use."""
    statement = (
        select(ApiKey, Tenant)
        .join(Tenant, col(Tenant.id) == col(ApiKey.tenant_id))
        .where(ApiKey.hash == hash_, col(ApiKey.revoked).is_(False))
    )
    found = (await session.exec(statement)).first()
    if found is None:
        return None
    key, tenant = found
    return Bearer(key.id, tenant.id, tenant.plan, key.role)


async def get(session: AsyncSession, tenant: str, key_id: str) -> ApiKey | None:
    """A key of this tenant, revoked or not."""
    row = await session.get(ApiKey, key_id)
    return row if row is not None and row.tenant_id == tenant else None


async def of_tenant(
    session: AsyncSession, tenant: str, *, after: Cursor | None = None, limit: int
) -> Page[ApiKey]:
    """The keys in use, oldest first."""
    limit = min(limit, MAX_PAGE)
    statement = select(ApiKey).where(ApiKey.tenant_id == tenant, col(ApiKey.revoked).is_(False))
    if after is not None:
        place = tuple_(col(ApiKey.created_at), col(ApiKey.id))
        statement = statement.where(place > (after.moment, after.id))
    statement = statement.order_by(col(ApiKey.created_at), col(ApiKey.id))
    rows = list((await session.exec(statement.limit(limit + 1))).all())
    return cut(rows, limit, lambda last: Cursor.at(last.created_at, last.id))
