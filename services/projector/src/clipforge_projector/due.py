"""What is due by the clock: films and exports to expire, objects to remove, uploads to give up.

The projector decides by the rows, and states it. What states nothing new changes nothing: each fact
has an id that follows from what it is about, and a removal that came to nothing is asked for again.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ExportExpired, ProjectExpired, RemovalRequested
from clipforge_catalog.database import Sessions
from clipforge_catalog.queries import retention as due
from clipforge_catalog.queries.retention import Retention
from clipforge_catalog.tables import Position, Removal, Walk
from clipforge_contracts import ids, subjects
from clipforge_contracts.plans import Plan
from clipforge_contracts.validation import MAX_REMOVED
from clipforge_projector.causes import ref
from clipforge_projector.projections.removal import UPLOADS
from clipforge_runtime.bus import Contradicted, Publisher, Reader, Unavailable
from clipforge_runtime.jetstream import JetStream

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 30.0
AT_ONCE: Final = 200  # of each kind in a round; the rest have their turn in the next
AGAIN: Final = timedelta(hours=1)  # a removal that is not done by then is asked for once more
# What was written later than this ago may be in use by somebody who has not said so yet: his fact
# is still to come, or on its way into the rows. Longer than storing the largest film takes.
UNSETTLED: Final = timedelta(hours=1)
UPLOADS_AFTER: Final = timedelta(days=2)  # addresses of parts are good for 6 hours
SWEEP: Final = timedelta(hours=1)


class Log(Publisher, Reader, Protocol):
    """A log that is both written and read."""


async def keep_up(sessions: Sessions, bus: JetStream, retention: Retention) -> None:
    """For ever, by the one active projector."""
    while True:
        try:
            await state_what_is_due(sessions, bus, retention, now=await bus.clock.true())
        except Unavailable as error:
            log.warning("could not state what is due: %s", error)
        # The clock announces nothing.
        await asyncio.sleep(EVERY_SECONDS)


async def state_what_is_due(
    sessions: Sessions, bus: Log, retention: Retention, *, now: datetime
) -> int:
    """One round; how many facts were stated."""
    stated = 0
    async with sessions() as session:
        films = await due.films(session, retention, by=now, limit=AT_ONCE)
        exports = await due.exports(session, retention, by=now, limit=AT_ONCE)
        removals = await due.removals(session, asked_before=now - AGAIN, limit=MAX_REMOVED)
    for project in films:
        fact = ProjectExpired(project=ref(project))
        stated += await _once(bus, fact, ids.derive("evt", project.id, "expired"))
    for export, project in exports:
        gone = ExportExpired(project=ref(project), export_id=export.id)
        stated += await _once(bus, gone, ids.derive("evt", export.id, "expired"))
    if removals:
        settled = await _true_up_to(sessions, bus, now) - UNSETTLED
        await _request(bus, removals, settled)
        stated += 1
    return stated + await _sweep_uploads(sessions, bus, now)


async def _once(bus: Publisher, fact: ProjectExpired | ExportExpired, fact_id: str) -> int:
    try:
        return int((await bus.state(fact, fact_id=fact_id, once=True)).fresh)
    except Contradicted:
        return 0


async def _true_up_to(sessions: Sessions, bus: Log, now: datetime) -> datetime:
    """When the newest fact was stated that the rows know; now, where they know every fact."""
    last = await bus.last_sequence()
    async with sessions() as session:
        position = await session.get(Position, subjects.STREAM)
    if position is None or position.at is None:
        return datetime.fromtimestamp(0, UTC)
    return now if position.seq >= last else position.at


async def _request(bus: Publisher, removals: Sequence[Removal], settled: datetime) -> None:
    """Ask for the removal. Before its row says so it may be asked twice: the same id."""
    first = removals[0]
    tries = str(first.requested_at or "")
    removal_id = ids.derive("rmv", first.key, first.sequence, len(removals), tries)
    fact = RemovalRequested(
        project=_nobody(),
        removal_id=removal_id,
        keys=[row.key for row in removals],
        decided_at_ms=int(settled.timestamp() * 1000),
    )
    await bus.state(fact, fact_id=ids.derive("evt", removal_id))


async def _sweep_uploads(sessions: Sessions, bus: Publisher, now: datetime) -> int:
    """Uploads of long ago: a look that begins each hour, and goes on where the last one ended."""
    async with sessions() as session:
        walk = await session.get(Walk, UPLOADS)
    reached = walk.reached if walk else ""
    hour = int(now.timestamp() // SWEEP.total_seconds())
    removal_id = ids.derive("rmv", UPLOADS, hour, reached)
    fact = RemovalRequested(
        project=_nobody(),
        removal_id=removal_id,
        decided_at_ms=int(hour * SWEEP.total_seconds() * 1000),
        uploads_before_ms=int(
            (hour * SWEEP.total_seconds() - UPLOADS_AFTER.total_seconds()) * 1000
        ),
        uploads_after=reached,
    )
    return int((await bus.state(fact, fact_id=ids.derive("evt", removal_id), once=True)).fresh)


def _nobody() -> ProjectRef:
    # Of no tenant whose work is deferred under load; the stage alone makes it the lowest.
    nothing = subjects.NOTHING
    return ProjectRef(tenant_id=nothing, project_id=nothing, plan=Plan.BUSINESS.wire)
