"""A cancel ends a real Whisper in a process of its own, and nothing of the work is left behind."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
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
from clipforge_transcription import samples
from clipforge_transcription.engines import Cancelled
from clipforge_transcription.engines.scripted import Always, Scripted
from clipforge_transcription.engines.whisper import FasterWhisper
from clipforge_transcription.models import ModelMissing, find
from clipforge_transcription.recogniser import Choice, Recogniser
from clipforge_transcription.samples import Samples
from hearing import flac, joined, milliseconds
from transcribing import film
from workshop import Workshop, eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

MODEL = "tiny.en"
SECONDS = 170  # of sound: parts that take Whisper many seconds each
LONG = 150.0  # seconds; a busy machine transcribes as slowly as this sound is spoken
TICKS = os.sysconf("SC_CLK_TCK")


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


def processor_seconds(process: Child) -> float:
    """What it has used, all of its threads together."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def test_a_cancel_is_looked_for_before_each_step_of_a_window(sound: Path, tmp_path: Path) -> None:
    """One window of half a minute is encoded, decoded and aligned before any of it is told."""
    model = find(MODEL, tmp_path)
    engine = FasterWhisper(model.folder, name=MODEL, sha256=model.sha256, workers=1)
    window = samples.read(sound, 0, 25_000)

    for steps in range(3):
        asked, told = list[int](), list[float]()

        def cancelled(asked: list[int] = asked, steps: int = steps) -> bool:
            asked.append(steps)
            return len(asked) > steps

        with pytest.raises(Cancelled):
            engine.hear(
                window, language="en", vocabulary=[], on_seconds=told.append, cancelled=cancelled
            )
        assert (len(asked), told) == (steps + 1, [])


def test_a_cancel_is_looked_for_before_each_phrase_is_aligned() -> None:
    aligned: list[Sequence[str]] = []

    def align(_samples: Samples, words: Sequence[str]) -> None:
        aligned.append(words)

    whole = Recogniser(Scripted("One phrase. Another one. A third one."), None, Always(), align)
    with pytest.raises(Cancelled):
        whole.transcribe(
            np.zeros(60 * samples.RATE, np.float32),
            Choice("scripted", "en", 1.0),
            offset_ms=0,
            end_ms=60_000,
            vocabulary=[],
            on_seconds=lambda _seconds: None,
            cancelled=lambda: len(aligned) > 0,
        )

    assert len(aligned) == 1


async def test_a_cancel_ends_a_running_whisper_and_leaves_no_scratch(
    workshop: Workshop, s3_settings: RuntimeSettings, sound: Path, service: Child, tmp_path: Path
) -> None:
    store = S3Store(s3_settings)
    fact = film("film", SECONDS)
    fact.media.duration_ms = milliseconds(sound)
    await store.upload(fact.objects.audio_key, sound, content_type="audio/flac")
    job = TRANSCRIPTION.job(fact)

    async def listening_to(part: int) -> bool:
        runs = await workshop.gateway.progress(job)
        return any(run.part == part and run.step == "transcribing" for run in runs)

    async def state(user: str, fact: Fact) -> None:
        async with workshop.connected(user) as bus:
            await bus.state(fact, fact_id=ids.new("evt"), once=True)

    await state("import", fact)
    await eventually(lambda: listening_to(0), within=LONG)
    began = processor_seconds(service)
    await eventually(lambda: listening_to(1), within=LONG)
    a_part = processor_seconds(service) - began
    await state("gateway", facts.ProjectCancelled(project=fact.project))
    cancelled = processor_seconds(service)
    used = [cancelled]

    async def at_rest() -> bool:
        used.append(processor_seconds(service))
        return len(used) > 50 and used[-1] - used[-50] < 0.1  # looks come 20 ms apart, or more

    await workshop.idle(TRANSCRIPTION)
    await eventually(at_rest, within=LONG)
    os.kill(service.pid, signal.SIGTERM)

    async def ended() -> bool:
        return not service.running

    await eventually(ended)
    log = service.log.read_text()
    assert service.exit_code == 0, log
    assert "does not let go" not in log  # what is said of handlers that outlast the limit
    assert used[-1] - cancelled < 0.7 * a_part  # it was not transcribed to its end, unseen
    told = [entry.subject.split(".")[1] for entry in await workshop.log()]
    assert not {"video-transcribed", "stage-failed"} & set(told)
    chunks = await store.find(f"tenants/{fact.project.tenant_id}/chunks/")
    assert len(chunks) == 1  # of the part before
    assert list((tmp_path / "scratch").iterdir()) == []
