"""What happens to one export request in this service, from top to bottom."""

import asyncio
import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from clipforge.v1.documents_pb2 import ExportObjects, ExportRecord, Segment, Transcript, Word
from clipforge.v1.facts_pb2 import ClipExported, ExportRequested
from clipforge_contracts import keys, subtitles
from clipforge_contracts.documents import from_json, to_json
from clipforge_contracts.plans import Plan
from clipforge_export import ass, captions, fonts, loudness, reframing, render
from clipforge_export.frame import Framing, Size, framing
from clipforge_export.looking import look
from clipforge_export.reframing import Shots
from clipforge_export.styles import CANVASES, STYLES
from clipforge_media import ffmpeg
from clipforge_runtime.errors import Overloaded, Permanent, Transient
from clipforge_runtime.progress import Report
from clipforge_runtime.scratch import folder
from clipforge_runtime.storage import NotFound, ObjectStore
from clipforge_runtime.strain import Strain

RESULT_VERSION: Final = 3
LINK: Final = timedelta(hours=2)  # longer than any render may take
LEAST: Final = timedelta(minutes=3)
SHARE: Final = 30  # times the clip's own length: a draft takes half of it on two cores
FRAME_MS: Final = 1000 / render.FRAME_RATE


async def export_clip(
    request: ExportRequested,
    *,
    store: ObjectStore,
    progress: Report,
    scratch: Path,
    strain: Strain,
) -> ClipExported:
    """Render a clip, or serve the same one that was rendered before."""
    start_ms, end_ms = _span(request)
    tenant = request.project.tenant_id
    frame = framing(
        Size(request.media.width, request.media.height),
        request.render.aspect,
        plan=Plan.read(request.project.plan),
        height=request.render.height,
    )
    address = keys.address(
        source=request.source_key,
        transcript=request.transcript_key,
        span=[start_ms, end_ms],
        look=[request.render.aspect, request.render.style, request.render.quality],
        size=[frame.output.width, frame.output.height],
        result_version=RESULT_VERSION,
    )
    record = await _known(store, keys.export(tenant, address, "record.json"))
    cached = record is not None
    if record is None:
        with folder(scratch, "export") as place:
            record = await _export(
                request, frame, start_ms, end_ms, address, place, store, progress, strain
            )
    return ClipExported(
        project=request.project,
        export_id=request.export_id,
        clip_id=request.clip.id,
        record=record,
        cached=cached,
    )


async def _export(
    request: ExportRequested,
    frame: Framing,
    start_ms: int,
    end_ms: int,
    address: str,
    folder: Path,
    store: ObjectStore,
    progress: Report,
    strain: Strain,
) -> ExportRecord:
    # Ranges of the source are read through a link of our own store: never a user's address.
    source = await store.presign_get(request.source_key, expires=LINK)
    transcript = from_json(await store.read(request.transcript_key), Transcript)
    shots = await _look(request, frame, source, start_ms, end_ms, progress)
    heard = bool(request.media.audio_codec)
    loud = await _measure(source, start_ms, end_ms, progress) if heard else loudness.SILENT
    spoken = captions.said(transcript, start_ms, end_ms)
    burned = _write_captions(request, spoken, folder)
    layout = reframing.layout(shots, frame)
    seconds = (end_ms - start_ms) / 1000
    cut = render.Cut(
        source=source,
        start_ms=start_ms,
        end_ms=end_ms,
        framing=frame,
        layout=layout,
        path=tuple(reframing.path(shots, frame, seconds)) if layout == "track" else (),
        quality=request.render.quality,
        gain_db=render.gain(loud),
        captions=burned,
        hdr=request.media.hdr,
        sound=heard,
    )
    clip = folder / "clip.mp4"
    await _render(cut, clip, folder, progress, strain())
    await _run(
        render.thumbnail(str(clip), _poster_at(shots, seconds), str(folder / "thumbnail.jpg")),
        folder,
        seconds,
    )
    progress(95, "storing the clip")
    return await _store(request, transcript, cut, clip, loud, address, store)


def _span(request: ExportRequested) -> tuple[int, int]:
    """In and out point on the frame grid, within the film."""
    start = round(round(request.clip.start_ms / FRAME_MS) * FRAME_MS)
    end = min(request.clip.end_ms, request.media.duration_ms)
    if end - start < FRAME_MS:
        raise Permanent(
            "This clip lies outside of its film. Choose other in and out points.",
            reason="outside-of-film",
        )
    return start, end


async def _look(
    request: ExportRequested,
    frame: Framing,
    source: str,
    start_ms: int,
    end_ms: int,
    progress: Report,
) -> Shots:
    """Cuts and faces of the span; none are needed where the shape stays."""
    progress(2, "looking for faces")
    if frame.whole or not frame.sideways:
        return Shots((), (0.0,))
    seconds = (end_ms - start_ms) / 1000
    stop = threading.Event()

    def on_seconds(done: float) -> None:
        progress(2 + 18 * min(done / seconds, 1), "looking for faces")

    def work() -> Shots:
        return look(
            source,
            start_ms,
            end_ms,
            frame.source,
            rotation=request.media.rotation,
            on_seconds=on_seconds,
            cancelled=stop.is_set,
        )

    try:
        return await asyncio.to_thread(work)
    except OSError as error:  # PyAV's errors are OSErrors
        raise Transient("The film could not be read from the object store.") from error
    finally:
        stop.set()


