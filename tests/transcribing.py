"""What the tests of transcription have in common: a sound that tells its time, and who reads it.

Every second of it has a value of its own, so what is lost, doubled or moved shows. As a program
(`python tests/transcribing.py`) it is a worker that makes `merging` in CLIPFORGE_DATA_DIR where it
would store a merged transcript, and hangs; with `--hang-after N` it makes `hanging` and hangs once
so many parts are done, until it is asked to stop.
"""

import asyncio
import sys
import time
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock, get_ident

import numpy as np

from clipforge.v1.documents_pb2 import Transcript
from clipforge.v1.facts_pb2 import VideoImported
from clipforge_contracts import ids
from clipforge_contracts.documents import from_json
from clipforge_contracts.pipeline import TRANSCRIPTION
from clipforge_runtime import scratch
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import load
from clipforge_runtime.storage import ObjectStore
from clipforge_runtime.worker import Handler
from clipforge_transcription.engines import (
    Cancelled,
    Engine,
    Heard,
    Language,
    SpeechDetector,
    Spoken,
)
from clipforge_transcription.handler import transcribe
from clipforge_transcription.recogniser import Recogniser
from clipforge_transcription.samples import RATE, Samples
from clipforge_transcription.settings import Settings
from clipforge_transcription.sound import SoundCache
from exporting import make
from samples import imported

QUICK = replace(TRANSCRIPTION, lease=timedelta(seconds=1.5), stall=timedelta(seconds=60))
TURN, PAUSE = 40, 39  # nobody speaks in this second of each turn
STEP = 8  # of a 16-bit sample, from second to second: an hour fits


def clock(to: Path, seconds: int) -> Path:
    """Sound whose every second says which it is."""
    values = np.rint(ticks(seconds) * 32768).astype("<i2")
    raw = to.with_suffix(".wav")
    with wave.open(str(raw), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(values.tobytes())
    return make(to, "-i", str(raw))


def ticks(seconds: int) -> Samples:
    """The same, as a recogniser gets it."""
    return np.repeat((np.arange(seconds) + 1) * STEP / 32768, RATE).astype(np.float32)


def spoken(seconds: int) -> list[str]:
    """The words of a clock."""
    return [f"w{second}" for second in range(seconds) if second % TURN != PAUSE]


@dataclass
class Reader:
    """An Engine, and a SpeechDetector, that reads a clock: one word a second."""

    name: str = "reader"
    sha256: str = "0" * 64
    identity: str = "reader"
    languages: tuple[str, ...] = ("en",)
    read: list[int] = field(default_factory=list[int])  # the first seconds of what was heard
    threads: set[int] = field(default_factory=set[int])  # that it was called in
    before: Callable[[int], None] = lambda _second: None
    hangs: bool = False  # until it is cancelled
    _lock: Lock = field(default_factory=Lock)

    def hear(
        self,
        samples: Samples,
        *,
        language: str,
        vocabulary: Sequence[str],
        on_seconds: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> list[Heard]:
        told = np.rint(samples * 32768 / STEP).astype(int) - 1
        with self._lock:
            self.read.append(int(told[0]))
            self.threads.add(get_ident())
        self.before(int(told[0]))
        while self.hangs and not cancelled():
            time.sleep(0.02)
        heard: list[Heard] = []
        for second in sorted(set(told.tolist())):
            if cancelled():
                raise Cancelled
            at = np.flatnonzero(told == second)
            if second % TURN != PAUSE:
                start, end = at[0] / RATE, (at[-1] + 1) / RATE
                heard.append(Heard((Spoken(f"w{second}", float(start), float(end), 0.9),)))
                on_seconds(float(end))
        return heard

    def language(self, samples: Samples, *, cancelled: Callable[[], bool]) -> Language:
        return Language("en", 0.99)

    def speech(self, samples: Samples, *, cancelled: Callable[[], bool]) -> list[tuple[int, int]]:
        length = len(samples) * 1000 // RATE
        begin = round(float(samples[0]) * 32768 / STEP) - 1
        turns = range(-(begin % TURN) * 1000, length, TURN * 1000)
        return [(max(at, 0), min(at + PAUSE * 1000, length)) for at in turns]


def film(name: str, seconds: int, *, of: str = "") -> VideoImported:
    """A film whose sound lies in the store; `of` another name: the same film, imported again."""
    fact = imported()
    fact.project.project_id = ids.derive("prj", name)
    fact.title = name
    fact.media.duration_ms = seconds * 1000
    fact.media.sha256 = (of or name).encode().hex().ljust(64, "0")
    fact.objects.audio_key = f"tenants/{fact.project.tenant_id}/media/{of or name}/audio.flac"
    fact.options.language = "en"
    del fact.options.vocabulary[:]
    return fact


def handler(store: ObjectStore, folder: Path, reader: Reader, *, parts: int = 1) -> Handler:
    """The stage's handler, where a reader listens."""
    return worked(store, folder, reader, reader, parts=parts)


def worked(
    store: ObjectStore, folder: Path, engine: Engine, speech: SpeechDetector, *, parts: int = 1
) -> Handler:
    """The stage's handler, as its composition root binds it."""
    folder.mkdir(exist_ok=True)
    return partial(
        transcribe,
        store=store,
        progress=report,
        recogniser=Recogniser(engine, None, speech),
        sound=SoundCache(store, folder, 2**30),
        threads=ThreadPoolExecutor(parts),
    )


async def transcript(store: ObjectStore, key: str) -> Transcript:
    return from_json(await store.read(key), Transcript)


def words(transcript: Transcript) -> list[str]:
    return [word.text for segment in transcript.segments for word in segment.words]


class HangsInMerge(S3Store):
    """Never ends to store a merged transcript."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._said = settings.data_dir / "merging"

    async def write(self, key: str, body: bytes, *, content_type: str) -> None:
        if "/transcripts/" in key:
            self._said.touch()
            await asyncio.Future[None]()
        await super().write(key, body, content_type=content_type)


def _hang_after(parts: int, said: Path, reader: Reader) -> None:
    """Never read more: whoever is cancelled there sees it with the next second."""

    def before(_second: int) -> None:
        if len(reader.read) > parts:
            said.touch()
            reader.hangs = True

    reader.before = before


def main() -> None:
    settings, reader = load(Settings), Reader()
    if sys.argv[1:]:
        _hang_after(int(sys.argv[2]), settings.data_dir / "hanging", reader)
    with scratch.folder(settings.scratch_dir, "transcription") as folder:
        work = handler(HangsInMerge(settings), folder, reader)
        run_stage(QUICK, work, settings, concurrency=1)


if __name__ == "__main__":
    main()
