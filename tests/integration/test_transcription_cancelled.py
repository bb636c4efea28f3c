"""A cancel ends a real Whisper in a process of its own, and nothing of the work is left behind."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import speech
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact
from clipforge_contracts.pipeline import TRANSCRIPTION
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.process import Child
from clipforge_transcription.models import ModelMissing, find
from hearing import flac, joined, listening, milliseconds
from transcribing import film
from workshop import Workshop, eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

MODEL = "tiny.en"
SECONDS = 170  # of sound: parts that take Whisper many seconds each
LONG = 150.0  # seconds; a busy machine transcribes as slowly as this sound is spoken


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody speaks all the while."""
    folder = tmp_path_factory.mktemp("sound")
    try:
        find(MODEL, folder)
    except ModelMissing as missing:
        pytest.skip(str(missing))
    recordings = [truth.file for truth in speech.recordings()]
    spoken = [flac(folder / f"{n}.flac", "-i", str(file)) for n, file in enumerate(recordings)]
    whole = joined(folder / "all.flac", spoken)
    return flac(folder / "film.flac", "-stream_loop", "-1", "-i", str(whole), "-t", str(SECONDS))


@pytest.fixture
def store(s3_settings: RuntimeSettings) -> S3Store:
    return S3Store(s3_settings)


@pytest.fixture
def service(workshop: Workshop, s3_settings: RuntimeSettings, tmp_path: Path) -> Iterator[Child]:
    (tmp_path / "scratch").mkdir()
    child = Child(
        "transcription",
        [sys.executable, "-m", "clipforge_transcription"],
        tmp_path / "transcription.log",
        env={
            "PATH": os.environ["PATH"],
            "CLIPFORGE_NATS_URL": workshop.user(TRANSCRIPTION.name).nats_url,
            "CLIPFORGE_S3_ENDPOINT": s3_settings.s3_endpoint,
            "CLIPFORGE_S3_BUCKET": s3_settings.s3_bucket,
            "CLIPFORGE_S3_ACCESS_KEY": s3_settings.s3_access_key,
            "CLIPFORGE_S3_SECRET_KEY": s3_settings.s3_secret_key.get_secret_value(),
            "CLIPFORGE_ADMIN_PORT": str(ports.free()),
            "CLIPFORGE_DATA_DIR": str(tmp_path),
            "CLIPFORGE_SCRATCH_DIR": str(tmp_path / "scratch"),
            "CLIPFORGE_WHISPER_MODEL": MODEL,
            "CLIPFORGE_WHISPER_MULTILINGUAL_MODEL": MODEL,
            "CLIPFORGE_TRANSCRIPTION_CONCURRENCY": "1",
        },
    )
    child.start()
    yield child
    child.kill()


async def test_a_cancel_ends_a_running_whisper_and_leaves_no_scratch(
    workshop: Workshop, store: S3Store, sound: Path, service: Child, tmp_path: Path
) -> None:
    """It is stopped in the middle of its work, so that by itself it would never end."""
    fact = await imported(store, "film", sound)
    after = await imported(store, "after", short(sound))

    async def state(user: str, fact: Fact) -> None:
        async with workshop.connected(user) as bus:
            await bus.state(fact, fact_id=ids.new("evt"), once=True)

    async def transcribing() -> bool:
        runs = await workshop.gateway.progress(TRANSCRIPTION.job(fact))
        return any(run.part == 0 and run.step == "transcribing" for run in runs)

    await state("import", fact)
    await eventually(transcribing, within=LONG)
    [whisper] = listening(service.pid)
    os.kill(whisper, signal.SIGSTOP)
    await state("gateway", facts.ProjectCancelled(project=fact.project))

    async def killed() -> bool:
        return whisper not in listening(service.pid)

    await eventually(killed, within=LONG)
    await workshop.idle(TRANSCRIPTION)
    await state("import", after)
    [done] = await workshop.hear(facts.VideoTranscribed)
    os.kill(service.pid, signal.SIGTERM)

    async def ended() -> bool:
        return not service.running

    await eventually(ended, within=LONG)
    log = service.log.read_text()
    assert service.exit_code == 0, log
    assert "does not let go" not in log  # what is said of handlers that outlast the limit
    assert isinstance(done.fact, facts.VideoTranscribed)
    assert done.fact.film.title == "after"
    told = [entry.subject.split(".")[1] for entry in await workshop.log()]
    assert "stage-failed" not in told
    assert await store.find(f"tenants/{fact.project.tenant_id}/chunks/") == []
    assert list((tmp_path / "scratch").iterdir()) == []


async def imported(store: S3Store, name: str, sound: Path) -> facts.VideoImported:
    """A film with this sound, which lies in the store."""
    fact = film(name, 1)
    fact.media.duration_ms = milliseconds(sound)
    await store.upload(fact.objects.audio_key, sound, content_type="audio/flac")
    return fact


def short(sound: Path) -> Path:
    """The beginning of it."""
    return flac(sound.with_name("short.flac"), "-i", str(sound), "-t", "6")
