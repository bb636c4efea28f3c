"""Transcription on a real log and store: a long film in parts, whatever befalls its workers."""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

import transcribing
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_maintenance.handler import remove_objects
from clipforge_runtime.errors import Permanent
from clipforge_runtime.progress import reporter
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.storage import Stat
from clipforge_standalone.servers.process import Child
from samples import TENANT, nobody
from transcribing import QUICK, Reader, clock, film, spoken, transcript, words
from workshop import PATIENCE, Workshop, eventually

pytestmark = pytest.mark.integration

SECONDS = 400  # five parts
PARTS = 5


@pytest.fixture
def store(s3_settings: RuntimeSettings) -> S3Store:
    return S3Store(s3_settings)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clock(tmp_path_factory.mktemp("sound") / "clock.flac", SECONDS)


async def imported(
    workshop: Workshop, store: S3Store, sound: Path, name: str = "film", *, of: str = ""
) -> facts.VideoImported:
    """State that a film with this sound has been taken in."""
    fact = film(name, SECONDS, of=of)
    await store.upload(fact.objects.audio_key, sound, content_type="audio/flac")
    async with workshop.connected("import") as bus:
        await bus.state(fact, fact_id=ids.derive("evt", name), once=True)
    return fact


async def outcome(workshop: Workshop, count: int = 1) -> list[facts.VideoTranscribed]:
    heard = await workshop.hear(facts.VideoTranscribed, count)
    return [entry.fact for entry in heard if isinstance(entry.fact, facts.VideoTranscribed)]


async def stated(workshop: Workshop) -> list[str]:
    return [entry.subject.split(".")[1] for entry in await workshop.log()]


async def test_a_long_film_is_shared_by_two_workers_and_no_word_is_lost_or_doubled(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path
) -> None:
    together = threading.Barrier(2, timeout=PATIENCE)
    met = [threading.Event(), threading.Event()]

    def meet(one: threading.Event) -> None:
        if not one.is_set():  # the first part of each: neither goes on without the other
            one.set()
            together.wait()

    readers = [Reader(before=lambda _second, one=one: meet(one)) for one in met]  # type: ignore[misc]
    first, second = (
        transcribing.handler(store, tmp_path / f"worker{n}", reader)
        for n, reader in enumerate(readers)
    )
    await imported(workshop, store, sound)

    async with (
        workshop.working(first, stage=QUICK),
        workshop.working(second, stage=QUICK),
    ):
        [done] = await outcome(workshop)
        await workshop.idle(QUICK)

    whole = await transcript(store, done.transcript_key)
    assert words(whole) == spoken(SECONDS)
    starts = [word.start_ms for segment in whole.segments for word in segment.words]
    assert starts == [int(word[1:]) * 1000 for word in spoken(SECONDS)]
    assert (done.words, done.language, done.notice) == (len(starts), "en", "")
    read = [reader.read for reader in readers]
    assert all(read)
    assert sorted(read[0] + read[1]) == sorted({*read[0], *read[1]})
    assert len(read[0] + read[1]) == PARTS
    assert await stated(workshop) == ["video-imported", *["chunk-cut"] * PARTS, "video-transcribed"]


async def test_parts_that_all_see_each_other_state_the_transcript_once(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path
) -> None:
    """The last parts end in one moment: each finds all parts there, and merges."""
    await imported(workshop, store, sound)
    meeting, reader = Meeting(store, PARTS), Reader()

    async with workshop.working(
        transcribing.handler(meeting, tmp_path / "worker", reader, parts=2),
        stage=QUICK,
        concurrency=PARTS,
    ):
        [done] = await outcome(workshop)
        await workshop.idle(QUICK)

    assert meeting.merges == PARTS
    assert len(reader.threads) <= 2  # each keeps memory of its own
    assert words(await transcript(store, done.transcript_key)) == spoken(SECONDS)
    assert (await stated(workshop)).count("video-transcribed") == 1


async def test_the_first_part_to_fail_for_good_fails_the_job_and_stops_the_others(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path
) -> None:
    await workshop.hurry(QUICK)
    running, over = threading.Event(), threading.Event()

    def before(second: int) -> None:
        if second == 0:
            running.set()
            assert over.wait(PATIENCE)  # in the middle of its work when the other fails
        else:
            assert running.wait(PATIENCE)
            raise Permanent("This part cannot be read.", reason="unreadable")

    reader = Reader(before=before)
    await imported(workshop, store, sound)
    async with workshop.working(
        transcribing.handler(store, tmp_path / "worker", reader, parts=2),
        stage=QUICK,
        concurrency=2,
    ) as shift:
        failure = await workshop.failure()

        async def stopped() -> bool:
            return not shift.worker.running

        await eventually(stopped)
        over.set()
        await workshop.idle(QUICK)

    assert (failure.reason, failure.sentence) == ("unreadable", "This part cannot be read.")
    assert len(reader.read) == 2  # those that waited were dropped
    told = await stated(workshop)
    assert told.count("stage-failed") == 1
    assert "video-transcribed" not in told


