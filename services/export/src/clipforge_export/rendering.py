"""Renders outputs of one clip: look, listen, lay out, one pass of ffmpeg, store."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from clipforge.v1.documents_pb2 import ExportRecord, Transcript
from clipforge.v1.facts_pb2 import ExportRequested
from clipforge_contracts.documents import from_json
from clipforge_export import (
    branding,
    captions,
    loudness,
    placing,
    reframing,
    render,
    storing,
)
from clipforge_export.branding import Brand
from clipforge_export.graph import Cut, Output
from clipforge_export.looking import look
from clipforge_export.reframing import Shots
from clipforge_export.wishes import RESULT_VERSION, Wish, span
from clipforge_export.writing import safe_of, write_captions
from clipforge_media import ffmpeg
from clipforge_runtime.errors import Overloaded, Transient
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import ObjectStore

LINK: Final = timedelta(hours=2)  # longer than any render may take
LEAST: Final = timedelta(minutes=3)
SHARE: Final = 30  # times the clip's own length: a draft takes half of it on two cores


@dataclass(frozen=True)
class Place:
    """Where a render is at work: its scratch folder, the store, and who wants to know."""

    folder: Path
    store: ObjectStore
    progress: Report
    strain: int


async def render_clip(
    request: ExportRequested, wishes: Sequence[Wish], place: Place
) -> list[ExportRecord]:
    """The records of what is stored now, in the order of the wishes."""
    start_ms, end_ms = span(request)
    # Ranges of the source are read through a link of our own store: never a user's address.
    source = await place.store.presign_get(request.source_key, expires=LINK)
    transcript = from_json(await place.store.read(request.transcript_key), Transcript)
    brands = [await branding.fetch(wish.render, place.folder, place.store) for wish in wishes]
    shots = await _look(request, wishes, source, place)
    heard = bool(request.media.audio_codec)
    loud = await _measure(source, start_ms, end_ms, place) if heard else loudness.SILENT
    cut = Cut(
        source=source,
        start_ms=start_ms,
        end_ms=end_ms,
        gain_db=render.gain(loud, wishes[0].render.target_lufs),
        hdr=request.media.hdr,
        sound=heard,
    )
    spoken = captions.said(transcript, start_ms, end_ms)
    outputs = [
        _output(wish, brand, n, cut, shots, spoken, place.folder)
        for n, (wish, brand) in enumerate(zip(wishes, brands, strict=True))
    ]
    await _render(cut, outputs, place)
    place.progress(95, "storing the clip")
    return [
        await _store(request, wish, cut, output, transcript, loud, shots, place)
        for wish, output in zip(wishes, outputs, strict=True)
    ]


async def _look(
    request: ExportRequested, wishes: Sequence[Wish], source: str, place: Place
) -> Shots:
    """Cuts and faces of the span; none are needed where the shape stays."""
    place.progress(2, "looking for faces")
    moving = [wish.frame for wish in wishes if wish.frame.sideways and not wish.frame.whole]
    if not moving:
        return Shots((), (0.0,))
    start_ms, end_ms = span(request)
    seconds = (end_ms - start_ms) / 1000
    stop = threading.Event()

    def on_seconds(done: float) -> None:
        place.progress(2 + 18 * min(done / seconds, 1), "looking for faces")

    def work() -> Shots:
        return look(
            source,
            start_ms,
            end_ms,
            moving[0].source,
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


async def _measure(source: str, start_ms: int, end_ms: int, place: Place) -> float:
    place.progress(21, "measuring the loudness")
    said = await _run(render.measure(source, start_ms, end_ms), None, (end_ms - start_ms) / 1000)
    return loudness.integrated(said)


def _output(
    wish: Wish,
    brand: Brand,
    n: int,
    cut: Cut,
    shots: Shots,
    spoken: list[captions.Said],
    folder: Path,
) -> Output:
    captions_file = folder / f"captions{n}.ass"
    style = write_captions(wish.render, brand, spoken, captions_file)
    layout = reframing.layout(shots, wish.frame)
    # The watermark first: the logo lies over it.
    pictures = [one for one in (brand.kit.watermark, brand.kit.logo) if one.asset.key]
    return Output(
        file=str(folder / f"clip{n}.mp4"),
        framing=wish.frame,
        layout=layout,
        path=tuple(reframing.path(shots, wish.frame, cut.seconds)) if layout == "track" else (),
        quality=wish.render.quality,
        captions=captions_file.name if style else "",
        overlays=tuple(
            placing.place(
                one, branding.file_of(one.asset), wish.frame.output, safe_of(wish.render), style
            )
            for one in pictures
        ),
        intro=brand.intro,
        outro=brand.outro,
    )


async def _render(cut: Cut, outputs: Sequence[Output], place: Place) -> None:
    seconds = max(render.seconds_of(cut, output) for output in outputs)

    def on_progress(done: float) -> None:
        place.progress(25 + 70 * min(done / seconds, 1), "rendering")

    arguments = render.lighter(render.arguments(cut, outputs), place.strain)
    await _run(arguments, place.folder, seconds * len(outputs), on_progress)
    for output in outputs:
        if not (place.folder / output.file).stat().st_size:
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
    wish: Wish,
    cut: Cut,
    output: Output,
    transcript: Transcript,
    loud: float,
    shots: Shots,
    place: Place,
) -> ExportRecord:
    before = output.intro.seconds if output.intro else 0.0
    seconds = render.seconds_of(cut, output)
    clip, picture = place.folder / output.file, place.folder / f"{output.file}.jpg"
    at = before + _poster_at(shots, cut.seconds)
    await _run(render.thumbnail(str(clip), at, str(picture)), place.folder, seconds)
    return await storing.keep(
        place.store,
        request.project.tenant_id,
        wish.address,
        clip=clip,
        thumbnail=picture,
        spoken=storing.excerpt(transcript, cut.start_ms, cut.end_ms, after_ms=round(before * 1000)),
        record=ExportRecord(
            width=wish.frame.output.width,
            height=wish.frame.output.height,
            duration_ms=round(seconds * 1000),
            loudness_lufs=loud,
            result_version=RESULT_VERSION,
            layout=output.layout,
        ),
    )


def _poster_at(shots: Shots, seconds: float) -> float:
    """A moment with a face, as near to the first third as there is one."""
    wanted = seconds / 3
    faces = [
        sample.time for sample in shots.samples if sample.faces and sample.time < seconds - 0.2
    ]
    return min(faces, key=lambda time: abs(time - wanted)) if faces else wanted
