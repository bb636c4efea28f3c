"""A ClipForge stage as its service runs it, with a handler that does nothing but its duty.

`python -m bench.runtime.work <stage> <slots> <file of marks or ->`
"""

import asyncio
import os
import sys
import time
from functools import partial

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import BY_STAGE
from clipforge_runtime.main import run_stage
from clipforge_runtime.settings import RuntimeSettings, load
from clipforge_runtime.worker import Facts, Handler
from samples import clip, imported, media, objects, render


async def import_nothing(cause: facts.ProjectSubmitted) -> Facts:
    film = imported()
    film.project.CopyFrom(cause.project)
    return film


async def transcribe_nothing(cause: facts.VideoImported) -> Facts:
    return facts.VideoTranscribed(
        film=cause, transcript_key="tenants/sample/t.json", language="en", words=300
    )


async def detect_nothing(cause: facts.VideoTranscribed) -> Facts:
    project = cause.film.project
    export = facts.ExportRequested(
        project=project,
        export_id=ids.derive("exp", project.project_id),
        clip=clip(),
        render=render(),
        media=media(),
        source_key=objects().source_key,
        transcript_key=cause.transcript_key,
    )
    return export, facts.ClipsDetected(
        project=project, clips_key="tenants/sample/c.json", clips=[clip()], detector="none"
    )


async def export_nothing(cause: facts.ExportRequested, *, marks: int, seconds: float) -> Facts:
    os.write(marks, f"{cause.project.project_id} {time.time_ns()}\n".encode())
    if seconds:
        await asyncio.sleep(seconds)
    record = documents.ExportRecord(
        objects=documents.ExportObjects(clip_key="tenants/sample/exports/clip.mp4"),
        width=1080,
        height=1920,
        duration_ms=30_000,
        bytes=4_000_000,
        loudness_lufs=-14,
        result_version=1,
    )
    return facts.ClipExported(
        project=cause.project, export_id=cause.export_id, clip_id=cause.clip.id, record=record
    )


def main(name: str, slots: str, marks: str) -> None:
    file = os.open(marks, os.O_WRONLY | os.O_APPEND)
    seconds = int(os.environ["BENCH_JOB_MS"]) / 1000
    handlers: dict[str, Handler] = {
        "import": import_nothing,
        "transcription": transcribe_nothing,
        "clip-detection": detect_nothing,
        "export": partial(export_nothing, marks=file, seconds=seconds),
    }
    run_stage(BY_STAGE[name], handlers[name], load(RuntimeSettings), concurrency=int(slots))


if __name__ == "__main__":
    main(*sys.argv[1:])