def worker(workshop: Workshop, store: RuntimeSettings, folder: Path, *arguments: str) -> Child:
    """A worker in a process of its own, which hangs where it would store what is merged."""
    return Child(
        "worker",
        [sys.executable, str(Path(transcribing.__file__)), *arguments],
        folder / "worker.log",
        env={
            "PATH": os.environ["PATH"],
            "CLIPFORGE_NATS_URL": workshop.user("transcription").nats_url,
            "CLIPFORGE_S3_ENDPOINT": store.s3_endpoint,
            "CLIPFORGE_S3_BUCKET": store.s3_bucket,
            "CLIPFORGE_S3_ACCESS_KEY": store.s3_access_key,
            "CLIPFORGE_S3_SECRET_KEY": store.s3_secret_key.get_secret_value(),
            "CLIPFORGE_DATA_DIR": str(folder),
            "CLIPFORGE_SCRATCH_DIR": str(folder),
            "CLIPFORGE_GRACE_SECONDS": "2",
        },
    )


async def test_a_worker_killed_in_the_middle_of_merging_loses_nothing(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path, s3_settings: RuntimeSettings
) -> None:
    await workshop.hurry(QUICK)
    await imported(workshop, store, sound)
    victim = worker(workshop, s3_settings, tmp_path)
    victim.start()
    try:

        async def merging() -> bool:
            return (tmp_path / "merging").exists()

        await eventually(merging)
    finally:
        victim.kill()

    reader = Reader()
    async with workshop.working(
        transcribing.handler(store, tmp_path / "heir", reader), stage=QUICK
    ):
        [done] = await outcome(workshop)
        await workshop.idle(QUICK)

    assert reader.read == []  # every part was there
    assert words(await transcript(store, done.transcript_key)) == spoken(SECONDS)
    assert (await stated(workshop)).count("video-transcribed") == 1


async def test_a_worker_that_is_asked_to_stop_half_way_has_no_part_heard_again_that_was_done(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path, s3_settings: RuntimeSettings
) -> None:
    await imported(workshop, store, sound)
    leaver = worker(workshop, s3_settings, tmp_path, "--hang-after", "3")
    leaver.start()
    try:

        async def half_way() -> bool:
            return (tmp_path / "hanging").exists()

        await eventually(half_way)
        os.kill(leaver.pid, signal.SIGTERM)

        async def gone() -> bool:
            return not leaver.running

        await eventually(gone)
        code = leaver.exit_code
    finally:
        leaver.kill()
    done_before = await store.find(f"tenants/{TENANT}/chunks/")
    reader = Reader()
    async with workshop.working(
        transcribing.handler(store, tmp_path / "heir", reader), stage=QUICK
    ):
        [done] = await outcome(workshop)
        await workshop.idle(QUICK)
    [end] = await workshop.hear(facts.VideoTranscribed)

    assert code == 0
    assert len(done_before) == 3
    assert len(reader.read) == PARTS - 3
    assert (end.headers["cf-attempt"], end.headers["cf-crashes"]) == ("1", "0")
    assert words(await transcript(store, done.transcript_key)) == spoken(SECONDS)


async def test_the_same_film_again_is_served_and_parts_that_are_there_are_not_heard_again(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path
) -> None:
    reader = Reader()
    async with workshop.working(
        transcribing.handler(store, tmp_path / "worker", reader), stage=QUICK
    ):
        await imported(workshop, store, sound, "first")
        [first] = await outcome(workshop)
        await imported(workshop, store, sound, "again", of="first")
        second = (await outcome(workshop, 2))[1]
        await store.delete([first.transcript_key])
        await imported(workshop, store, sound, "third", of="first")
        third = (await outcome(workshop, 3))[2]
        await workshop.idle(QUICK)

    assert len(reader.read) == PARTS
    assert (first.cached, second.cached) == (False, True)
    assert first.transcript_key == second.transcript_key == third.transcript_key
    assert words(await transcript(store, third.transcript_key)) == spoken(SECONDS)


