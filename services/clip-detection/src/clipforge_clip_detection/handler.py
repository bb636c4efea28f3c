"""What happens to one transcript in this service, from top to bottom."""

import asyncio

from clipforge.v1.documents_pb2 import ClipList, Transcript
from clipforge.v1.facts_pb2 import ClipsDetected, ExportRequested, VideoTranscribed
from clipforge_clip_detection.detector import RESULT_VERSION, Wish, detect
from clipforge_clip_detection.interest import Interest
from clipforge_contracts import keys
from clipforge_contracts.documents import from_json, to_json
from clipforge_contracts.exports import export_id
from clipforge_contracts.facts import Fact
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import NotFound, ObjectStore


async def detect_clips(
    film: VideoTranscribed, *, store: ObjectStore, progress: Report, interest: Interest
) -> list[Fact]:
    """Find the moments worth sharing; where the project exports by itself, ask for each."""
    imported = film.film
    options = imported.options
    wish = Wish(options.clip_count, options.min_clip_ms, options.max_clip_ms)
    project = imported.project.project_id
    key = keys.clips(
        imported.project.tenant_id,
        keys.address(
            transcript=film.transcript_key,
            wish=vars(wish),
            project=project,  # clip ids are the project's own
            detector=interest.name,
            result_version=RESULT_VERSION,
        ),
    )
    found = await _known(store, key)
    cached = found is not None
    if found is None:
        progress(10, "reading the transcript")
        transcript = from_json(await store.read(film.transcript_key), Transcript)
        progress(30, "looking for the best moments")
        found = await asyncio.to_thread(
            detect, transcript, wish, project=project, interest=interest
        )
        await store.write(key, to_json(found), content_type="application/json")
    detected = ClipsDetected(
        project=imported.project,
        clips_key=key,
        clips=found.clips,
        detector=found.detector,
        cached=cached,
    )
    return [*(_exports(film, found) if options.auto_export else ()), detected]


def _exports(film: VideoTranscribed, found: ClipList) -> list[Fact]:
    imported = film.film
    render = imported.options.render
    return [
        ExportRequested(
            project=imported.project,
            export_id=export_id(clip, render),
            clip=clip,
            render=render,
            media=imported.media,
            source_key=imported.objects.source_key,
            transcript_key=film.transcript_key,
        )
        for clip in found.clips
    ]


async def _known(store: ObjectStore, key: str) -> ClipList | None:
    try:
        return from_json(await store.read(key), ClipList)
    except NotFound:
        return None
