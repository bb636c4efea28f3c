"""Apply facts to the tables: in order, in batches, each once."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from prometheus_client import Counter
from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import (
    ApiKeySaved,
    ClipExported,
    ClipsDetected,
    ExportCancelled,
    ExportRequested,
    ProjectCancelled,
    ProjectDeleted,
    ProjectSubmitted,
    StageFailed,
    TenantSaved,
    VideoImported,
    VideoTranscribed,
)
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Position
from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, fact_name
from clipforge_projector.projections import export, job, project, tenant
from clipforge_runtime.bus import Entry

log = logging.getLogger(__name__)

APPLIED: Final = Counter("clipforge_facts_applied_total", "Facts turned into rows", ["fact"])

Change = Callable[[AsyncSession, Any, Entry], Awaitable[None]]

CHANGES: Final[dict[type[Fact], tuple[Change, ...]]] = {
    ProjectSubmitted: (project.submitted, job.caused),
    VideoImported: (project.imported, job.completed, job.caused),
    VideoTranscribed: (project.transcribed, job.completed, job.caused, tenant.source_used),
    ClipsDetected: (project.clips_detected, job.completed),
    ExportRequested: (export.requested, job.caused),
    ClipExported: (export.exported, job.completed, tenant.output_made),
    StageFailed: (project.failed, export.failed, job.failed),
    ProjectCancelled: (project.cancelled,),
    ExportCancelled: (export.cancelled, job.export_cancelled),
    ProjectDeleted: (project.deleted,),
    TenantSaved: (tenant.saved,),
    ApiKeySaved: (tenant.key_saved,),
}


class SteppedDown(Exception):
    """Another projector has moved the position: this one must stop writing."""


async def apply(
    sessions: Sessions, entries: Sequence[Entry], *, incarnation: str, position: int
) -> int:
    """Apply entries in one transaction; the new position. SteppedDown where we are not alone."""
    last = entries[-1].sequence
    async with sessions.begin() as session:
        for entry in entries:
            if entry.fact is None:
                log.error("skipping message %d, which cannot be read", entry.sequence)
                continue
            for change in CHANGES.get(type(entry.fact), ()):
                await change(session, entry.fact, entry)
            await session.flush()
        moved = await session.exec(
            update(Position)
            .where(
                col(Position.stream) == subjects.STREAM,
                col(Position.incarnation) == incarnation,
                col(Position.seq) == position,
            )
            .values(seq=last)
        )
        if moved.rowcount != 1:
            raise SteppedDown(f"position is not {position} any more")
    for entry in entries:
        if entry.fact is not None:
            APPLIED.labels(fact_name(entry.fact)).inc()
    return last
