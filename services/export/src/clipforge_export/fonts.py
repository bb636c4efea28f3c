"""Fonts from their packages: where the files are, and how wide a text is in them."""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont


@dataclass(frozen=True)
class Metrics:
    """What layout needs of a font."""

    family: str
    units: int  # per em
    cell: int  # winAscent + winDescent: what libass scales to the font size
    advances: dict[int, int]  # by code point
    missing: int

    def width(self, text: str, size: float) -> float:
        """Pixels of a text at a libass font size."""
        scale = size / self.cell
        return sum(self.advances.get(ord(letter), self.missing) for letter in text) * scale


def file(package: str, name: str) -> Path:
    """A font file of a fontpkg-* package; located, not imported. Raises FileNotFoundError, in words
    for who runs the service.
    """
    found = importlib.util.find_spec(f"fontpkg_{package}")
    distribution = f"fontpkg-{package.replace('_', '-')}"
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(f"The font {name} is missing: install {distribution}.")
    path = Path(next(iter(found.submodule_search_locations))) / "files" / name
    if not path.is_file():
        raise FileNotFoundError(f"The font {name} is not in {distribution}: install it again.")
    return path


@cache
def metrics(path: Path) -> Metrics:
    """Read a static TrueType font."""
    with TTFont(path) as font:
        tables: Any = font
        os2, hhea = tables["OS/2"], tables["hhea"]
        widths = tables["hmtx"].metrics
        return Metrics(
            family=next(str(name) for name in tables["name"].names if name.nameID == 1),
            units=int(tables["head"].unitsPerEm),
            cell=int(os2.usWinAscent + os2.usWinDescent) or int(hhea.ascent - hhea.descent),
            advances={code: int(widths[glyph][0]) for code, glyph in font.getBestCmap().items()},
            missing=int(widths[".notdef"][0]),
        )
