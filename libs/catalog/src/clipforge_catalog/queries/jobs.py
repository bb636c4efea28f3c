"""Jobs: what the queues have completed and failed."""

from collections import Counter

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.tables import Job


async def get(session: AsyncSession, job: str, tenant: str) -> Job | None:
    statement = select(Job).where(Job.id == job, Job.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def count(session: AsyncSession) -> dict[str, Counter[str]]:
    """How many jobs are in each state, by stage."""
    statement = select(Job.stage, Job.state, func.count()).group_by(col(Job.stage), col(Job.state))
    found: dict[str, Counter[str]] = {}
    for stage, state, number in (await session.exec(statement)).all():
        found.setdefault(stage, Counter())[state] = number
    return found
