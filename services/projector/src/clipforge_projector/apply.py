"""Apply facts to the tables: in order, in batches, each once."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from prometheus_client import Counter
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import (
    ApiKeySaved,
    BatchRequested,
    BrandAssetDeleted,
    BrandAssetSubmitted,
    BrandAssetTaken,
    BrandKitSaved,
    CaptionStyleSaved,
    ChunkCut,
    ClipEdited,
    ClipExported,
    ClipsDetected,
    ExportCancelled,
    ExportExpired,
    ExportRequested,
    JobReplayed,
    ObjectsRemoved,
    PresetSaved,
    PreviewRendered,
    PreviewRequested,
    ProjectCancelled,
    ProjectDeleted,
    ProjectEdited,
    ProjectExpired,
    ProjectSubmitted,
    RemovalRequested,
    StageFailed,
    TenantSaved,
    TranscriptEdited,
    VideoImported,
    VideoTranscribed,
    WebhookAttempted,
    WebhookDeleted,
    WebhookDelivered,
    WebhookDisabled,
    WebhookDue,
    WebhookSaved,
)
from clipforge_catalog.database import Sessions
from clipforge_contracts.facts import Fact, fact_name
from clipforge_projector import tally
from clipforge_projector.position import move
from clipforge_projector.projections import (
    brand,
    clip,
    export,
    job,
    project,
    removal,
    tenant,
    transcript,
    webhook,
)
from clipforge_runtime.bus import Entry
from clipforge_runtime.dead_letter import UNREADABLE

log = logging.getLogger(__name__)

APPLIED: Final = Counter("clipforge_facts_applied_total", "Facts turned into rows", ["fact"])
UNAPPLIED: Final = Counter(
    "clipforge_facts_unapplied_total",
    "Facts that no row could be made of: a defect; `unreadable` are no facts at all",
    ["fact"],
)

# What another try would meet again, because it lies in the fact and our code, and not in the
# database's weather. A missing table is not here: that is a migration that somebody still runs.
DEFECTS: Final = (
    IntegrityError,
    DataError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

Change = Callable[[AsyncSession, Any, Entry], Awaitable[None]]

CHANGES: Final[dict[type[Fact], tuple[Change, ...]]] = {
    ProjectSubmitted: (project.submitted, job.caused),
    VideoImported: (project.imported, job.completed, job.caused),
    VideoTranscribed: (project.transcribed, job.completed, job.caused, tenant.source_used),
    ClipsDetected: (project.clips_detected, job.completed, webhook.project_ready),
    ClipEdited: (clip.edited,),
    TranscriptEdited: (transcript.edited,),
    ExportRequested: (export.requested, job.caused),
    ClipExported: (export.exported, job.completed, tenant.output_made, webhook.export_completed),
    StageFailed: (project.failed, export.failed, brand.refused, job.failed, webhook.failed),
    ProjectCancelled: (project.cancelled,),
    ExportCancelled: (export.cancelled, job.export_cancelled),
    ProjectEdited: (project.edited,),
    ProjectDeleted: (project.deleted,),
    ChunkCut: (project.chunk_cut,),
    ProjectExpired: (project.expired,),
    ExportExpired: (export.expired,),
    RemovalRequested: (removal.requested, job.caused),
    ObjectsRemoved: (removal.removed, job.completed),
    TenantSaved: (tenant.saved,),
    ApiKeySaved: (tenant.key_saved,),
    WebhookSaved: (webhook.saved,),
    WebhookDeleted: (webhook.deleted,),
    WebhookDisabled: (webhook.disabled,),
    WebhookDue: (webhook.due, job.caused),
    WebhookAttempted: (webhook.attempted,),
    WebhookDelivered: (webhook.delivered, job.completed),
    BrandAssetSubmitted: (brand.submitted, job.caused),
    BrandAssetTaken: (brand.taken, job.completed),
    BrandAssetDeleted: (brand.deleted,),
    BrandKitSaved: (brand.kit_saved,),
    CaptionStyleSaved: (brand.style_saved,),
    PresetSaved: (brand.preset_saved,),
    BatchRequested: (export.batch_requested,),
    PreviewRequested: (job.caused,),
    PreviewRendered: (job.completed,),
    # The job last: it asks whether the former one has failed.
    JobReplayed: (project.replayed, export.replayed, brand.replayed, job.replayed),
}


async def apply(
    sessions: Sessions,
    entries: Sequence[Entry],
    *,
    incarnation: str,
    position: int,
    seconds: float = math.inf,
) -> int:
    """Apply entries in one transaction; the new position. SteppedDown where we are not alone.

    After so many seconds those that are left wait for the next: others need the rows, too.

    A fact that cannot be applied must not stop those behind it: it is left out, counted, and its
    project says so. The fact stays in the log, for a `rebuild` with the defect mended.
    """
    where = incarnation, position
    try:
        async with sessions.begin() as session:
            done = await _within(seconds, session, entries, _change_rows, where)
            notes = tally.of(session)
    except DEFECTS:
        async with sessions.begin() as session:
            done = await _within(seconds, session, entries, _change_rows_or_leave_out, where)
            notes = tally.of(session)
    notes.count()
    for entry in done:
        if entry.fact is not None:
            APPLIED.labels(fact_name(entry.fact)).inc()
    if skipped := [entry.sequence for entry in done if entry.fact is None]:
        log.error("skipping messages that cannot be read: %s", skipped)
        UNAPPLIED.labels(UNREADABLE).inc(len(skipped))
    return done[-1].sequence


async def _within(
    seconds: float,
    session: AsyncSession,
    entries: Sequence[Entry],
    change: Change,
    where: tuple[str, int],
) -> Sequence[Entry]:
    """Change rows by as many entries as the time allows, one at least; these."""
    incarnation, position = where
    loop, done = asyncio.get_running_loop(), 0
    began = loop.time()
    for entry in entries:
        if entry.fact is not None:
            await change(session, entry.fact, entry)
        done += 1
        if loop.time() - began > seconds:
            break
    last = entries[done - 1]
    await move(
        session, incarnation=incarnation, position=position, last=last.sequence, at=last.time
    )
    return entries[:done]


async def _change_rows(session: AsyncSession, fact: Fact, entry: Entry) -> None:
    for change in CHANGES.get(type(fact), ()):
        await change(session, fact, entry)
    await session.flush()


async def _change_rows_or_leave_out(session: AsyncSession, fact: Fact, entry: Entry) -> None:
    noted = len(tally.of(session))
    try:
        # A savepoint each is too dear for every day, and only needed to find the culprit.
        async with session.begin_nested():
            await _change_rows(session, fact, entry)
    except DEFECTS:
        name = fact_name(fact)
        log.exception("leaving out %s at %d: no row can be made of it", name, entry.sequence)
        UNAPPLIED.labels(name).inc()
        tally.of(session).forget_after(noted)
        await project.left_out(session, fact, entry)
