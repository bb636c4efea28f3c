"""Jobs: what the queues have completed and failed."""

from collections import Counter

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.tables import Job, JobState, Position
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
            col(Job.stage).in_([stage.name for stage in PIPELINE]),  # jobs_by_state begins with it
            Job.state == JobState.WAITING,
            Job.tenant_id == tenant,
        )
        .limit(at_most)
        .subquery()
    )
    statement = select(applied, select(func.count()).select_from(unfinished).scalar_subquery())
    position, number = (await session.exec(statement)).one()
    return int(position or 0), int(number)


async def count(session: AsyncSession) -> dict[str, Counter[str]]:
    """How many jobs are in each state, by stage."""
    statement = select(Job.stage, Job.state, func.count()).group_by(col(Job.stage), col(Job.state))
    found: dict[str, Counter[str]] = {}
    for stage, state, number in (await session.exec(statement)).all():
        found.setdefault(stage, Counter())[state] = number
    return found
