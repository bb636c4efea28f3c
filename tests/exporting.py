"""What the tests of the export stage have in common: a store with a film, a request, a meter."""

import re
import subprocess
from pathlib import Path

import numpy as np

import samples
from clipforge.v1 import common_pb2 as common
from clipforge.v1 import documents_pb2 as documents
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.documents import to_json
from clipforge_contracts.styles import Style
from clipforge_export import fonts
from clipforge_export.captions import Said
from clipforge_export.fonts import Metrics
from clipforge_export.handler import export_clip
from clipforge_media import ffmpeg
from clipforge_media.probe import probe
from clipforge_runtime.storage import ObjectStore
from clipforge_runtime.strain import strain
from clipforge_runtime.testing import FolderStore

SOURCE_KEY = f"{samples.objects().source_key}"
TRANSCRIPT_KEY = f"tenants/{samples.TENANT}/transcripts/{'ef' * 32}.json"


def metrics(style: Style) -> Metrics:
    return fonts.metrics(fonts.file(style.font, style.file))


def spoken(text: str, *, every_ms: int = 300, held_ms: int = 250) -> list[Said]:
    """Words of equal length, one after another."""
    return [
        Said(word, n * every_ms, n * every_ms + held_ms) for n, word in enumerate(text.split(" "))
    ]


async def stored(store: ObjectStore, film: Path, words: list[Said]) -> None:
    """Put a film and its transcript where `request` says."""
    await store.upload(SOURCE_KEY, film, content_type="video/mp4")
    segment = documents.Segment(
        text=" ".join(word.text for word in words),
        start_ms=words[0].start_ms if words else 0,
        end_ms=words[-1].end_ms if words else 0,
        words=[
            documents.Word(text=word.text, start_ms=word.start_ms, end_ms=word.end_ms)
            for word in words
        ],
    )
    transcript = documents.Transcript(language="en", duration_ms=90_000)
    if words:
        transcript.segments.append(segment)
    await store.write(TRANSCRIPT_KEY, to_json(transcript), content_type="application/json")


def request(
    film: Path, start_ms: int, end_ms: int, *, aspect: str = "9:16", style: str = "pop"
) -> facts.ExportRequested:
    info = probe(film)
    return facts.ExportRequested(
        project=samples.project(),
        export_id=samples.EXPORT,
        clip=documents.Clip(id=samples.CLIP, start_ms=start_ms, end_ms=end_ms),
        render=common.RenderOptions(aspect=aspect, style=style, quality="draft", height=360),
        media=documents.MediaInfo(
            duration_ms=info.duration_ms,
            width=info.width,
            height=info.height,
            rotation=info.rotation,
            frame_rate=info.frame_rate,
            video_codec=info.video_codec,
            audio_codec=info.audio_codec,
        ),
        source_key=SOURCE_KEY,
        transcript_key=TRANSCRIPT_KEY,
    )


async def exported(
    folder: Path, film: Path, start_ms: int, end_ms: int, *, words: str = "", **options: str
) -> Path:
    """Export a span of a film through a store in `folder`; the clip's file."""
    store = FolderStore(folder / "store")
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    said = [
        Said(word.text, word.start_ms + start_ms, word.end_ms + start_ms)
        for word in (spoken(words) if words else [])
    ]
    await stored(store, film, said)
    [stated] = await export_clip(
        request(film, start_ms, end_ms, **options),
        store=store,
        progress=lambda _percent, _step: None,
        scratch=scratch,
        strain=strain,
    )
    return folder / "store" / stated.record.objects.clip_key


def pixels(film: Path, size: str, *, crop: str = "null") -> list[bytes]:
    """Every frame as grey bytes at a small size, after a crop."""
    width, height = map(int, size.split("x"))
    body = _ffmpeg(
        *("-v", "error", "-i", str(film), "-vf", f"{crop},scale={width}:{height},format=gray"),
        *("-f", "rawvideo", "-"),
    ).stdout
    return [body[n : n + width * height] for n in range(0, len(body), width * height)]


def colours(film: Path) -> "list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]":
    """Every frame in RGB: height x width x 3."""
    shown = probe(film)
    shape = (shown.height, shown.width, 3)
    raw = _ffmpeg(
        *("-v", "error", "-i", str(film), "-vf", "scale=in_color_matrix=bt709,format=rgb24"),
        *("-f", "rawvideo", "-"),
    ).stdout
    size = shape[0] * shape[1] * 3
    return [
        np.frombuffer(raw[n : n + size], np.uint8).reshape(shape) for n in range(0, len(raw), size)
    ]


def loudness(film: Path) -> float:
    """Integrated LUFS as ffmpeg's ebur128 hears it."""
    said = _ffmpeg("-i", str(film), "-af", "ebur128=framelog=quiet", "-f", "null", "-").stderr
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said.decode())[-1])


def make(to: Path, *arguments: str) -> Path:
    """A film by ffmpeg's arguments."""
    _ffmpeg("-v", "error", *arguments, str(to))
    return to


def _ffmpeg(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [str(ffmpeg.find()), "-hide_banner", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True)
