"""Sound, waveform and stills of a film, by ffmpeg. Says so where the film turns out damaged."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from clipforge_import import pictures
from clipforge_media import audio, ffmpeg, inputs
from clipforge_media.probe import Probed
from clipforge_runtime.errors import Overloaded, Permanent, Transient
from clipforge_runtime.progress import Report

# Decoding the sound runs at several hundred times real time; this is for a sick disk.
SHARE: Final = 0.5
LEAST: Final = timedelta(minutes=5)


async def sound(source: Path, flac: Path, probed: Probed, progress: Report) -> bytes:
    """16 kHz FLAC, and the waveform's peaks. Permanent where the file is damaged or cut off."""
    seconds = max(probed.duration_ms / 1000, 0.001)
    peaks = audio.Peaks()

    def on_output(block: bytes) -> None:
        peaks.add(block)
        progress(45 + 30 * min(peaks.seconds / seconds, 1), "extracting the sound")

    try:
        await ffmpeg.run(
            audio.to_flac(str(source), str(flac)), limit=_limit(probed), on_output=on_output
        )
    except ffmpeg.FfmpegFailed as error:
        raise _why(error) from error
    waveform = peaks.finish()
    heard_ms = len(waveform) * audio.PEAK_MS
    # A file that was cut off still promises its whole length.
    if heard_ms < 0.9 * probed.duration_ms - 2000 and await _picture_ends_early(source, probed):
        raise Permanent(
            f"The file is cut off: it promises {probed.duration_ms // 1000} seconds and has "
            f"{heard_ms // 1000}. Upload it again.",
            reason="cut-off",
        )
    return waveform


async def stills(
    source: Path, poster: Path, thumbnails: Path, probed: Probed, progress: Report, strain: int
) -> None:
    """The poster, and the sprite of thumbnails. Permanent where the file is damaged."""
    limit = _limit(probed)
    # Each thread of the decoder holds pictures of its own, and these may be large.
    few = ["-threads", "1"] if strain else []

    def on_progress(_: float) -> None:
        progress(75, "drawing thumbnails")

    on_progress(0)
    try:
        for at_ms in (min(probed.duration_ms // 10, 10_000), 0):
            await ffmpeg.run(
                [*few, *pictures.poster(str(source), at_ms, str(poster))],
                limit=limit,
                on_progress=on_progress,
            )
            if poster.exists():  # the picture may end before the sound
                break
        await ffmpeg.run(
            [*few, *pictures.thumbnails(str(source), probed.duration_ms, str(thumbnails))],
            limit=limit,
            on_progress=on_progress,
        )
    except ffmpeg.FfmpegFailed as error:
        raise _why(error) from error
    if not (poster.exists() and thumbnails.exists()):
        raise _damaged("ffmpeg wrote no picture")


async def _picture_ends_early(source: Path, probed: Probed) -> bool:
    """Whether the picture is cut off, too: sound alone may rightly be shorter."""
    last = max(probed.duration_ms - 3000, 0)
    arguments = [
        *("-v", "error", "-ss", f"{last / 1000:.3f}", *inputs.local(str(source))),
        *("-map", pictures.PICTURE, "-frames:v", "1", "-f", "framemd5", "pipe:1"),
    ]
    seen = bytearray()
    try:
        await ffmpeg.run(arguments, limit=_limit(probed), on_output=seen.extend)
    except ffmpeg.FfmpegFailed:
        return True
    return not any(line and not line.startswith(b"#") for line in bytes(seen).splitlines())


def _limit(probed: Probed) -> timedelta:
    return max(LEAST, timedelta(milliseconds=probed.duration_ms) * SHARE)


def _why(error: ffmpeg.FfmpegFailed) -> Permanent | Transient:
    if error.killed:
        return Overloaded(
            "Reading the film was too much for this machine. It is tried again with less."
        )
    if error.no_room:
        return Transient("There is no room for the film just now.")
    return _damaged(error.tail)


def _damaged(detail: str) -> Permanent:
    return Permanent(
        "The film is damaged: it could not be decoded. Upload it again, or convert it to MP4.",
        reason="damaged",
        detail=detail,
    )
