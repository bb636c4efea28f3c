"""Transcripts: as a recogniser wrote them, then as people have corrected them, whose word stays."""

from datetime import datetime
from typing import Any, Final

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import TranscriptEdited, VideoTranscribed
from clipforge_catalog.tables import (
    Export,
    JobState,
    Project,
    Segment,
    Transcript,
    TranscriptVersion,
)
from clipforge_projector.projections import removal
from clipforge_runtime.bus import Entry

KEPT: Final = 20  # versions; an export that waits may need one of before
SCRIBE: Final = 0  # the version of the recogniser itself


async def transcribed(
    session: AsyncSession, fact: VideoTranscribed, project: Project, entry: Entry
) -> None:
    """What a recogniser wrote. Told again, it leaves alone what a user has corrected since."""
    known = await session.get(Transcript, project.id)
    await removal.wanted(session, fact.transcript_key)
    if known is not None and known.version:
        return
    project.transcript_key = fact.transcript_key
    project.language = fact.language
    project.notice = fact.notice
    fields: dict[str, Any] = {
        "key": fact.transcript_key,
        "language": fact.language,
        "words": fact.words,
        "notice": fact.notice,
        "created_at": entry.time,
        "sequence": entry.sequence,
    }
    if known is not None:
        known.sqlmodel_update(fields)
        return
    session.add(Transcript(**fields, project_id=project.id, tenant_id=project.tenant_id))


async def edited(session: AsyncSession, fact: TranscriptEdited, entry: Entry) -> None:
    """The next version. Older ones change nothing."""
    project = await session.get(Project, fact.project.project_id)
    known = await session.get(Transcript, fact.project.project_id)
    if project is None or known is None or known.version >= fact.version:
        return
    if known.version == SCRIBE:
        await _keep(session, known, known.created_at)
    known.key = project.transcript_key = fact.transcript_key
    known.version, known.words = fact.version, fact.words
    known.sequence, known.edited_at = entry.sequence, entry.time
    project.updated_sequence, project.updated_at = entry.sequence, entry.time
    await removal.wanted(session, fact.transcript_key)
    await _keep(session, known, entry.time)
    await session.flush()
    await _let_go(session, project, entry)


async def clips_changed(session: AsyncSession, project: Project) -> None:
    """What clips say is read from the transcript anew, where that is no longer the recogniser's."""
    known = await session.get(Transcript, project.id)
    if known is not None and known.version:
        known.laid_out_key = None


async def deleted(session: AsyncSession, project: Project) -> set[str]:
    """Forget what is said in a project; the objects that were its alone."""
    keys = {project.transcript_key} if project.transcript_key else set()
    keys |= {row.key for row in await _versions(session, project)}
    free = {key for key in keys if not await _is_used(session, key, project)}
    for table in (Segment, TranscriptVersion, Transcript):
        await session.exec(delete(table).where(col(table.project_id) == project.id))
    return free


async def _keep(session: AsyncSession, transcript: Transcript, at: datetime) -> None:
    await session.merge(
        TranscriptVersion(
            project_id=transcript.project_id,
            version=transcript.version,
            key=transcript.key,
            created_at=at,
        )
    )


async def _let_go(session: AsyncSession, project: Project, entry: Entry) -> None:
    """Of an edited transcript the newest versions are kept, and the first."""
    for row in (await _versions(session, project))[KEPT:]:
        if row.version == SCRIBE or await _is_awaited(session, project, row.key):
            continue
        await session.delete(row)
        await session.flush()
        used = row.key == project.transcript_key or await _is_used(session, row.key, project)
        if not used:
            await removal.due(session, [row.key], entry)


async def _versions(session: AsyncSession, project: Project) -> list[TranscriptVersion]:
    """Newest first."""
    statement = select(TranscriptVersion).where(TranscriptVersion.project_id == project.id)
    rows = await session.exec(statement.order_by(col(TranscriptVersion.version).desc()))
    return list(rows.all())


async def _is_awaited(session: AsyncSession, project: Project, key: str) -> bool:
    """Whether an export waits that was asked for with this version."""
    statement = select(Export.id).where(
        Export.project_id == project.id,
        Export.state == JobState.WAITING,
        col(Export.request)["transcript_key"].astext == key,
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def _is_used(session: AsyncSession, key: str, project: Project) -> bool:
    """Whether another project of the tenant has the same transcript."""
    for owner, column in (
        (col(Project.id), col(Project.transcript_key)),
        (col(TranscriptVersion.project_id), col(TranscriptVersion.key)),
    ):
        statement = select(owner).where(column == key, owner != project.id).limit(1)
        if (await session.exec(statement)).first() is not None:
            return True
    return False
