"""The transcription stage with the real models, a store in a folder and no log."""

import asyncio
import hashlib
import shutil
import tempfile
import wave
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import SecretStr

from clipforge.v1.documents_pb2 import Transcript
from clipforge.v1.facts_pb2 import ChunkCut, VideoImported, VideoTranscribed
from clipforge_runtime.testing import FolderStore
from clipforge_transcription import samples
from clipforge_transcription.__main__ import load_recogniser
from clipforge_transcription.handler import transcribe
from clipforge_transcription.listeners import Listeners
from clipforge_transcription.settings import Settings
from clipforge_transcription.sound import SoundCache
from exporting import make
from transcribing import film, transcript


class Stage:
    """The stage as its composition root binds it, with a store in a folder and no log."""

    def __init__(self, folder: Path, *, multilingual: bool = True) -> None:
        settings = Settings(
            nats_url="nats://127.0.0.1:1",
            s3_endpoint="http://127.0.0.1:1",
            s3_access_key="none",
            s3_secret_key=SecretStr("none"),
            data_dir=folder,
        )
        self._folder = folder
        self._store = FolderStore(folder / "store")
        self._listeners = Listeners()
        recogniser = load_recogniser(settings, self._listeners)
        self._recogniser = recogniser if multilingual else replace(recogniser, multilingual=None)
        scratch = Path(tempfile.mkdtemp(dir=folder))
        self._sound = SoundCache(self._store, scratch, settings.transcription_cache_bytes)
        self._threads = ThreadPoolExecutor(settings.transcription_concurrency)
        self._slots = asyncio.Semaphore(settings.transcription_concurrency)

    def close(self) -> None:
        """End what listens."""
        self._listeners.close()

    async def through(self, sound: Path, language: str = "") -> tuple[Transcript, int]:
        """The transcript of a film with this sound, and in how many parts it was made."""
        with sound.open("rb") as body:  # an hour of it must not count as the stage's memory
            fact = film(hashlib.file_digest(body, "sha256").hexdigest()[:24], 1)
        fact.media.duration_ms = milliseconds(sound)
        fact.options.language = language
        there = self._folder / "store" / fact.objects.audio_key
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sound, there)
        facts = await self._work(fact)
        parts = facts if isinstance(facts, list) else []
        ends = await asyncio.gather(*map(self._work, parts)) if parts else [facts]
        done = [end for end in ends if isinstance(end, VideoTranscribed)]
        return await transcript(self._store, done[0].transcript_key), max(len(parts), 1)

    async def _work(self, cause: VideoImported | ChunkCut) -> object:
        async with self._slots:
            return await transcribe(
                cause,
                store=self._store,
                progress=lambda _percent, _step: None,
                recogniser=self._recogniser,
                sound=self._sound,
                threads=self._threads,
            )


def listening(parent: int) -> set[int]:
    """The processes that listen for a process."""
    found: set[int] = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            ppid = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
        if b"clipforge_transcription.listener" in command and ppid == parent:
            found.add(int(process.name))
    return found


def milliseconds(sound: Path) -> int:
    """How long a sound of the stage lasts."""
    return round(sum(len(block) for block in samples.blocks(sound, 60)) / samples.RATE * 1000)


def flac(to: Path, *arguments: str) -> Path:
    """A sound as import lays it out."""
    return make(to, *arguments, "-ac", "1", "-ar", "16000", "-sample_fmt", "s16")


def joined(to: Path, sounds: Sequence[Path]) -> Path:
    """One sound of many, with a second of silence after each.

    Not ffmpeg's concat: it trusts the lengths that files state, and dropped the last one.
    """
    raw = to.with_suffix(".wav")
    with wave.open(str(raw), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(samples.RATE)
        for sound in sounds:
            for block in samples.blocks(sound, 60):
                file.writeframes(np.rint(block * 32768).astype("<i2").tobytes())
            file.writeframes(bytes(2 * samples.RATE))
    made = flac(to, "-i", str(raw))
    raw.unlink()
    return made