async def test_what_is_used_again_stays_though_its_removal_had_been_asked_for(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path
) -> None:
    """The transcript, and the parts that are still to be counted."""
    handler = transcribing.handler(store, tmp_path / "worker", Reader())
    async with workshop.working(handler, stage=QUICK):
        await imported(workshop, store, sound, "first")
        [first] = await outcome(workshop)
        transcript_before = await asked_for(store, first.transcript_key)
        await imported(workshop, store, sound, "again", of="first")
        await outcome(workshop, 2)
        await workshop.idle(QUICK)
        used = await remove_objects(transcript_before, store=store, progress=silent)
        [chunks] = {
            stat.key.rpartition("/")[0] + "/"
            for stat in await store.find("tenants/")
            if "/chunks/" in stat.key
        }
        chunks_before = await asked_for(store, chunks)
        await store.delete([first.transcript_key])
        await imported(workshop, store, sound, "third", of="first")
        await outcome(workshop, 3)
        await workshop.idle(QUICK)
    counted = await remove_objects(chunks_before, store=store, progress=silent)

    assert (used.objects, list(used.kept_keys)) == (0, [first.transcript_key])
    assert (counted.objects, list(counted.kept_keys)) == (0, [chunks])


async def test_parts_whose_film_another_project_has_transcribed_take_its_transcript(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path
) -> None:
    """Both had cut it before; since then the parts of the first are removed."""
    first = await imported(workshop, store, sound, "first")
    reader = Reader()
    transcribe = transcribing.handler(store, tmp_path / "worker", reader)
    cut = await transcribe(first)
    assert isinstance(cut, list)
    for part in cut:
        await transcribe(part)
    await store.delete(
        [stat.key for stat in await store.find("tenants/") if "/chunks/" in stat.key]
    )

    second = [
        facts.ChunkCut(film=film("second", SECONDS, of="first"), plan=part.plan, n=part.n)
        for part in cut
        if isinstance(part, facts.ChunkCut)
    ]
    ends = [await transcribe(part) for part in second]

    assert len(reader.read) == PARTS
    assert all(isinstance(end, facts.VideoTranscribed) for end in ends)


async def asked_for(store: S3Store, key: str) -> facts.RemovalRequested:
    """A removal of what lies there, decided once it was all written."""
    newest = max(stat.modified for stat in await store.find(key))
    return facts.RemovalRequested(
        project=nobody(),
        removal_id=ids.new("rmv"),
        keys=[key],
        decided_at_ms=int(newest.timestamp() * 1000) + 1,
    )


def silent(_percent: float, _step: str) -> None:
    """Nobody watches."""


async def test_a_cancel_stops_a_part_between_two_segments(
    workshop: Workshop, store: S3Store, sound: Path, tmp_path: Path
) -> None:
    hearing, over = threading.Event(), threading.Event()

    def before(_second: int) -> None:
        hearing.set()
        assert over.wait(PATIENCE)

    fact = await imported(workshop, store, sound)
    async with workshop.working(
        transcribing.handler(store, tmp_path / "worker", Reader(before=before)), stage=QUICK
    ) as shift:
        assert await asyncio.to_thread(hearing.wait, PATIENCE)
        await workshop.gateway.state(
            facts.ProjectCancelled(project=fact.project),
            fact_id=ids.derive("evt", "cancel"),
            once=True,
        )

        async def stopped() -> bool:
            return not shift.worker.running

        await eventually(stopped)
        over.set()
        await workshop.idle(QUICK)

    assert "video-transcribed" not in await stated(workshop)
    assert await store.find(f"tenants/{fact.project.tenant_id}/chunks/") == []


class Meeting(S3Store):
    """Its listings wait until all of these parts have been stored."""

    def __init__(self, store: S3Store, parts: int) -> None:
        self.__dict__.update(vars(store))
        self._parts = parts
        self._all = asyncio.Event()
        self._stored = 0
        self.merges = 0

    async def write(self, key: str, body: bytes, *, content_type: str) -> None:
        await super().write(key, body, content_type=content_type)
        if "/transcripts/" in key:
            self.merges += 1
            return
        self._stored += 1
        if self._stored == self._parts:
            self._all.set()

    async def find(self, prefix: str, *, limit: int = 1000, after: str = "") -> list[Stat]:
        if self._stored:  # somebody is done, so this is how it looks for the others
            async with asyncio.timeout(PATIENCE):
                await self._all.wait()
        return await super().find(prefix, limit=limit, after=after)


async def test_what_is_heard_in_a_thread_is_progress_of_its_delivery(
    store: S3Store, tmp_path: Path
) -> None:
    short, told = film("short", 20), list[float]()
    audio = clock(tmp_path / "short.flac", 20)
    await store.upload(short.objects.audio_key, audio, content_type="audio/flac")
    transcribe = transcribing.handler(store, tmp_path / "worker", Reader())

    token = reporter.set(lambda percent, _step: told.append(percent))
    await transcribe(short)
    reporter.reset(token)

    assert len({percent for percent in told if 10 < percent < 100}) > 3
