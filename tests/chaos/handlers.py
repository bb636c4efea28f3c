"""Handlers for all four stages that do what the film's title says, and real things besides.

They read and write content-addressed objects in the real store and use real scratch folders, so
that hundreds of jobs a minute meet every kind of fault on two cores.
"""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chaos import requests, results
from chaos.effects import KILL_AT_RETRY, Effects
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import keys
from clipforge_contracts.pipeline import Stage
from clipforge_runtime import scratch
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.progress import report
from clipforge_runtime.storage import ObjectStore

WORK_SECONDS: Final = 0.02
SLOW_SECONDS: Final = 1.0
CONTENT: Final = "application/octet-stream"
TOO_MUCH: Final = 16 * 1024**3  # bytes; four times what a process of the house may have


@dataclass(frozen=True)
class Handlers:
    """What the handlers of one process work with."""

    store: ObjectStore
    effects: Effects
    scratch: Path
    lease: float  # seconds
    stage: Stage

    async def import_video(self, cause: facts.ProjectSubmitted) -> facts.VideoImported:
        await self._play(cause.title, cause.project.project_id)
        film = results.imported(cause)
        if await self.store.stat(film.objects.audio_key) is None:
            with scratch.folder(self.scratch, "import") as folder:
                file = folder / "source.mp4"
                file.write_bytes(results.source(cause.source.url.url))
                await self.store.upload(film.objects.source_key, file, content_type=CONTENT)
            await self._write(film.objects.audio_key)
        else:
            film.reused = True
        self._made(cause.project.project_id)
        return film

    async def transcribe(
        self, cause: facts.VideoImported | facts.ChunkCut
    ) -> facts.VideoTranscribed | list[facts.ChunkCut] | None:
        if isinstance(cause, facts.ChunkCut):
            return await self._transcribe_part(cause)
        parts = int(requests.read(cause.title)["parts"])
        project = cause.project.project_id
        if parts > 1:
            plan = results.plan(cause, parts)
            return [facts.ChunkCut(film=cause, plan=plan, n=n) for n in range(parts)]
        await self._play(cause.title, project)
        sound = await self.store.read(cause.objects.audio_key)
        if sound != results.body(cause.objects.audio_key):
            raise Permanent("The sound is torn.", reason="torn")
        cached = await self._write_once(
            results.transcript_key(cause.project.tenant_id, cause.media.sha256)
        )
        self._made(project)
        return results.transcribed(cause, cached=cached)

    async def _transcribe_part(self, cause: facts.ChunkCut) -> facts.VideoTranscribed | None:
        film, plan = cause.film, cause.plan
        await self._play(film.title, film.project.project_id, cause.n)
        count = len(plan.spans)
        chunks = [
            keys.chunk(film.project.tenant_id, plan.plan_hash, n, count) for n in range(count)
        ]
        await self._write_once(chunks[cause.n])
        self._made(film.project.project_id, cause.n)
        if not all([await self.store.stat(chunk) for chunk in chunks]):
            return None
        await self._write_once(plan.transcript_key)
        return results.transcribed(film, cached=False)

    async def detect_clips(self, cause: facts.VideoTranscribed) -> facts.ClipsDetected:
        project = cause.film.project
        await self._play(cause.film.title, project.project_id)
        key = results.clips_key(project.tenant_id, cause.transcript_key)
        cached = await self._write_once(key)
        self._made(project.project_id)
        return facts.ClipsDetected(
            project=project,
            clips_key=key,
            clips=[results.clip(project.project_id, cause.film.title)],
            detector="scripted",
            cached=cached,
        )

    async def export_clip(self, cause: facts.ExportRequested) -> facts.ClipExported:
        await self._play(cause.clip.title, cause.export_id)
        cached = await self._write_once(
            results.export_key(cause.project.tenant_id, cause.source_key)
        )
        self._made(cause.export_id)
        return results.exported(cause, cached=cached)

    async def _play(self, title: str, about: str, part: int | None = None) -> None:
        """Do what the script says of this stage."""
        stage = self.stage.name
        n = self.effects.nth_try(stage, about, part)
        self.effects.record("begun", stage, about, part)
        deed = requests.read(title)[stage]
        if n > 1 and deed in requests.RETRIED and self.effects.takes(KILL_AT_RETRY):
            os.kill(os.getpid(), signal.SIGKILL)
        match deed:
            case "ok":
                await asyncio.sleep(WORK_SECONDS)
            case "slow":
                for step in range(10):
                    report(step * 10, "working")
                    await asyncio.sleep(SLOW_SECONDS / 10)
            case "flaky1" | "flaky2" if n <= int(deed[-1]):
                raise Transient("The world was unwell, as the script has it.")
            case "doomed":
                raise Permanent("This film is doomed, as the script has it.", reason="scripted")
            case "hopeless":
                raise Transient("The world is never well, as the script has it.")
            case "hang" if n == 1:
                await asyncio.Event().wait()
            case "block" if n == 1:
                time.sleep(self.lease * 1.7)  # noqa: ASYNC251  (that is the point)
            case "eat" if n == 1:
                _eat()
            case "stumble" if n == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            case "poison":
                os.kill(os.getpid(), signal.SIGKILL)

    def _made(self, about: str, part: int | None = None) -> None:
        self.effects.record("made", self.stage.name, about, part)

    async def _write(self, key: str) -> None:
        await self.store.write(key, results.body(key), content_type=CONTENT)

    async def _write_once(self, key: str) -> bool:
        """Whether it was there before."""
        if await self.store.stat(key) is not None:
            return True
        await self._write(key)
        return False


def _eat() -> None:
    """More than the process may have: MemoryError."""
    eaten = bytearray(TOO_MUCH)
    raise AssertionError(f"ate {len(eaten)} bytes and was not stopped")
