"""What the scripted stages make of a film: pure, so that the checker knows each byte of it."""

import hashlib
from collections.abc import Iterator
from typing import Final

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, keys

SOURCE_BYTES: Final = 200_000  # large enough to be cut in the middle
CLIP: Final = (5_000, 25_000)  # milliseconds
RENDER: Final[dict[str, str | int]] = {
    "aspect": "9:16",
    "style": "pop",
    "quality": "draft",
    "height": 720,
}


def sha(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def body(name: str, size: int = 2_000) -> bytes:
    """So many bytes that belong to a name and to no other."""
    block = hashlib.sha256(name.encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def source(url: str) -> bytes:
    return body(url, SOURCE_BYTES)


def objects(tenant: str, url: str) -> documents.MediaObjects:
    return documents.MediaObjects(
        source_key=keys.source(tenant, sha(url), "mp4"),
        audio_key=keys.media(tenant, sha(url), "audio.flac"),
    )


def imported(cause: facts.ProjectSubmitted) -> facts.VideoImported:
    tenant, url = cause.project.tenant_id, cause.source.url.url
    return facts.VideoImported(
        project=cause.project,
        asset_id=ids.derive("ast", tenant, sha(url)),
        media=documents.MediaInfo(
            duration_ms=duration_ms(url),
            bytes=SOURCE_BYTES,
            container="mov",
            video_codec="h264",
            audio_codec="aac",
            width=1280,
            height=720,
            frame_rate=25,
            sha256=sha(url),
        ),
        objects=objects(tenant, url),
        options=cause.options,
        title=cause.title,
    )


def duration_ms(url: str) -> int:
    return 30_000 + int(sha(url)[:3], 16)


def transcript_key(tenant: str, film: str) -> str:
    return keys.transcript(tenant, keys.address(film=film))


def plan(film: facts.VideoImported, parts: int) -> documents.TranscriptionPlan:
    """As many spans as parts."""
    step = film.media.duration_ms // parts
    return documents.TranscriptionPlan(
        spans=[documents.AudioSpan(start_ms=n * step, end_ms=(n + 1) * step) for n in range(parts)],
        plan_hash=keys.address(film=film.media.sha256, parts=parts),
        transcript_key=transcript_key(film.project.tenant_id, film.media.sha256),
        language="en",
        model="scripted",
        result_version=1,
    )


def transcribed(film: facts.VideoImported, *, cached: bool) -> facts.VideoTranscribed:
    key = transcript_key(film.project.tenant_id, film.media.sha256)
    return facts.VideoTranscribed(
        film=film, transcript_key=key, language="en", words=100, cached=cached
    )


def clips_key(tenant: str, transcript: str) -> str:
    return keys.clips(tenant, keys.address(transcript=transcript))


def clip(project: str, title: str) -> documents.Clip:
    """The one clip of a film; its title carries the script on."""
    return documents.Clip(
        id=clip_id(project),
        start_ms=CLIP[0],
        end_ms=CLIP[1],
        score=90,
        confidence=0.5,
        title=title,
        text="Something worth sharing.",
        detector="scripted",
    )


def clip_id(project: str) -> str:
    return ids.derive("clip", project, 0)


def export_id(project: str, again: int = 0) -> str:
    """As the gateway derives it; `again` counts those that failed before."""
    return ids.derive(
        "exp", clip_id(project), *CLIP, *RENDER.values(), *((again,) if again else ())
    )


def export_key(tenant: str, source_key: str) -> str:
    return keys.export(tenant, keys.address(source=source_key, clip=CLIP), "clip.mp4")


def exported(cause: facts.ExportRequested, *, cached: bool) -> facts.ClipExported:
    key = export_key(cause.project.tenant_id, cause.source_key)
    return facts.ClipExported(
        project=cause.project,
        export_id=cause.export_id,
        clip_id=cause.clip.id,
        record=documents.ExportRecord(
            objects=documents.ExportObjects(clip_key=key),
            width=405,
            height=720,
            duration_ms=cause.clip.end_ms - cause.clip.start_ms,
            bytes=len(body(key)),
            loudness_lufs=-14,
            result_version=1,
        ),
        cached=cached,
    )


def stored(tenant: str, url: str, parts: int) -> Iterator[tuple[str, bytes]]:
    """Every object that a film may leave behind, in the order in which it is made."""
    film = objects(tenant, url)
    yield film.source_key, source(url)
    yield film.audio_key, body(film.audio_key)
    if parts > 1:
        for n in range(parts):
            key = keys.chunk(tenant, keys.address(film=sha(url), parts=parts), n, parts)
            yield key, body(key)
    transcript = transcript_key(tenant, sha(url))
    yield transcript, body(transcript)
    clips = clips_key(tenant, transcript)
    yield clips, body(clips)
    export = export_key(tenant, film.source_key)
    yield export, body(export)
