"""A log that was restored from a backup still holds work that has been finished since.

Its queues would hand that out again. So before its facts are applied, what is over by the rows is
taken from it; what the rows still wait for is the reconciler's.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Final, TypeVar

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import DeletedProject, Job, JobState
from clipforge_contracts import subjects
from clipforge_contracts.pipeline import BY_STAGE
from clipforge_projector.position import kept_position
from clipforge_runtime.jetstream import JetStream

log = logging.getLogger(__name__)
Row = TypeVar("Row")

PAGE: Final = 500
AT_ONCE: Final = 16  # purges under way; each takes the server about a millisecond


async def welcome(sessions: Sessions, bus: JetStream) -> int:
    """Take finished work out of a log that is not the one that the tables stand in; how much.

    Ended early, it is done again: the tables stand in the former log until facts are applied.
    """
    if await kept_position(sessions, bus) is not None or await bus.last_fact() == 0:
        return 0
    taken = 0
    async for filters in _over(sessions):
        for n in range(0, len(filters), AT_ONCE):
            taken += sum(await asyncio.gather(*map(bus.purge, filters[n : n + AT_ONCE])))
    log.warning("the log was restored: %d messages of finished work were taken from it", taken)
    return taken


async def _over(sessions: Sessions) -> AsyncGenerator[list[str]]:
    """Filters of what brings ended jobs to workers, the latest first, and of deleted projects."""
    ended = select(Job).where(Job.state != JobState.WAITING)
    ended = ended.order_by(col(Job.finished_at).desc(), col(Job.id))
    deleted = select(DeletedProject).order_by(
        col(DeletedProject.deleted_at).desc(), col(DeletedProject.id)
    )
    async for projects in _pages(sessions, deleted):
        yield [
            filters
            for row in projects
            for filters in subjects.everything_of_project(row.tenant_id, row.id)
        ]
    async for jobs in _pages(sessions, ended):
        yield [filters for job in jobs for filters in _that_bring(job)]


def _that_bring(job: Job) -> tuple[str, ...]:
    return subjects.that_bring(
        BY_STAGE[job.stage],
        job.id,
        tenant=job.tenant_id,
        project=job.project_id,
        about=job.about,
    )


async def _pages(sessions: Sessions, statement: SelectOfScalar[Row]) -> AsyncGenerator[list[Row]]:
    """Rows a page at a time. Nobody else writes: no row moves from page to page."""
    offset = 0
    while True:
        async with sessions() as session:
            rows = list((await session.exec(statement.offset(offset).limit(PAGE))).all())
        if not rows:
            return
        yield rows
        offset += len(rows)
