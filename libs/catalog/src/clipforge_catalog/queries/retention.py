"""What is to go by the clock: films and exports whose time is over, and objects to remove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import case, col, func, or_, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, cut
from clipforge_catalog.tables import Export, Job, JobState, Project, Removal, Tenant
from clipforge_contracts.plans import Plan

Retention = Mapping[Plan, timedelta]


@dataclass(frozen=True)
class Expiry:
    """A film or, where there is an export, its files; and when it is due."""

    project: Project
    export: Export | None
    at: datetime


@dataclass(frozen=True)
class Backlog:
    """What is due in each step of letting go, and nobody has done."""

    films: int
    exports: int
    removals: int  # objects that nobody refers to any more
    requested: int  # of these: a worker has been asked to remove them
    oldest_removal_at: datetime | None


async def films(
    session: AsyncSession, retention: Retention, *, by: datetime, limit: int
) -> Sequence[Project]:
    """Finished projects whose film is to go by a time, none of whose work waits; oldest first."""
    statement = _films(retention, by).order_by(col(Project.finished_at)).limit(limit)
    return [project for project, _ in (await session.exec(statement)).all()]


async def exports(
    session: AsyncSession, retention: Retention, *, by: datetime, limit: int
) -> Sequence[tuple[Export, Project]]:
    """Exports whose files are to go by a time, and their projects; oldest first."""
    statement = _exports(retention, by).order_by(col(Export.finished_at)).limit(limit)
    return [(export, project) for export, project, _ in (await session.exec(statement)).all()]


async def next_films(
    session: AsyncSession,
    retention: Retention,
    *,
    by: datetime,
    tenant: str | None,
    after: Cursor | None,
    limit: int,
) -> Page[Expiry]:
    """The same in pages, as they are due; of one tenant or, None, of all."""
    statement = _next(Project, _films(retention, by), retention, tenant, after)
    found = (await session.exec(statement.limit(limit + 1))).all()
    return _page([Expiry(project, None, at) for project, at in found], limit)


async def next_exports(
    session: AsyncSession,
    retention: Retention,
    *,
    by: datetime,
    tenant: str | None,
    after: Cursor | None,
    limit: int,
) -> Page[Expiry]:
    """Exports in pages, as they are due; of one tenant or, None, of all."""
    statement = _next(Export, _exports(retention, by), retention, tenant, after)
    found = (await session.exec(statement.limit(limit + 1))).all()
    return _page([Expiry(project, export, at) for export, project, at in found], limit)


async def backlog(session: AsyncSession, retention: Retention, *, now: datetime) -> Backlog:
    """How much is due and not done."""
    numbers = [
        (await session.exec(select(func.count()).select_from(of.subquery()))).one()
        for of in (_films(retention, now), _exports(retention, now))
    ]
    statement = select(
        func.count(), func.count(col(Removal.requested_at)), func.min(Removal.decided_at)
    )
    removals, requested, oldest = (await session.exec(statement)).one()
    return Backlog(numbers[0], numbers[1], removals, requested, oldest)


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


def _films(retention: Retention, by: datetime) -> Any:
    waits = select(Job.id).where(
        col(Job.project_id) == col(Project.id), col(Job.state) == JobState.WAITING
    )
    return (
        select(Project, _due(retention, col(Project.finished_at)))
        .outerjoin(Tenant, col(Tenant.id) == col(Project.tenant_id))
        .where(
            col(Project.expired_at).is_(None),
            col(Project.finished_at) < _latest(retention, by),
            ~waits.exists(),
        )
    )


def _exports(retention: Retention, by: datetime) -> Any:
    return (
        select(Export, Project, _due(retention, col(Export.finished_at)))
        .join(Project, col(Project.id) == col(Export.project_id))
        .outerjoin(Tenant, col(Tenant.id) == col(Project.tenant_id))
        .where(
            col(Export.state) == JobState.COMPLETED,
            col(Export.finished_at) < _latest(retention, by),
        )
    )


def _next(
    table: type[Project] | type[Export],
    statement: Any,
    retention: Retention,
    tenant: str | None,
    after: Cursor | None,
) -> Any:
    """Those of a tenant behind a place, in the order in which they are due."""
    due, id_ = _due(retention, col(table.finished_at)), col(table.id)
    if tenant is not None:
        statement = statement.where(col(table.tenant_id) == tenant)
    if after is not None:
        statement = statement.where(tuple_(due, id_) > (after.moment, after.id))
    return statement.order_by(due, id_)


def _page(found: list[Expiry], limit: int) -> Page[Expiry]:
    return cut(found, limit, lambda last: Cursor.at(last.at, (last.export or last.project).id))


def _due(retention: Retention, finished: Any) -> Any:
    plan = func.coalesce(col(Tenant.plan), col(Project.plan))
    return finished + case({name.value: kept for name, kept in retention.items()}, value=plan)


def _latest(retention: Retention, by: datetime) -> object:
    """What ended before this is due, by the plan that the tenant has today."""
    plan = func.coalesce(col(Tenant.plan), col(Project.plan))
    return case({name.value: by - kept for name, kept in retention.items()}, value=plan)
