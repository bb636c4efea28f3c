"""What is to go by the clock: films and exports whose time is over, and objects to remove."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import case, col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.tables import Export, Job, JobState, Project, Removal, Tenant
from clipforge_contracts.plans import Plan

Retention = Mapping[Plan, timedelta]


async def films(
    session: AsyncSession, retention: Retention, *, by: datetime, limit: int
) -> Sequence[Project]:
    """Finished projects whose film is to go by a time, none of whose work waits; oldest first."""
    waits = select(Job.id).where(
        col(Job.project_id) == col(Project.id), col(Job.state) == JobState.WAITING
    )
    statement = (
        select(Project)
        .outerjoin(Tenant, col(Tenant.id) == col(Project.tenant_id))
        .where(
            col(Project.expired_at).is_(None),
            col(Project.finished_at) < _latest(retention, by),
            ~waits.exists(),
        )
        .order_by(col(Project.finished_at))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def exports(
    session: AsyncSession, retention: Retention, *, by: datetime, limit: int
) -> Sequence[tuple[Export, Project]]:
    """Exports whose files are to go by a time, and their projects; oldest first."""
    statement = (
        select(Export, Project)
        .join(Project, col(Project.id) == col(Export.project_id))
        .outerjoin(Tenant, col(Tenant.id) == col(Project.tenant_id))
        .where(
            col(Export.state) == JobState.COMPLETED,
            col(Export.finished_at) < _latest(retention, by),
        )
        .order_by(col(Export.finished_at))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def removals(
    session: AsyncSession, *, asked_before: datetime, limit: int
) -> Sequence[Removal]:
    """Objects whose removal nobody has been asked for since a time."""
    asked = col(Removal.requested_at)
    statement = (
        select(Removal)
        .where(or_(asked.is_(None), asked < asked_before))
        .order_by(col(Removal.sequence), col(Removal.key))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


def _latest(retention: Retention, by: datetime) -> object:
    """What ended before this is due, by the plan that the tenant has today."""
    plan = func.coalesce(col(Tenant.plan), col(Project.plan))
    return case({name.value: by - kept for name, kept in retention.items()}, value=plan)
