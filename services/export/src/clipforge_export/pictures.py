"""Pictures of a brand: from what people upload to a PNG of a sane size.

ffmpeg reads them, in a process of its own that is killed when it takes long, and writes them anew:
what else a file may carry is left behind.
"""

import struct
from datetime import timedelta
from pathlib import Path
from typing import Final

from clipforge_media import ffmpeg
from clipforge_runtime.errors import Permanent

LIMIT: Final = timedelta(seconds=30)
MOST_PIXELS: Final = 40_000_000  # to decode: 160 MB
LONGEST: Final = 2048  # pixels of a side that are kept: no clip shows more of a logo
SMALLEST: Final = 8
# How each kind begins, and ffmpeg's reader of it: nothing is guessed from a file's name.
KINDS: Final = {
    b"\x89PNG\r\n\x1a\n": "png_pipe",
    b"\xff\xd8\xff": "jpeg_pipe",
    b"RIFF": "webp_pipe",
}


async def take(upload: Path, kept: Path) -> tuple[int, int]:
    """Write the picture to `kept`; its width and height. Permanent where it is none."""
    with upload.open("rb") as body:
        begins = body.read(16)
    reader = next((name for magic, name in KINDS.items() if begins.startswith(magic)), "")
    if not reader or (reader == "webp_pipe" and begins[8:12] != b"WEBP"):
        raise Permanent(
            "This file is no picture that we read. Use PNG, JPEG or WebP.", reason="not-a-picture"
        )
    try:
        await ffmpeg.run(arguments(reader, upload, kept), limit=LIMIT)
    except ffmpeg.FfmpegFailed as error:
        raise Permanent(
            "The picture is damaged, or has more than 40 megapixels. Save it anew as PNG.",
            reason="not-a-picture",
            detail=error.tail,
        ) from error
    width, height = _size(kept)
    if min(width, height) < SMALLEST:
        raise Permanent(
            f"The picture is too small ({width}x{height}). Use one of at least "
            f"{SMALLEST} pixels a side; some hundred look well.",
            reason="too-small",
        )
    return width, height


def arguments(reader: str, upload: Path, kept: Path) -> list[str]:
    """One picture, not larger than it need be, its transparency kept."""
    fit = f"scale='min({LONGEST},iw)':'min({LONGEST},ih)':force_original_aspect_ratio=decrease"
    return [
        *("-v", "error", "-xerror", "-protocol_whitelist", "file"),
        *("-max_pixels", str(MOST_PIXELS), "-f", reader, "-i", str(upload)),
        *("-frames:v", "1", "-vf", fit, "-pix_fmt", "rgba", "-map_metadata", "-1"),
        *("-f", "image2", "-c:v", "png", "-update", "1", str(kept)),
    ]


def _size(png: Path) -> tuple[int, int]:
    with png.open("rb") as body:
        width, height = struct.unpack(">II", body.read(24)[16:24])
    return width, height
