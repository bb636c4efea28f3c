"""Clips of a project. What its owner has deleted is not among them."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, func, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import MAX_PAGE, Cursor, Page, cut
from clipforge_catalog.tables import Clip


async def get(session: AsyncSession, tenant: str, clip: str) -> Clip | None:
    statement = select(Clip).where(Clip.id == clip, Clip.tenant_id == tenant, _is_there())
    return (await session.exec(statement)).first()


async def with_deleted(session: AsyncSession, tenant: str, clip: str) -> Clip | None:
    """The clip, also where it has been deleted."""
    statement = select(Clip).where(Clip.id == clip, Clip.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def among(session: AsyncSession, tenant: str, clips: Sequence[str]) -> dict[str, Clip]:
    """Those of some ids that the tenant has."""
    statement = select(Clip).where(col(Clip.id).in_(clips), Clip.tenant_id == tenant, _is_there())
    return {row.id: row for row in (await session.exec(statement)).all()}


async def of_project(
    session: AsyncSession,
    tenant: str,
    project: str,
    *,
    by_time: bool = False,
    after: Cursor | None = None,
    limit: int = 20,
) -> Page[Clip]:
    """Best first, those made by hand last; or in the order of the film."""
    limit = min(limit, MAX_PAGE)
    order = col(Clip.start_ms) if by_time else col(Clip.rank)
    statement = select(Clip).where(Clip.project_id == project, Clip.tenant_id == tenant)
    if after is not None:
        statement = statement.where(tuple_(order, col(Clip.id)) > (after.sequence, after.id))
    statement = statement.where(_is_there()).order_by(order, col(Clip.id)).limit(limit + 1)
    rows = list((await session.exec(statement)).all())
    return cut(rows, limit, lambda last: Cursor(last.start_ms if by_time else last.rank, last.id))


def number_of(project: Any) -> Any:
    """How many clips the project of a row has, as a column of a query over projects."""
    statement = select(func.count()).where(Clip.project_id == project, _is_there())
    return statement.correlate_except(Clip).scalar_subquery()


async def count(session: AsyncSession, projects: Sequence[str]) -> dict[str, int]:
    """How many clips each of some projects has, in one query."""
    if not projects:
        return {}
    statement = (
        select(Clip.project_id, func.count())
        .where(col(Clip.project_id).in_(projects), _is_there())
        .group_by(col(Clip.project_id))
    )
    return dict((await session.exec(statement)).all())


def _is_there() -> Any:
    return col(Clip.deleted_at).is_(None)
