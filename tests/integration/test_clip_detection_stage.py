"""Clip detection on a real log and a real store: a transcript in, clips stated, once."""

from functools import partial

import pytest

from clipforge.v1 import common_pb2 as common
from clipforge.v1 import facts_pb2 as facts
from clipforge.v1.documents_pb2 import ClipList, Transcript
from clipforge_clip_detection import interest
from clipforge_clip_detection.handler import detect_clips
from clipforge_contracts import ids
from clipforge_contracts.documents import from_json, to_json
from clipforge_contracts.pipeline import CLIP_DETECTION
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.worker import Handler
from detecting import talk
from samples import TENANT, imported
from workshop import Workshop

pytestmark = pytest.mark.integration

KEY = f"tenants/{TENANT}/transcripts/{'ef' * 32}.json"


@pytest.fixture
def store(s3_settings: RuntimeSettings) -> S3Store:
    return S3Store(s3_settings)


def handler(store: S3Store) -> Handler:
    return partial(detect_clips, store=store, progress=report, interest=interest.load())


async def transcribed(
    workshop: Workshop,
    store: S3Store,
    transcript: Transcript,
    *,
    name: str = "first",
    auto_export: bool = False,
    replay: int = 0,
) -> None:
    """State that a film is transcribed, as the transcription stage does."""
    await store.write(KEY, to_json(transcript), content_type="application/json")
    film = imported()
    film.project.project_id = ids.derive("prj", name)
    film.options.auto_export = auto_export
    fact = facts.VideoTranscribed(film=film, transcript_key=KEY, language="en", words=900)
    async with workshop.connected("transcription") as bus:
        await bus.state(fact, fact_id=ids.derive("evt", name, replay))


async def test_a_transcript_becomes_clips_that_are_stored_and_stated(
    workshop: Workshop, store: S3Store
) -> None:
    await transcribed(workshop, store, talk(10))

    async with workshop.working(handler(store), stage=CLIP_DETECTION):
        [entry] = await workshop.hear(facts.ClipsDetected)

    stated = entry.fact
    assert isinstance(stated, facts.ClipsDetected)
    stored = from_json(await store.read(stated.clips_key), ClipList)
    assert len(stated.clips) == imported().options.clip_count
    assert list(stored.clips) == list(stated.clips)
    assert stored.detector == stated.detector == interest.load().name
    assert all(15_000 <= clip.end_ms - clip.start_ms <= 60_000 for clip in stated.clips)
    assert not stated.cached


async def test_the_same_transcript_again_is_served_and_says_so(
    workshop: Workshop, store: S3Store
) -> None:
    async with workshop.working(handler(store), stage=CLIP_DETECTION):
        await transcribed(workshop, store, talk(5))
        await workshop.hear(facts.ClipsDetected)
        found = await store.find(f"tenants/{TENANT}/clips/")

        await transcribed(workshop, store, talk(5), replay=1)
        await workshop.idle(CLIP_DETECTION)

    after = await store.find(f"tenants/{TENANT}/clips/")
    assert [(one.key, one.modified) for one in after] == [(one.key, one.modified) for one in found]


async def test_a_project_that_exports_by_itself_asks_for_every_clip(
    workshop: Workshop, store: S3Store
) -> None:
    await transcribed(workshop, store, talk(6), auto_export=True)

    async with workshop.working(handler(store), stage=CLIP_DETECTION):
        [entry] = await workshop.hear(facts.ClipsDetected)
        assert isinstance(entry.fact, facts.ClipsDetected)
        asked = await workshop.hear(facts.ExportRequested, len(entry.fact.clips))

    wishes = [one.fact for one in asked]
    assert all(isinstance(wish, facts.ExportRequested) for wish in wishes)
    clips = [wish.clip for wish in wishes if isinstance(wish, facts.ExportRequested)]
    assert [clip.id for clip in clips] == [clip.id for clip in entry.fact.clips]
    assert all(
        wish.transcript_key == KEY and wish.render == imported().options.render
        for wish in wishes
        if isinstance(wish, facts.ExportRequested)
    )


async def test_a_film_in_which_nothing_is_said_is_no_failure(
    workshop: Workshop, store: S3Store
) -> None:
    await transcribed(workshop, store, Transcript(duration_ms=60_000))

    async with workshop.working(handler(store), stage=CLIP_DETECTION):
        [entry] = await workshop.hear(facts.ClipsDetected)

    assert isinstance(entry.fact, facts.ClipsDetected)
    assert list(entry.fact.clips) == []


async def test_two_projects_of_one_film_have_clips_of_their_own(
    workshop: Workshop, store: S3Store
) -> None:
    async with workshop.working(handler(store), stage=CLIP_DETECTION):
        await transcribed(workshop, store, talk(5), name="first")
        await transcribed(workshop, store, talk(5), name="second")
        entries = await workshop.hear(facts.ClipsDetected, 2)

    one, two = (
        list(entry.fact.clips) for entry in entries if isinstance(entry.fact, facts.ClipsDetected)
    )
    assert [clip.start_ms for clip in one] == [clip.start_ms for clip in two]
    assert not {clip.id for clip in one} & {clip.id for clip in two}
    assert isinstance(entries[0].fact, facts.ClipsDetected)
    assert isinstance(entries[0].fact.project, common.ProjectRef)
