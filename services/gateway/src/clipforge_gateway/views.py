"""From rows, facts and progress to answers. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from clipforge.v1.facts_pb2 import ExportRequested, ProjectSubmitted
from clipforge_catalog.tables import Asset, Clip, Export, Job, JobState, Project, ProjectState
from clipforge_contracts.documents import as_dict
from clipforge_contracts.pipeline import BY_STAGE, CLIP_DETECTION, IMPORT, TRANSCRIPTION
from clipforge_gateway import clip_schemas, queue_schemas, schemas
from clipforge_gateway.standing import WAITING, Standing
from clipforge_runtime.bus import Wait

BY_HAND: Final = "manual"  # the detector of a clip that a person made
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
UNKNOWN: Final = Standing(0.0, 0.0, WAITING, running=False)
OVER: Final = {ProjectState.READY, ProjectState.FAILED, ProjectState.CANCELLED}


def project(
    row: Project,
    *,
    asset: Asset | None = None,
    jobs: Sequence[Job] = (),
    clip_count: int = 0,
    standing: Standing = UNKNOWN,
    seconds_left: int | None = None,
    kept: timedelta | None = None,
) -> schemas.ProjectView:
    """A project as its owner sees it."""
    state = ProjectState(row.state)
    if state is ProjectState.QUEUED and standing.running:
        state = ProjectState.IMPORTING
    return schemas.ProjectView(
        id=row.id,
        title=row.title,
        state=state,
        progress=_project_progress(row, state, standing, seconds_left),
        source=_source(row.source),
        options=options_of(row.options),
        asset_id=row.asset_id,
        media=media(asset.media) if asset else None,
        language=row.language,
        notice=row.notice,
        failure=_failure(row.failed_stage, row.failure_reason, row.failure_sentence),
        clip_count=clip_count,
        version=row.version,
        seconds_per_stage={
            job.stage: _seconds(job.waiting_since, job.finished_at)
            for job in jobs
            if job.finished_at is not None
        },
        expires_at=row.expired_at or _end(row.finished_at, kept),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def submitted(fact: ProjectSubmitted, at: datetime) -> schemas.ProjectView:
    """A project whose row is not there yet."""
    return schemas.ProjectView(
        id=fact.project.project_id,
        title=fact.title,
        state=ProjectState.QUEUED,
        progress=schemas.ProgressView(percent=0, stage=IMPORT.name, step=WAITING),
        source=_source(as_dict(fact.source)),
        options=options_of(as_dict(fact.options)),
        created_at=at,
        updated_at=at,
    )


def clip(row: Clip) -> clip_schemas.ClipView:
    by_hand = row.detector == BY_HAND
    return clip_schemas.ClipView(
        id=row.id,
        project_id=row.project_id,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        score=None if by_hand else row.score,
        confidence=None if by_hand else row.confidence,
        title=row.title,
        text=row.text,
        reasons=row.reasons,
        hashtags=row.hashtags,
        factors=[clip_schemas.FactorView.model_validate(factor) for factor in row.factors],
        detector=row.detector,
        version=row.version,
    )


def export(
    row: Export,
    *,
    files: Mapping[str, str],
    standing: Standing = UNKNOWN,
    seconds_left: int | None = None,
    kept: timedelta | None = None,
) -> schemas.ExportView:
    """An export, with links where it is completed."""
    state = "active" if row.state == JobState.WAITING and standing.running else row.state
    return schemas.ExportView(
        id=row.id,
        project_id=row.project_id,
        clip_id=row.clip_id,
        state=state,
        progress=_job_progress("export", row.state, standing, seconds_left),
        aspect=row.aspect,
        style=row.render.get("caption", {}).get("style_id") or row.style,
        quality=row.quality,
        brand_kit_id=row.kit_id,
        brand_kit_version=row.render.get("kit", {}).get("version"),
        width=row.record.get("width"),
        height=row.record.get("height"),
        duration_ms=row.record.get("duration_ms"),
        bytes=int(row.record["bytes"]) if "bytes" in row.record else None,
        cached=row.cached,
        failure=_failure("export", row.failure_reason, row.failure_sentence),
        files=dict(files),
        seconds=_seconds(row.created_at, row.finished_at) if row.finished_at else None,
        expires_at=_end(row.finished_at, kept) if row.state == JobState.COMPLETED else None,
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
        style=fact.render.caption.style_id or fact.render.style,
        quality=fact.render.quality,
        brand_kit_id=fact.render.kit.kit_id or None,
        brand_kit_version=fact.render.kit.version or None,
        created_at=at,
    )


def job(
    row: Job,
    *,
    standing: Standing = UNKNOWN,
    wait: Wait = "waiting",
    seconds_left: int | None = None,
) -> queue_schemas.JobView:
    """A job: its row, and what the log and the worker that runs it say."""
    state = row.state
    if row.state == JobState.WAITING:
        state = "active" if standing.running else wait
    return queue_schemas.JobView(
        id=row.id,
        queue=BY_STAGE[row.stage].queue,
        tenant_id=row.tenant_id,
        project_id=row.project_id,
        about=row.about,
        priority=row.priority,
        replay=row.replay,
        state=state,
        progress=_job_progress(row.stage, row.state, standing, seconds_left),
        attempts=max(row.attempts, standing.attempt),
        cached=row.cached,
        failure=_failure(row.stage if row.reason else None, row.reason, row.sentence),
        waiting_since=row.waiting_since,
        began_at=row.began_at,
        finished_at=row.finished_at,
    )


def _job_progress(
    stage: str, state: str, standing: Standing, seconds_left: int | None
) -> schemas.ProgressView:
    if state == JobState.COMPLETED:
        return schemas.ProgressView(percent=100, stage=stage, step="done", seconds_left=0)
    if state in ENDED:
        return schemas.ProgressView(percent=standing.percent, stage=stage, step=state)
    return schemas.ProgressView(
        percent=standing.percent, stage=stage, step=standing.step, seconds_left=seconds_left
    )


def _project_progress(
    row: Project, state: ProjectState, standing: Standing, seconds_left: int | None
) -> schemas.ProgressView:
    if state is ProjectState.READY:
        return schemas.ProgressView(percent=100, stage="", step=state.value, seconds_left=0)
    if state in OVER:
        begin, _ = SHARES[reached(row)]
        return schemas.ProgressView(percent=begin, stage="", step=state.value)
    stage = STAGE_OF[state]
    begin, end = SHARES[stage]
    return schemas.ProgressView(
        percent=round(begin + (end - begin) * standing.percent / 100, 1),
        stage=stage,
        step=standing.step,
        seconds_left=seconds_left,
    )


def reached(row: Project) -> str:
    """The stage that a project has come to: where it failed, or by what it has."""
    if row.failed_stage in SHARES:
        return row.failed_stage
    if row.transcript_key:
        return CLIP_DETECTION.name
    return TRANSCRIPTION.name if row.asset_id else IMPORT.name


def _failure(stage: str | None, reason: str | None, sentence: str | None) -> schemas.Failure | None:
    if not stage or not reason:
        return None
    return schemas.Failure(stage=stage, reason=reason, sentence=sentence or "")


def _source(stored: Mapping[str, Any]) -> dict[str, Any]:
    if "url" in stored:
        return {"type": "url", "url": stored["url"]["url"]}
    if "asset" in stored:
        return {"type": "asset", "sha256": stored["asset"]["sha256"]}
    upload = stored.get("upload", {})
    return {
        "type": "upload",
        "upload_id": upload.get("upload_id", ""),
        "file_name": upload.get("file_name", ""),
    }


def options_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a project by the names that requests have for them."""
    render = stored.get("render", {})
    known = {"clips": stored.get("clip_count", 0), **stored, **render}
    known["brand_kit_id"] = render.get("kit", {}).get("kit_id")
    known["style"] = render.get("caption", {}).get("style_id") or render.get("style", "")
    return {name: known[name] for name in schemas.ProjectOptions.model_fields if name in known}


def media(stored: Mapping[str, Any]) -> schemas.MediaView:
    """What is said of a film wherever it is shown."""
    return schemas.MediaView(
        duration_ms=stored.get("duration_ms", 0),
        width=stored.get("width", 0),
        height=stored.get("height", 0),
        frame_rate=stored.get("frame_rate", 0.0),
        bytes=int(stored.get("bytes", 0)),
    )


def _seconds(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds(), 3)


def _end(finished: datetime | None, kept: timedelta | None) -> datetime | None:
    """When what is kept for so long goes."""
    return finished + kept if finished and kept else None
