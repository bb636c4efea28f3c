"""Poster and thumbnails: arguments for ffmpeg. Keyframes only: all would cost 30 times that."""

from typing import Final

from clipforge_media import inputs

PICTURE: Final = "0:V:0"  # the first picture track that is no cover
TILE_WIDTH: Final = 160
COLUMNS: Final = 10
MAX_TILES: Final = 100  # a sprite of ten rows; long films get wider intervals
SHORTEST_MS: Final = 1000
SHORT_MS: Final = 60_000


def thumbnail_interval_ms(duration_ms: int) -> int:
    """How far apart thumbnails lie, so that at most MAX_TILES are needed."""
    return max(SHORTEST_MS, -(-duration_ms // MAX_TILES))


def poster(source: str, at_ms: int, to: str) -> list[str]:
    """One picture near `at_ms`, 1280 pixels wide at most."""
    return [
        *("-v", "error", "-ss", f"{at_ms / 1000:.3f}", *inputs.local(source), "-map", PICTURE),
        *("-frames:v", "1", "-vf", "scale='min(1280,iw)':-2,format=yuvj420p", "-q:v", "3"),
        *("-update", "1", to),
    ]


def thumbnails(source: str, duration_ms: int, to: str) -> list[str]:
    """A sprite: one tile an interval, COLUMNS a row."""
    interval = thumbnail_interval_ms(duration_ms)
    tiles = max(1, -(-duration_ms // interval))
    rows = -(-tiles // COLUMNS)
    steps = (
        f"fps=1000/{interval}:start_time=0:round=up,scale={TILE_WIDTH}:-2,"
        f"tile={COLUMNS}x{rows},format=yuvj420p"
    )
    # A short film may have a single keyframe, and is decoded in no time.
    skip = ("-skip_frame", "nokey") if duration_ms > SHORT_MS else ()
    return [
        *("-v", "error", *skip, *inputs.local(source), "-map", PICTURE, "-an"),
        *("-vf", steps, "-frames:v", "1", "-q:v", "5", "-update", "1", to),
    ]
