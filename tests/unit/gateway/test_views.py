"""Views: from rows and signs of life to what a client is told."""

from datetime import UTC, datetime, timedelta

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.tables import Asset, Export, Job, JobState, Project, ProjectState
from clipforge_contracts.documents import as_dict
from clipforge_gateway import views
from clipforge_gateway.standing import Standing
from samples import CLIP, EXPORT, PROJECT, TENANT, every_fact, media, options

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(state: ProjectState) -> Project:
    return Project(
        id=PROJECT,
        tenant_id=TENANT,
        plan="pro",
        title="A talk",
        state=state,
        source={"url": {"url": "https://example.com/talk.mp4"}},
        options=as_dict(options()),
        sequence=1,
        updated_sequence=2,
        created_at=NOW,
        updated_at=NOW,
    )


def job(stage: str, state: JobState = JobState.WAITING, finished_at: datetime | None = None) -> Job:
    return Job(
        id=f"job-{stage}",
        tenant_id=TENANT,
        project_id=PROJECT,
        stage=stage,
        about=PROJECT,
        priority="high",
        state=state,
        sequence=1,
        waiting_since=NOW,
        finished_at=finished_at,
    )


def running(percent: float, step: str = "at work", attempt: int = 1) -> Standing:
    return Standing(percent, percent, step, running=True, attempt=attempt)


@pytest.mark.parametrize(
    ("state", "percent", "expected"),
    [
        (ProjectState.QUEUED, 50, 7.5),
        (ProjectState.IMPORTING, 100, 15),
        (ProjectState.TRANSCRIBING, 0, 15),
        (ProjectState.TRANSCRIBING, 50, 52.5),
        (ProjectState.DETECTING, 100, 100),
        (ProjectState.READY, 0, 100),
        (ProjectState.FAILED, 70, 0),
    ],
)
def test_a_projects_progress_goes_through_its_stages(
    state: ProjectState, percent: float, expected: float
) -> None:
    told = views.project(row(state), standing=running(percent))

    assert told.progress.percent == expected


def test_a_project_that_ends_early_does_not_go_back() -> None:
    failed = row(ProjectState.FAILED)
    failed.asset_id = "ast"
    cancelled = row(ProjectState.CANCELLED)
    cancelled.asset_id, cancelled.transcript_key = "ast", "tenants/t/transcripts/ab.json"

    assert views.project(failed).progress.percent == 15
    assert views.project(cancelled).progress.percent == 90


def test_a_project_that_is_being_imported_says_so_before_the_fact() -> None:
    assert views.project(row(ProjectState.QUEUED)).state == "queued"
    assert views.project(row(ProjectState.QUEUED), standing=running(1)).state == "importing"


def test_a_project_tells_its_film_and_the_seconds_of_its_stages() -> None:
    asset = Asset(
        id="ast",
        tenant_id=TENANT,
        sha256="ab",
        media=as_dict(media()),
        objects={},
        sequence=1,
        created_at=NOW,
    )
    done = job("import", JobState.COMPLETED, finished_at=NOW + timedelta(seconds=2.5))
    begun = job("transcription")

    told = views.project(row(ProjectState.TRANSCRIBING), asset=asset, jobs=[done, begun])

    assert told.media is not None
    assert (told.media.duration_ms, told.media.bytes) == (90_000, 12_000_000)
    assert told.seconds_per_stage == {"import": 2.5}
    assert told.options["clips"] == 3
    assert told.options["aspect"] == "9:16"


def test_a_request_looks_the_same_with_its_row_and_without() -> None:
    submitted = next(fact for fact in every_fact() if isinstance(fact, facts.ProjectSubmitted))

    assert views.submitted(submitted, NOW) == views.project(row(ProjectState.QUEUED))


def test_an_export_looks_the_same_with_its_row_and_without() -> None:
    fact = next(fact for fact in every_fact() if isinstance(fact, facts.ExportRequested))
    stored = Export(
        id=EXPORT,
        tenant_id=TENANT,
        project_id=PROJECT,
        clip_id=CLIP,
        aspect="9:16",
        style="pop",
        quality="standard",
        height=0,
        record={},
        created_at=NOW,
        sequence=1,
    )

    assert views.requested(fact, NOW) == views.export(stored, files={})


def test_a_job_that_a_worker_shows_signs_of_is_active() -> None:
    waiting = job("transcription")

    assert views.job(waiting).state == "waiting"
    assert views.job(waiting, wait="delayed").state == "delayed"
    told = views.job(waiting, standing=running(40, "transcribing", attempt=2), wait="delayed")
    assert (told.state, told.attempts, told.queue) == ("active", 2, "transcription")
    assert (told.progress.percent, told.progress.step) == (40, "transcribing")
