"""Objects that vanish from the store while work still needs them. On a real log and store."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

import transcribing
from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Project, ProjectState
from clipforge_clip_detection import interest
from clipforge_clip_detection.handler import detect_clips
from clipforge_contracts import ids
from clipforge_contracts.pipeline import CLIP_DETECTION
from clipforge_projector import projector
from clipforge_projector.reconciler import reconcile
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from samples import TENANT, every_fact
from transcribing import QUICK, Reader, clock, film, spoken, transcript, words
from workshop import PATIENCE, Workshop, submission

pytestmark = pytest.mark.integration

LATER = datetime.now(UTC) + timedelta(hours=1)
SECONDS, PARTS = 400, 5


@pytest.fixture
def store(s3_settings: RuntimeSettings) -> S3Store:
    return S3Store(s3_settings)


async def taken_in(workshop: Workshop, store: S3Store, sound: Path) -> facts.VideoImported:
    """A long film was submitted and imported."""
    imported = film("film", SECONDS)
    submitted = submission("film")
    submitted.options.CopyFrom(imported.options)
    await store.upload(imported.objects.audio_key, sound, content_type="audio/flac")
    await workshop.gateway.state(submitted, fact_id=ids.derive("evt", "film"), once=True)
    async with workshop.connected("import") as bus:
        await bus.state(imported, fact_id=ids.derive("evt", "film", "imported"), once=True)
    return imported


async def test_a_part_that_vanished_before_all_were_there_is_made_again_and_no_other(
    workshop: Workshop, store: S3Store, sessions: Sessions, tmp_path: Path
) -> None:
    loop, lost = asyncio.get_running_loop(), []

    async def lose_one() -> None:
        parts = await store.find(f"tenants/{TENANT}/chunks/")
        lost.append(min(part.key for part in parts))
        await store.delete(lost)

    def before(_second: int) -> None:
        if len(reader.read) == PARTS:  # the last one is heard; the others are there
            asyncio.run_coroutine_threadsafe(lose_one(), loop).result(PATIENCE)

    reader = Reader(before=before)
    imported = await taken_in(workshop, store, clock(tmp_path / "clock.flac", SECONDS))
    handler = transcribing.handler(store, tmp_path / "worker", reader)
    async with workshop.connected("projector") as bus:
        async with workshop.working(handler, stage=QUICK):
            await workshop.hear(facts.ChunkCut, PARTS)
            await workshop.idle(QUICK)
            told = await workshop.log("facts.video-transcribed.>")
            await projector.project(sessions, bus, batch=10, until=await bus.last_fact())

            mended = await reconcile(sessions, bus, now=LATER)
            [done] = await workshop.hear(facts.VideoTranscribed)
            await workshop.idle(QUICK)
        await projector.project(sessions, bus, batch=10, until=await bus.last_fact())

    assert (len(lost), told, mended) == (1, [], 1)
    assert len(reader.read) == PARTS + 1
    assert isinstance(done.fact, facts.VideoTranscribed)
    assert words(await transcript(store, done.fact.transcript_key)) == spoken(SECONDS)
    async with sessions() as session:
        row = await session.get(Project, imported.project.project_id)
    assert row is not None
    assert row.state == ProjectState.DETECTING


async def test_a_transcript_that_is_gone_when_detection_begins_fails_the_film_at_once_in_words(
    workshop: Workshop, store: S3Store
) -> None:
    [heard] = [fact for fact in every_fact() if isinstance(fact, facts.VideoTranscribed)]
    async with workshop.connected("transcription") as bus:
        await bus.state(heard, fact_id=ids.new("evt"), once=True)
    handler = partial(detect_clips, store=store, progress=report, interest=interest.load())

    async with workshop.working(handler, stage=CLIP_DETECTION):
        failure = await workshop.failure()
        await workshop.idle(CLIP_DETECTION)

    assert (failure.reason, failure.attempts) == ("gone", 1)
    assert "Submit the film again" in failure.sentence
    assert heard.transcript_key in failure.detail
