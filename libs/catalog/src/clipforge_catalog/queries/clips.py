"""Clips of a project."""

from collections.abc import Sequence

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.tables import Clip

MAX_CLIPS = 100  # a detection states at most 50


async def get(session: AsyncSession, tenant: str, clip: str) -> Clip | None:
    statement = select(Clip).where(Clip.id == clip, Clip.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def of_project(
    session: AsyncSession, tenant: str, project: str, *, by_time: bool = False
) -> Sequence[Clip]:
    """Best first, or in the order of the film."""
    statement = select(Clip).where(Clip.project_id == project, Clip.tenant_id == tenant)
    order = col(Clip.start_ms) if by_time else col(Clip.rank)
    return (await session.exec(statement.order_by(order, col(Clip.id)).limit(MAX_CLIPS))).all()


async def count(session: AsyncSession, projects: Sequence[str]) -> dict[str, int]:
    """How many clips each of some projects has, in one query."""
    if not projects:
        return {}
    statement = (
        select(Clip.project_id, func.count())
        .where(col(Clip.project_id).in_(projects))
        .group_by(col(Clip.project_id))
    )
    return dict((await session.exec(statement)).all())
