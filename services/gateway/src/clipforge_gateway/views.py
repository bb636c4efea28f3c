"""From rows, facts and progress to answers. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from clipforge.v1.facts_pb2 import ExportRequested, ProjectSubmitted
from clipforge_catalog.tables import Asset, Clip, Export, Job, JobState, Project, ProjectState
from clipforge_contracts.documents import as_dict
from clipforge_contracts.pipeline import BY_STAGE, CLIP_DETECTION, IMPORT, TRANSCRIPTION
from clipforge_gateway import schemas
from clipforge_runtime.bus import Progress

# Where each stage begins and ends in a project's progress: transcription is most of the work.
SHARES: Final = {
    IMPORT.name: (0, 15),
    TRANSCRIPTION.name: (15, 90),
    CLIP_DETECTION.name: (90, 100),
}
STAGE_OF: Final = {
    ProjectState.QUEUED: IMPORT.name,
    ProjectState.IMPORTING: IMPORT.name,
    ProjectState.TRANSCRIBING: TRANSCRIPTION.name,
    ProjectState.DETECTING: CLIP_DETECTION.name,
}
ENDED: Final = {JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED}
OVER: Final = {ProjectState.READY, ProjectState.FAILED, ProjectState.CANCELLED}


def project(
    row: Project,
    *,
    asset: Asset | None = None,
    jobs: Sequence[Job] = (),
    clip_count: int = 0,
    running: Sequence[Progress] = (),
) -> schemas.ProjectView:
    """A project as its owner sees it."""
    state = ProjectState(row.state)
    if state is ProjectState.QUEUED and running:
        state = ProjectState.IMPORTING
    return schemas.ProjectView(
        id=row.id,
        title=row.title,
        state=state,
        progress=_project_progress(state, running),
        source=_source(row.source),
        options=_options(row.options),
        media=_media(asset.media) if asset else None,
        language=row.language,
        notice=row.notice,
        failure=_failure(row.failed_stage, row.failure_reason, row.failure_sentence),
        clip_count=clip_count,
        seconds_per_stage={
            job.stage: _seconds(job.waiting_since, job.finished_at)
            for job in jobs
            if job.finished_at is not None
        },
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def submitted(fact: ProjectSubmitted, at: datetime) -> schemas.ProjectView:
    """A project whose row is not there yet."""
    return schemas.ProjectView(
        id=fact.project.project_id,
        title=fact.title,
        state=ProjectState.QUEUED,
        progress=_project_progress(ProjectState.QUEUED, ()),
        source=_source(as_dict(fact.source)),
        options=_options(as_dict(fact.options)),
        created_at=at,
        updated_at=at,
    )


def clip(row: Clip) -> schemas.ClipView:
    return schemas.ClipView.model_validate(row, from_attributes=True)


def export(
    row: Export, *, files: Mapping[str, str], running: Sequence[Progress] = ()
) -> schemas.ExportView:
    """An export, with links where it is completed."""
    state = "active" if row.state == JobState.WAITING and running else row.state
    percent, step = (100.0, "done") if row.state == JobState.COMPLETED else job_progress(running)
    return schemas.ExportView(
        id=row.id,
        project_id=row.project_id,
        clip_id=row.clip_id,
        state=state,
        progress=schemas.ProgressView(percent=percent, stage="export", step=step),
        aspect=row.aspect,
        style=row.style,
        quality=row.quality,
        width=row.record.get("width"),
        height=row.record.get("height"),
        duration_ms=row.record.get("duration_ms"),
        bytes=int(row.record["bytes"]) if "bytes" in row.record else None,
        cached=row.cached,
        failure=_failure("export", row.failure_reason, row.failure_sentence),
        files=dict(files),
        seconds=_seconds(row.created_at, row.finished_at) if row.finished_at else None,
        created_at=row.created_at,
    )


def requested(fact: ExportRequested, at: datetime) -> schemas.ExportView:
    """An export whose row is not there yet."""
    return schemas.ExportView(
        id=fact.export_id,
        project_id=fact.project.project_id,
        clip_id=fact.clip.id,
        state=JobState.WAITING,
        progress=schemas.ProgressView(percent=0, stage="export", step="waiting"),
        aspect=fact.render.aspect,
        style=fact.render.style,
        quality=fact.render.quality,
        created_at=at,
    )


def job(row: Job, running: Sequence[Progress]) -> schemas.JobView:
    """A job: its row, and what the worker that runs it says."""
    percent, step = job_progress(running)
    if row.state == JobState.COMPLETED:
        percent, step = 100.0, "done"
    attempt = max((report.attempt for report in running), default=0)
    return schemas.JobView(
        id=row.id,
        queue=BY_STAGE[row.stage].queue,
        project_id=row.project_id,
        state="active" if row.state == JobState.WAITING and running else row.state,
        progress=schemas.ProgressView(percent=percent, stage=row.stage, step=step),
        attempts=max(row.attempts, attempt),
        failure=_failure(row.stage if row.reason else None, row.reason, row.sentence),
        waiting_since=row.waiting_since,
        finished_at=row.finished_at,
    )


def job_progress(running: Sequence[Progress]) -> tuple[float, str]:
    """Percent and step of a job; parts report how far the whole job is."""
    if not running:
        return 0.0, "waiting"
    furthest = max(running, key=lambda report: report.percent)
    return furthest.percent, furthest.step


def _project_progress(state: ProjectState, running: Sequence[Progress]) -> schemas.ProgressView:
    if state in OVER:
        percent = 100.0 if state is ProjectState.READY else 0.0
        return schemas.ProgressView(percent=percent, stage="", step=state.value)
    stage = STAGE_OF[state]
    begin, end = SHARES[stage]
    percent, step = job_progress(running)
    return schemas.ProgressView(
        percent=round(begin + (end - begin) * percent / 100, 1), stage=stage, step=step
    )


def _failure(stage: str | None, reason: str | None, sentence: str | None) -> schemas.Failure | None:
    if not stage or not reason:
        return None
    return schemas.Failure(stage=stage, reason=reason, sentence=sentence or "")


def _source(stored: Mapping[str, Any]) -> dict[str, Any]:
    if "url" in stored:
        return {"type": "url", "url": stored["url"]["url"]}
    upload = stored.get("upload", {})
    return {
        "type": "upload",
        "upload_id": upload.get("upload_id", ""),
        "file_name": upload.get("file_name", ""),
    }


def _options(stored: Mapping[str, Any]) -> dict[str, Any]:
    render = stored.get("render", {})
    known = {"clips": stored.get("clip_count", 0), **stored, **render}
    return {name: known[name] for name in schemas.ProjectOptions.model_fields if name in known}


def _media(stored: Mapping[str, Any]) -> schemas.MediaView:
    return schemas.MediaView(
        duration_ms=stored.get("duration_ms", 0),
        width=stored.get("width", 0),
        height=stored.get("height", 0),
        frame_rate=stored.get("frame_rate", 0.0),
        bytes=int(stored.get("bytes", 0)),
    )


def _seconds(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds(), 3)
