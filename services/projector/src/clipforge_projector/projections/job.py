"""Jobs: a cause is a job that waits, an outcome ends it. Succeeded outranks failed."""

from datetime import datetime
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import BrandAssetDeleted, ExportCancelled, JobReplayed, StageFailed
from clipforge_catalog.tables import Job, JobState, Project
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import Fact, about, project_of
from clipforge_contracts.pipeline import EXPORT, PIPELINE, Stage, feeds
from clipforge_runtime.bus import Entry
from clipforge_runtime.dead_letter import UNREADABLE

_ENDS: Final[dict[type[Fact], Stage]] = {
    outcome: stage for stage in PIPELINE for outcome in stage.outcomes
}


async def caused(session: AsyncSession, fact: Fact, entry: Entry) -> None:
    """A fact that feeds a stage is a job of that stage, unless it is a part of one."""
    stage = feeds(fact)
    if stage is None or stage.is_part(fact):
        return
    project = project_of(fact)
    row = await session.get(Project, project.project_id)
    if row is None and project.project_id != subjects.NOTHING:
        return  # deleted meanwhile
    cancelled = row is not None and row.cancelled_at is not None
    job_id = stage.job(fact)
    job = await session.get(Job, job_id)
    if job is not None:
        if job.state == JobState.WAITING and not job.cause_sequence:
            job.cause_sequence = entry.sequence  # met again, in a log that was made anew
        return
    subject = subjects.parse(entry.subject)
    session.add(
        Job(
            id=job_id,
            tenant_id=project.tenant_id,
            project_id=project.project_id,
            stage=stage.name,
            about=stage.job_about(fact),
            priority=subject.priority,
            lane=subject.lane,
            sequence=entry.sequence,
            cause_sequence=entry.sequence,
            waiting_since=entry.time,
            state=JobState.CANCELLED if cancelled else JobState.WAITING,
            finished_at=entry.time if cancelled else None,
        )
    )


async def replayed(session: AsyncSession, fact: JobReplayed, entry: Entry) -> None:
    """A new job in the place of one that failed. The reconciler finds it, and states its cause."""
    failed = await session.get(Job, fact.failed_job_id)
    if failed is None or failed.state != JobState.FAILED or await is_known(session, fact.job_id):
        return
    session.add(
        Job(
            id=fact.job_id,
            tenant_id=failed.tenant_id,
            project_id=failed.project_id,
            stage=failed.stage,
            about=failed.about,
            priority=failed.priority,
            lane=failed.lane,
            replay=fact.replay,
            sequence=entry.sequence,
            waiting_since=entry.time,
        )
    )


async def completed(session: AsyncSession, fact: Fact, entry: Entry) -> None:
    """The outcome of a stage completes its job, or the latest replay of it."""
    stage = _ENDS.get(type(fact))
    if stage is None:
        return
    if stage.apart:
        job = await session.get(Job, ids.job(stage.name, about(fact)))  # none is replayed
    else:
        job = await _latest(session, stage, project_of(fact).project_id, about(fact))
    if job is not None and job.state != JobState.CANCELLED:
        job.state = JobState.COMPLETED
        job.attempts = int(entry.headers.get("cf-attempt", "1"))
        job.crashes = int(entry.headers.get("cf-crashes", "0"))
        job.cached = bool(getattr(fact, "cached", False) or getattr(fact, "reused", False))
        job.began_at = _time(entry.headers.get("cf-began", ""))
        job.finished_at = entry.time
        job.reason = job.sentence = job.detail = None


async def failed(session: AsyncSession, fact: StageFailed, entry: Entry) -> None:
    job = await session.get(Job, fact.job_id)
    if job is None and fact.reason == UNREADABLE:
        job = _of_no_job(fact, entry)
        session.add(job)
    if job is None or job.state != JobState.WAITING:
        return
    job.state = JobState.FAILED
    job.attempts = fact.attempts
    job.crashes = fact.crashes
    job.reason = fact.reason
    job.sentence = fact.sentence
    job.detail = fact.detail
    job.trace_id = fact.trace_id
    job.finished_at = entry.time


async def export_cancelled(session: AsyncSession, fact: ExportCancelled, entry: Entry) -> None:
    job = await _latest(session, EXPORT, fact.project.project_id, fact.export_id)
    if job is not None and job.state == JobState.WAITING:
        job.state = JobState.CANCELLED
        job.finished_at = entry.time


async def asset_deleted(session: AsyncSession, fact: BrandAssetDeleted, entry: Entry) -> None:
    job = await _latest(session, EXPORT, fact.project.project_id, fact.asset_id)
    if job is not None and job.state == JobState.WAITING:
        job.state = JobState.CANCELLED
        job.finished_at = entry.time


async def is_known(session: AsyncSession, job_id: str) -> bool:
    """Whether there is a job of this id."""
    return await session.get(Job, job_id) is not None


async def ended(session: AsyncSession, job_id: str) -> bool:
    """Whether the rows know already how a job ended; what is told of it again changes nothing."""
    job = await session.get(Job, job_id)
    return job is not None and job.state != JobState.WAITING


def _of_no_job(fact: StageFailed, entry: Entry) -> Job:
    """A row for a message that nobody could read, so that operators find it. It is about itself.

    What it was meant for, if anything, keeps the job of its own: it is begun anew from the rows.
    """
    return Job(
        id=fact.job_id,
        tenant_id=fact.project.tenant_id,
        project_id=fact.project.project_id,
        stage=fact.stage,
        about=fact.job_id,
        priority=subjects.parse(entry.subject).priority,
        sequence=entry.sequence,
        waiting_since=entry.time,
    )


def _time(text: str) -> datetime | None:
    """When a worker says that it began; workers of former versions do not say."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


async def _latest(session: AsyncSession, stage: Stage, project: str, about: str) -> Job | None:
    statement = (
        select(Job)
        .where(Job.project_id == project, Job.stage == stage.name, Job.about == about)
        .order_by(col(Job.replay).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()