async def _measure(source: str, start_ms: int, end_ms: int, progress: Report) -> float:
    progress(21, "measuring the loudness")
    said = await _run(render.measure(source, start_ms, end_ms), None, (end_ms - start_ms) / 1000)
    return loudness.integrated(said)


def _write_captions(request: ExportRequested, spoken: list[captions.Said], folder: Path) -> bool:
    """Lay captions and their font into the folder; False where there is nothing to burn."""
    style = STYLES.get(request.render.style)
    if style is None or not spoken:
        return False
    try:
        file = fonts.file(style.font, style.file)
    except FileNotFoundError as error:
        raise Permanent(
            f"The font of the caption style {request.render.style} is not installed here. "
            "Choose another style, or tell whoever runs this service.",
            reason="font-missing",
        ) from error
    metrics = fonts.metrics(file)
    safe = CANVASES[request.render.aspect]
    text = ass.write(captions.cues(spoken, style, metrics, safe), style, metrics, safe)
    (folder / "captions.ass").write_text(text, encoding="utf-8")
    (folder / "fonts").mkdir()
    shutil.copyfile(file, folder / "fonts" / file.name)
    return True


async def _render(cut: render.Cut, clip: Path, folder: Path, progress: Report, strain: int) -> None:
    def on_progress(done: float) -> None:
        progress(25 + 70 * min(done / cut.seconds, 1), "rendering")

    arguments = render.lighter(render.arguments(cut, str(clip)), strain)
    await _run(arguments, folder, cut.seconds, on_progress)
    if not clip.stat().st_size:
        raise Transient("The renderer wrote an empty file.")


async def _run(
    arguments: list[str],
    folder: Path | None,
    seconds: float,
    on_progress: Callable[[float], None] | None = None,
) -> str:
    limit = max(LEAST, timedelta(seconds=seconds * SHARE))
    try:
        return await ffmpeg.run(arguments, limit=limit, cwd=folder, on_progress=on_progress)
    except ffmpeg.FfmpegFailed as error:
        if error.killed or isinstance(error, ffmpeg.FfmpegTimedOut):
            raise Overloaded(
                "Rendering the clip was too much for this machine. It is tried again with less."
            ) from error
        # The film was read at import, so what fails here is the world's weather.
        raise Transient("Rendering the clip failed. It is tried again.") from error


async def _store(
    request: ExportRequested,
    transcript: Transcript,
    cut: render.Cut,
    clip: Path,
    loud: float,
    address: str,
    store: ObjectStore,
) -> ExportRecord:
    """Clip, captions and picture; the record comes last."""

    def key(file: str) -> str:
        return keys.export(request.project.tenant_id, address, file)

    shown = _excerpt(transcript, cut.start_ms, cut.end_ms)
    record = ExportRecord(
        objects=ExportObjects(
            clip_key=key("clip.mp4"),
            srt_key=key("captions.srt"),
            vtt_key=key("captions.vtt"),
            thumbnail_key=key("thumbnail.jpg"),
        ),
        width=cut.framing.output.width,
        height=cut.framing.output.height,
        duration_ms=cut.end_ms - cut.start_ms,
        bytes=clip.stat().st_size,
        loudness_lufs=loud,
        result_version=RESULT_VERSION,
        layout=cut.layout,
    )
    await store.upload(key("clip.mp4"), clip, content_type="video/mp4")
    await store.upload(
        key("thumbnail.jpg"), clip.parent / "thumbnail.jpg", content_type="image/jpeg"
    )
    srt, vtt = subtitles.srt(shown).encode(), subtitles.vtt(shown).encode()
    await store.write(key("captions.srt"), srt, content_type="application/x-subrip")
    await store.write(key("captions.vtt"), vtt, content_type="text/vtt")
    await store.write(key("record.json"), to_json(record), content_type="application/json")
    return record


def _excerpt(transcript: Transcript, start_ms: int, end_ms: int) -> Transcript:
    """The words of a span in its own time, as a transcript."""
    spoken = captions.said(transcript, start_ms, end_ms)
    found = Transcript(language=transcript.language, duration_ms=end_ms - start_ms)
    if spoken:
        found.segments.append(
            Segment(
                text=" ".join(word.text for word in spoken),
                start_ms=spoken[0].start_ms,
                end_ms=spoken[-1].end_ms,
                words=[
                    Word(text=word.text, start_ms=word.start_ms, end_ms=word.end_ms)
                    for word in spoken
                ],
            )
        )
    return found


def _poster_at(shots: Shots, seconds: float) -> float:
    """A moment with a face, as near to the first third as there is one."""
    wanted = seconds / 3
    faces = [
        sample.time for sample in shots.samples if sample.faces and sample.time < seconds - 0.2
    ]
    return min(faces, key=lambda time: abs(time - wanted)) if faces else wanted


async def _known(store: ObjectStore, key: str) -> ExportRecord | None:
    """What was rendered before, while it is all still there."""
    try:
        body = await store.read(key)
    except NotFound:
        return None
    # Written anew, so that a removal under way sees that it is in use again.
    await store.write(key, body, content_type="application/json")
    record = from_json(body, ExportRecord)
    return record if await store.stat(record.objects.clip_key) else None
