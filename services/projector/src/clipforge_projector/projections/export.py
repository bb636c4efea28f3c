"""Facts about exports."""

from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import (
    BatchRequested,
    ClipExported,
    ExportCancelled,
    ExportExpired,
    ExportRequested,
    JobReplayed,
    StageFailed,
)
from clipforge_catalog.tables import Batch, Export, JobState, Project
from clipforge_contracts.documents import as_dict
from clipforge_projector import tally
from clipforge_projector.projections import day, job, removal
from clipforge_runtime.bus import Entry
from clipforge_runtime.dead_letter import UNREADABLE

GONE = (
    "The files of this export were kept as long as your plan says, and are gone. "
    "Ask for the export again; where the film has expired, too, submit it again first."
)


async def requested(session: AsyncSession, fact: ExportRequested, entry: Entry) -> None:
    project = await session.get(Project, fact.project.project_id)
    if project is None:
        return  # deleted meanwhile
    if await session.get(Export, fact.export_id) is not None:
        return
    await removal.wanted(session, fact.transcript_key)
    session.add(
        Export(
            id=fact.export_id,
            tenant_id=fact.project.tenant_id,
            project_id=fact.project.project_id,
            clip_id=fact.clip.id,
            state=JobState.CANCELLED if project.cancelled_at else JobState.WAITING,
            aspect=fact.render.aspect,
            style=fact.render.style,
            quality=fact.render.quality,
            height=fact.render.height,
            render=as_dict(fact.render),
            kit_id=fact.render.kit.kit_id or None,
            record={},
            request=as_dict(fact),
            sequence=entry.sequence,
            created_at=entry.time,
            finished_at=entry.time if project.cancelled_at else None,
        )
    )


async def batch_requested(session: AsyncSession, fact: BatchRequested, entry: Entry) -> None:
    if await session.get(Batch, fact.batch_id) is None:
        session.add(
            Batch(
                id=fact.batch_id,
                tenant_id=fact.project.tenant_id,
                export_ids=list(fact.export_ids),
                sequence=entry.sequence,
                created_at=entry.time,
            )
        )


async def exported(session: AsyncSession, fact: ClipExported, entry: Entry) -> None:
    export = await session.get(Export, fact.export_id)
    if export is None or export.state in (JobState.CANCELLED, JobState.EXPIRED):
        await _let_go(session, as_dict(fact.record), entry)  # rendered along with others, say
        return
    export.record = as_dict(fact.record)
    if export.state != JobState.COMPLETED:
        tally.of(session).note(tally.EXPORTS.labels(JobState.COMPLETED))
        await day.clip_kept(session, export, entry)
    export.state = JobState.COMPLETED
    await removal.wanted(session, removal.folder(fact.record.objects.clip_key))
    export.cached = fact.cached
    export.finished_at = entry.time
    export.failure_reason = export.failure_sentence = None


async def failed(session: AsyncSession, fact: StageFailed, entry: Entry) -> None:
    export = await session.get(Export, fact.about)
    if export is None or export.state != JobState.WAITING or fact.reason == UNREADABLE:
        return
    if await job.ended(session, fact.job_id):
        return
    tally.of(session).note(tally.EXPORTS.labels(JobState.FAILED))
    export.state = JobState.FAILED
    export.failure_reason = fact.reason
    export.failure_sentence = fact.sentence
    export.finished_at = entry.time


async def replayed(session: AsyncSession, fact: JobReplayed, entry: Entry) -> None:
    export = await session.get(Export, fact.about)
    if export is None or await job.is_known(session, fact.job_id):
        return
    if export.state == JobState.FAILED:
        export.state = JobState.WAITING
        export.failure_reason = export.failure_sentence = export.finished_at = None


async def cancelled(session: AsyncSession, fact: ExportCancelled, entry: Entry) -> None:
    export = await session.get(Export, fact.export_id)
    if export is None or export.state != JobState.WAITING:
        return
    export.state = JobState.CANCELLED
    export.finished_at = entry.time


async def expired(session: AsyncSession, fact: ExportExpired, entry: Entry) -> None:
    """Its files go, where no other export is the same; the row says so."""
    export = await session.get(Export, fact.export_id)
    if export is None or export.state != JobState.COMPLETED:
        return
    await day.clip_let_go(session, export, entry)
    export.state = JobState.EXPIRED
    export.failure_reason = "expired"
    export.failure_sentence = GONE
    await session.flush()
    await _let_go(session, export.record, entry)


async def _let_go(session: AsyncSession, record: dict[str, Any], entry: Entry) -> None:
    """Files go where no other export is the same."""
    same = select(Export).where(Export.record == record, Export.state == JobState.COMPLETED)
    if (await session.exec(same.limit(1))).first() is None:
        await removal.due(session, [removal.folder(record["objects"]["clip_key"])], entry)
