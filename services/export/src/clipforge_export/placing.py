"""Where a brand's picture lies on a clip: in its corner, clear of captions and platforms."""

from dataclasses import dataclass
from typing import Final

from clipforge.v1.common_pb2 import BrandPicture
from clipforge_contracts.styles import Style
from clipforge_export.canvas import Safe
from clipforge_export.captions import LEADING
from clipforge_export.frame import Size

LETTERS: Final = 0.62  # of the font size: from the middle of a line to where nothing is any more
GAP: Final = 24  # pixels of the canvas between captions and a picture


@dataclass(frozen=True)
class Overlay:
    """A picture in pixels of the output. All are even, as colours are coded in pairs."""

    file: str
    x: int
    y: int
    width: int
    height: int
    opacity: float  # 0 to 1


def place(
    picture: BrandPicture, file: str, output: Size, safe: Safe, captions: Style | None
) -> Overlay:
    """`captions`: the style of those that are burned, around the centre that `safe` has."""
    zoom = output.width / safe.width
    longest = min(safe.width, safe.height) * picture.scale / 100
    shrink = longest / max(picture.asset.width, picture.asset.height)
    width, height = picture.asset.width * shrink, picture.asset.height * shrink
    x = safe.edge if picture.corner.endswith("left") else safe.beside - width
    upper, lower = float(safe.top), float(safe.bottom)
    if captions is not None and x < safe.right + GAP and x + width > safe.left - GAP:
        # A picture moves away from the captions, never under them.
        half = captions.size * ((captions.lines - 1) * LEADING / 2 + LETTERS) + GAP
        if safe.centre_y < safe.height / 2:
            upper = max(upper, safe.centre_y + half)
        else:
            lower = min(lower, safe.centre_y - half)
    y = upper if picture.corner.startswith("top") else lower - height
    return Overlay(
        file=file,
        x=_even(x * zoom),
        y=_even(y * zoom),
        width=_even(width * zoom),
        height=_even(height * zoom),
        opacity=picture.opacity / 100,
    )


def _even(value: float) -> int:
    return max(2, round(value / 2) * 2)
