"""Where rendered clips lie in the object store, and what is known of them there."""

from pathlib import Path

from clipforge.v1.documents_pb2 import ExportObjects, ExportRecord, Segment, Transcript, Word
from clipforge_contracts import keys, subtitles
from clipforge_contracts.documents import from_json, to_json
from clipforge_export import captions
from clipforge_runtime.storage import NotFound, ObjectStore


async def known(store: ObjectStore, tenant: str, address: str) -> ExportRecord | None:
    """What was rendered before, while it is all still there."""
    key = keys.export(tenant, address, "record.json")
    try:
        body = await store.read(key)
    except NotFound:
        return None
    # Written anew, so that a removal under way sees that it is in use again.
    await store.write(key, body, content_type="application/json")
    record = from_json(body, ExportRecord)
    return record if await store.stat(record.objects.clip_key) else None


async def keep(
    store: ObjectStore,
    tenant: str,
    address: str,
    *,
    clip: Path,
    thumbnail: Path,
    spoken: Transcript,
    record: ExportRecord,
) -> ExportRecord:
    """Clip, captions and picture; the record, which says that all are there, comes last."""

    def key(file: str) -> str:
        return keys.export(tenant, address, file)

    record.objects.CopyFrom(
        ExportObjects(
            clip_key=key("clip.mp4"),
            srt_key=key("captions.srt"),
            vtt_key=key("captions.vtt"),
            thumbnail_key=key("thumbnail.jpg"),
        )
    )
    record.bytes = clip.stat().st_size
    await store.upload(key("clip.mp4"), clip, content_type="video/mp4")
    await store.upload(key("thumbnail.jpg"), thumbnail, content_type="image/jpeg")
    srt, vtt = subtitles.srt(spoken).encode(), subtitles.vtt(spoken).encode()
    await store.write(key("captions.srt"), srt, content_type="application/x-subrip")
    await store.write(key("captions.vtt"), vtt, content_type="text/vtt")
    await store.write(key("record.json"), to_json(record), content_type="application/json")
    return record


def excerpt(transcript: Transcript, start_ms: int, end_ms: int, *, after_ms: int) -> Transcript:
    """The words of a span as a transcript, in the time of a file where the span begins later."""
    spoken = captions.said(transcript, start_ms, end_ms)
    found = Transcript(language=transcript.language, duration_ms=after_ms + end_ms - start_ms)
    if spoken:
        found.segments.append(
            Segment(
                text=" ".join(word.text for word in spoken),
                start_ms=after_ms + spoken[0].start_ms,
                end_ms=after_ms + spoken[-1].end_ms,
                words=[
                    Word(
                        text=word.text,
                        start_ms=after_ms + word.start_ms,
                        end_ms=after_ms + word.end_ms,
                    )
                    for word in spoken
                ],
            )
        )
    return found
