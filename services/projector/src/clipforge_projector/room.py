"""Room in the log: where little is left, the facts of what is long over are taken out of it.

The server refuses every publish once its quota is full, those of running work included, and frees
nothing before max_age. So from a mark below that, the janitor purges finished projects by their
subject, the oldest first, until it is below a lower mark. Rows and objects stay.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Counter, Gauge
from sqlmodel import col, exists, func, or_, select

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import LogTrimmed
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import DeletedProject, Export, Job, JobState, Project
from clipforge_contracts import ids, subjects
from clipforge_contracts.plans import Plan
from clipforge_projector.settings import Settings
from clipforge_runtime.bus import Reader, Unavailable
from clipforge_runtime.jetstream import JetStream

log = logging.getLogger(__name__)

SHARE: Final = Gauge("clipforge_log_used_share", "How full the log is, from 0 to 1")
QUOTA: Final = Gauge(
    "clipforge_log_quota_bytes",
    "What one copy of the log may hold, with what is kept beside it; 0: nobody has said",
)
TRIMMED: Final = Counter(
    "clipforge_log_trimmed_projects_total", "Finished projects whose facts made room in the log"
)
EVERY_SECONDS: Final = 15.0
AT_ONCE: Final = 10  # projects between two looks at how full the log is
ABOUT: Final = "log"
UNBOUNDED: Final = (
    "nobody has said what the log may hold: new work is not refused for want of room, and none is "
    "made. Set CLIPFORGE_LOG_MAX_BYTES to max_file of its server, or limit its NATS account"
)


@dataclass(frozen=True)
class Marks:
    """From where to where the janitor works; shares of the log's quota."""

    begin: float
    end: float
    after: timedelta  # how long a project must have been over

    @classmethod
    def of(cls, settings: Settings) -> "Marks":
        return cls(
            settings.room_begin, settings.room_end, timedelta(hours=settings.room_after_hours)
        )


async def keep_room(sessions: Sessions, bus: JetStream, marks: Marks) -> None:
    """For ever, by the one active projector."""
    bounded = True  # as far as is known
    while True:
        try:
            if bounded and not (bounded := await _is_bounded(bus)):
                log.warning(UNBOUNDED)
            await make_room(sessions, bus, marks, now=await bus.clock.true())
        except Unavailable as error:
            log.warning("could not look how full the log is: %s", error)
        # How full it is changes with every fact; nothing announces a mark.
        await asyncio.sleep(EVERY_SECONDS)


async def make_room(sessions: Sessions, bus: JetStream, marks: Marks, *, now: datetime) -> int:
    """Bring the log below the lower mark, where it is above the upper one; how many projects."""
    share = await _look(bus)
    if share < marks.begin:
        return 0
    trimmed = 0
    while share >= marks.end:
        over = await _over(sessions, before=now - marks.after)
        if not over:
            log.error("the log is %.0f %% full, and nothing in it is over yet", 100 * share)
            break
        await _trim(sessions, bus, over, now)
        trimmed += len(over)
        share = await _look(bus)
    log.warning("took %d projects out of the log: %.0f %% full now", trimmed, 100 * share)
    return trimmed


async def trimmed_up_to(log_: Reader) -> int:
    """The sequence up to which facts may lack in the log because they made room; 0: none do."""
    found = await log_.last(LogTrimmed, tenant=subjects.NOTHING, project="", about=ABOUT)
    return found.fact.up_to_sequence if found and isinstance(found.fact, LogTrimmed) else 0


async def _is_bounded(bus: JetStream) -> bool:
    return bool((await bus.room()).quota)


async def _look(bus: JetStream) -> float:
    room = await bus.room()
    SHARE.set(room.share)
    QUOTA.set(room.quota)
    return room.share


async def _over(sessions: Sessions, *, before: datetime) -> Sequence[Project | DeletedProject]:
    """Deleted projects, then finished ones, of which the log may hold something, oldest first."""
    waits = exists().where(
        col(Job.project_id) == col(Project.id), col(Job.state) == JobState.WAITING
    )
    late = exists().where(
        col(Export.project_id) == col(Project.id),
        func.coalesce(Export.finished_at, Export.created_at) >= before,
    )
    news = exists().where(
        col(Export.project_id) == col(Project.id),
        col(Export.created_at) > col(Project.trimmed_at),
    )
    deleted = (
        select(DeletedProject)
        .where(col(DeletedProject.trimmed_at).is_(None), col(DeletedProject.deleted_at) < before)
        .order_by(col(DeletedProject.deleted_at))
    )
    finished = (
        select(Project)
        .where(
            col(Project.finished_at) < before,
            or_(col(Project.trimmed_at).is_(None), news),
            ~waits,
            ~late,
        )
        .order_by(col(Project.finished_at))
    )
    async with sessions() as session:
        found: list[Project | DeletedProject] = []
        found += (await session.exec(deleted.limit(AT_ONCE))).all()
        if len(found) < AT_ONCE:
            found += (await session.exec(finished.limit(AT_ONCE - len(found)))).all()
    return found


async def _trim(
    sessions: Sessions, bus: JetStream, over: Sequence[Project | DeletedProject], now: datetime
) -> None:
    """Say up to where facts will lack, before any does: `rebuild` must know."""
    newest = [await bus.last_of_project(row.tenant_id, row.id) for row in over]
    reach = max((entry.sequence for entry in newest if entry is not None), default=0)
    if reach:
        fact = LogTrimmed(
            project=ProjectRef(tenant_id=subjects.NOTHING, plan=Plan.BUSINESS.wire),
            up_to_sequence=max(reach, await trimmed_up_to(bus)),
            projects=len(over),
        )
        fact_id = ids.new("evt")
        try:
            await bus.state(fact, fact_id=fact_id)
        except Unavailable:  # full to the brim, even for this: one project makes the room for it
            log.warning("the log takes nothing more: the first project goes before it is said")
            await _purge(bus, over[0])
            await bus.state(fact, fact_id=fact_id)
    for row in over:
        await _purge(bus, row)
        async with sessions.begin() as session:
            kept = await session.get(type(row), row.id)
            if kept is not None:
                kept.trimmed_at = now
        TRIMMED.inc()


async def _purge(bus: JetStream, row: Project | DeletedProject) -> None:
    for filters in subjects.everything_of_project(row.tenant_id, row.id):
        await bus.purge(filters)
