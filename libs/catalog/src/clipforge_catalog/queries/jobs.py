"""Jobs: what the queues have completed and failed."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from sqlmodel import col, func, or_, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import Job, JobCount, JobState, Position
from clipforge_contracts import subjects
from clipforge_contracts.pipeline import PIPELINE


async def get(session: AsyncSession, job: str, tenant: str) -> Job | None:
    statement = select(Job).where(Job.id == job, Job.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def outstanding(session: AsyncSession, tenant: str, *, at_most: int) -> tuple[int, int]:
    """How far rows are true to the log (0: not at all), and how many jobs of a tenant wait or run.

    Counting ends at `at_most`, so a tenant with many jobs costs no more than that.
    """
    applied = select(Position.seq).where(Position.stream == subjects.STREAM).scalar_subquery()
    unfinished = (
        select(Job.id)
        .where(
            # Named, as jobs_by_state begins with it. What is told to webhooks may wait for days.
            col(Job.stage).in_([stage.name for stage in PIPELINE if not stage.apart]),
            Job.state == JobState.WAITING,
            Job.tenant_id == tenant,
        )
        .limit(at_most)
        .subquery()
    )
    statement = select(applied, select(func.count()).select_from(unfinished).scalar_subquery())
    position, number = (await session.exec(statement)).one()
    return int(position or 0), int(number)


async def latest(session: AsyncSession, project: str, stage: str, about: str) -> str | None:
    """The job of a stage for a project or an export: its latest replay."""
    statement = (
        select(Job.id)
        .where(Job.project_id == project, Job.stage == stage, Job.about == about)
        .order_by(col(Job.replay).desc())
    )
    return (await session.exec(statement.limit(1))).first()


async def count(session: AsyncSession) -> dict[str, Counter[str]]:
    """How many jobs are in each state, by stage."""
    found: dict[str, Counter[str]] = {}
    for (stage, _), states in (await count_by_priority(session)).items():
        found.setdefault(stage, Counter()).update(states)
    return found


async def count_by_priority(session: AsyncSession) -> dict[tuple[str, str], Counter[str]]:
    """How many jobs are in each state, by stage and priority."""
    by = (col(JobCount.stage), col(JobCount.priority), col(JobCount.state))
    statement = select(*by, func.sum(JobCount.number)).group_by(*by)
    found: dict[tuple[str, str], Counter[str]] = {}
    for stage, priority, state, number in (await session.exec(statement)).all():
        if number:
            found.setdefault((stage, priority), Counter())[state] = int(number)
    return found


async def history(
    session: AsyncSession,
    *,
    tenant: str | None,
    stage: str | None = None,
    project: str | None = None,
    state: JobState | None = None,
    among: Collection[str] | None = None,
    or_of: Collection[tuple[str, str]] = (),
    without: Collection[str] = (),
    and_not_of: Collection[tuple[str, str]] = (),
    after: Cursor | None = None,
    limit: int = 20,
) -> Page[Job]:
    """Jobs, newest first. `tenant` None: of all; `among` and `without` are ids of jobs;
    `or_of` and `and_not_of` are stages with a priority.
    """
    where: list[Any] = []
    if tenant is not None:
        where.append(col(Job.tenant_id) == tenant)
    if stage is not None:
        where.append(col(Job.stage) == stage)
    if project is not None:
        where.append(col(Job.project_id) == project)
    if state is not None:
        where.append(col(Job.state) == state)
    class_of = tuple_(col(Job.stage), col(Job.priority))
    if among is not None:
        where.append(or_(col(Job.id).in_(among), class_of.in_(list(or_of))))
    if without:
        where.append(col(Job.id).not_in(without))
    if and_not_of:
        where.append(class_of.not_in(list(and_not_of)))
    return await page(session, Job, *where, after=after, limit=limit)
