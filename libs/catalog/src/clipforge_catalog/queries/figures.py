"""What past jobs tell of a queue: how many an hour, how long each takes, whose they are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Float, cast
from sqlmodel import and_, case, col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import MAX_PAGE, Cursor, Page, cut
from clipforge_catalog.tables import Asset, Clip, Export, Job, JobCount, JobState, Project

SAMPLES: Final = 200  # of the newest jobs, to learn from: some days of a small installation


@dataclass(frozen=True)
class Figures:
    """Of the jobs that a stage has completed since a moment. Seconds are those of work."""

    completed: int
    mean_seconds: float | None  # None: nothing was completed, or nothing that was worked on
    p95_seconds: float | None


@dataclass(frozen=True)
class Pace:
    """How long jobs of a stage take."""

    jobs: int  # learned from
    per_media: float | None  # seconds of work a second of film: the median; None: not known
    seconds: float | None  # of work a job: the median


@dataclass(frozen=True)
class Share:
    """One tenant's part of a queue."""

    tenant: str
    outstanding: int  # waiting, active, delayed or deferred
    completed: int
    failed: int


async def of_stages(session: AsyncSession, since: datetime) -> Mapping[str, Figures]:
    """By stage. A result from the cache counts as completed, and its duration not at all."""
    return await _figures(session, col(Job.stage), _completed(since))


async def of_tenants(
    session: AsyncSession, stage: str, tenants: Collection[str], since: datetime
) -> Mapping[str, Figures]:
    """The same of one stage, by tenant."""
    theirs = and_(col(Job.stage) == stage, col(Job.tenant_id).in_(tenants))
    return await _figures(session, col(Job.tenant_id), and_(_completed(since), theirs))


async def oldest_of_tenants(
    session: AsyncSession, stage: str, tenants: Collection[str]
) -> Mapping[str, datetime]:
    """Since when the oldest job of each tenant waits, or waited before it began; none: left out."""
    statement = (
        select(Job.tenant_id, func.min(Job.waiting_since))
        .where(
            Job.stage == stage,
            Job.state == JobState.WAITING,
            col(Job.tenant_id).in_(tenants),
        )
        .group_by(col(Job.tenant_id))
    )
    return dict((await session.exec(statement)).all())


async def pace(session: AsyncSession, stage: str) -> Pace:
    """Learn from the newest jobs of a stage: medians, which one odd film does not move.

    An export's media is its clip, every other stage's the film.
    """
    worked = func.extract("epoch", col(Job.finished_at) - col(Job.began_at))
    clip_ms = cast(Export.record["duration_ms"].astext, BigInteger)
    film_ms = cast(Asset.media["duration_ms"].astext, BigInteger)
    newest = (
        select(
            cast(worked, Float).label("seconds"),
            (func.coalesce(clip_ms, film_ms) / 1000.0).label("media"),
        )
        .select_from(Job)
        .join(Project, col(Project.id) == col(Job.project_id))
        .join(Asset, col(Asset.id) == col(Project.asset_id))
        .join(Export, col(Export.id) == col(Job.about), isouter=True)
        .where(
            Job.stage == stage,
            Job.state == JobState.COMPLETED,
            col(Job.cached).is_(False),
            col(Job.began_at).is_not(None),
        )
        .order_by(col(Job.finished_at).desc())
        .limit(SAMPLES)
        .subquery()
    )
    ratio = case((newest.c.media > 0, newest.c.seconds / newest.c.media))
    statement = select(
        func.count(),
        func.percentile_cont(0.5).within_group(ratio),
        func.percentile_cont(0.5).within_group(newest.c.seconds),
    ).select_from(newest)
    number, per_media, seconds = (await session.exec(statement)).one()
    return Pace(int(number), _float(per_media), _float(seconds))


async def lengths(session: AsyncSession, jobs: Collection[str]) -> dict[str, tuple[str, int]]:
    """Of each job its stage, and how long its media is in ms: its clip, or the film; 0: unknown."""
    film_ms = cast(Asset.media["duration_ms"].astext, BigInteger)
    clip_ms = col(Clip.end_ms) - col(Clip.start_ms)
    statement = (
        select(Job.id, Job.stage, func.coalesce(clip_ms, film_ms, 0))
        .select_from(Job)
        .join(Project, col(Project.id) == col(Job.project_id))
        .join(Asset, col(Asset.id) == col(Project.asset_id), isouter=True)
        .join(Export, col(Export.id) == col(Job.about), isouter=True)
        .join(Clip, col(Clip.id) == col(Export.clip_id), isouter=True)
        .where(col(Job.id).in_(jobs))
    )
    return {job: (stage, int(ms)) for job, stage, ms in (await session.exec(statement)).all()}


async def by_tenant(
    session: AsyncSession, stage: str, *, after: Cursor | None, limit: int
) -> Page[Share]:
    """Those with the most work outstanding first: that is what a cursor's sequence counts."""
    limit = min(limit, MAX_PAGE)

    waiting, completed, failed = (
        func.sum(case((col(JobCount.state) == state, JobCount.number), else_=0))
        for state in (JobState.WAITING, JobState.COMPLETED, JobState.FAILED)
    )
    statement = (
        select(JobCount.tenant_id, waiting, completed, failed)
        .where(JobCount.stage == stage)
        .group_by(col(JobCount.tenant_id))
        .having(func.sum(JobCount.number) > 0)
        .order_by(waiting.desc(), col(JobCount.tenant_id))
        .limit(limit + 1)
    )
    if after is not None:
        further = and_(waiting == after.sequence, col(JobCount.tenant_id) > after.id)
        statement = statement.having(or_(waiting < after.sequence, further))
    shares = [
        Share(tenant, *map(int, numbers))
        for tenant, *numbers in (await session.exec(statement)).all()
    ]
    return cut(shares, limit, lambda last: Cursor(max(last.outstanding, 0), last.tenant))


def _completed(since: datetime) -> Any:
    return and_(col(Job.finished_at) >= since, col(Job.state) == JobState.COMPLETED)


async def _figures(session: AsyncSession, by: Any, which: Any) -> Mapping[str, Figures]:
    worked = func.extract("epoch", col(Job.finished_at) - col(Job.began_at))
    real = case((col(Job.cached).is_(False), worked))
    p95 = func.percentile_cont(0.95).within_group(real)
    statement = select(by, func.count(), func.avg(real), p95).where(which).group_by(by)
    return {
        key: Figures(number, _float(mean), _float(slow))
        for key, number, mean, slow in (await session.exec(statement)).all()
    }


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)
