"""Dead letters: jobs that failed for good, not replayed since, of projects that are wanted.

And messages that nobody could read: such a one is about itself, and there is nothing to replay.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import col, exists, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import Job, JobState, Project


@dataclass(frozen=True)
class Filter:
    """Which of them; None: whichever."""

    tenant: str | None = None
    stage: str | None = None
    project: str | None = None
    reason: str | None = None
    since: datetime | None = None  # of the failure, this moment included
    until: datetime | None = None  # this moment excluded


async def find(
    session: AsyncSession,
    wanted: Filter,
    *,
    replayable: bool = False,
    after: Cursor | None = None,
    limit: int = 20,
) -> Page[Job]:
    """Newest jobs first; where `replayable` is set, without what cannot be done after all."""
    where = _where(wanted)
    if replayable:
        where.append(col(Job.about) != col(Job.id))
    return await page(session, Job, *where, after=after, limit=limit)


async def get(session: AsyncSession, job: str, tenant: str | None) -> Job | None:
    """A job that failed, replayed or not, wanted or not."""
    statement = select(Job).where(Job.id == job, Job.state == JobState.FAILED)
    if tenant is not None:
        statement = statement.where(Job.tenant_id == tenant)
    return (await session.exec(statement)).first()


def _where(wanted: Filter) -> list[Any]:
    later = aliased(Job)
    where: list[Any] = [
        col(Job.state) == JobState.FAILED,
        ~exists().where(
            col(later.project_id) == col(Job.project_id),
            col(later.stage) == col(Job.stage),
            col(later.about) == col(Job.about),
            col(later.replay) > col(Job.replay),
        ),
        or_(
            col(Job.about) == col(Job.id),
            exists().where(
                col(Project.id) == col(Job.project_id), col(Project.cancelled_at).is_(None)
            ),
        ),
    ]
    equal = {
        Job.tenant_id: wanted.tenant,
        Job.stage: wanted.stage,
        Job.project_id: wanted.project,
        Job.reason: wanted.reason,
    }
    where += [column == value for column, value in equal.items() if value is not None]
    if wanted.since is not None:
        where.append(col(Job.finished_at) >= wanted.since)
    if wanted.until is not None:
        where.append(col(Job.finished_at) < wanted.until)
    return where
