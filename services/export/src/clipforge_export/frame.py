"""The size of the output picture, and the part of the source that fills it."""

from dataclasses import dataclass
from typing import Final

from clipforge_contracts.plans import Plan

RATIOS: Final = {"9:16": (9, 16), "1:1": (1, 1), "4:5": (4, 5), "16:9": (16, 9)}
CAPS: Final = {Plan.BUSINESS: 2160, Plan.PRO: 1080, Plan.FREE: 720}  # short side (product.md E9)
USUAL: Final = 1080  # what short-video platforms show at most
LEAST: Final = 720  # captions need pixels, even over a small source
ENLARGED: Final = 2  # a source is not blown up further than this above LEAST
SAME: Final = 0.02  # aspect ratios closer than this need no crop


@dataclass(frozen=True)
class Size:
    """Pixels."""

    width: int
    height: int

    @property
    def ratio(self) -> float:
        return self.width / self.height


@dataclass(frozen=True)
class Framing:
    """How a source becomes an output of another shape."""

    source: Size
    crop: Size  # the window that moves over the source
    output: Size

    @property
    def whole(self) -> bool:
        """Whether the source has the wanted shape already."""
        return abs(self.source.ratio / self.output.ratio - 1) < SAME

    @property
    def sideways(self) -> bool:
        """Whether the window moves left and right; else the source is too narrow for a crop."""
        return self.source.ratio > self.output.ratio


def framing(source: Size, aspect: str, *, plan: Plan, height: int) -> Framing:
    """The frame of an export. `height` is the wished short side; 0 leaves it to us."""
    across, down = RATIOS[aspect]
    if source.width * down >= source.height * across:
        crop = Size(_even(source.height * across / down), _even(source.height))
    else:
        crop = Size(_even(source.width), _even(source.width * down / across))
    sensible = max(LEAST, ENLARGED * min(crop.width, crop.height))
    short = min(height or min(USUAL, sensible), CAPS[plan])
    unit = short / min(across, down)
    return Framing(source, crop, Size(_even(across * unit), _even(down * unit)))


def _even(value: float) -> int:
    """Video is coded in pairs of pixels."""
    return max(2, round(value / 2) * 2)
