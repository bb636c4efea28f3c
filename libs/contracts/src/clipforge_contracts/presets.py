"""What the platforms take: shape, length, loudness, and what they draw over a clip.

From the platforms' help pages, and third parties' measurements of their buttons (2026). Margins are
on a canvas whose short side has 1080 pixels; captions and pictures of every export keep clear of
the widest of them.
"""

from dataclasses import dataclass
from typing import Final

MINUTE: Final = 60_000  # ms


@dataclass(frozen=True)
class Margins:
    """Pixels that the platform covers at each side."""

    top: int = 0
    right: int = 0
    bottom: int = 0
    left: int = 0


@dataclass(frozen=True)
class Platform:
    """One platform's preset."""

    title: str
    aspect: str
    height: int  # short side in pixels
    max_clip_ms: int  # 0: longer than any clip of ours
    margins: Margins
    target_lufs: float = -14.0  # they turn louder sound down, and none up
    style: str = "pop"
    quality: str = "standard"


PLATFORMS: Final = {
    "tiktok": Platform("TikTok", "9:16", 1080, 10 * MINUTE, Margins(130, 164, 350)),
    "reels": Platform("Instagram Reels", "9:16", 1080, 3 * MINUTE, Margins(220, 120, 450)),
    "shorts": Platform("YouTube Shorts", "9:16", 1080, 3 * MINUTE, Margins(120, 120, 300)),
    "x": Platform("X", "1:1", 1080, 140_000, Margins(), style="boxed"),
    "linkedin": Platform("LinkedIn", "4:5", 1080, 10 * MINUTE, Margins(), style="minimal"),
    "youtube": Platform("YouTube", "16:9", 1080, 0, Margins(), style="bar"),
}
