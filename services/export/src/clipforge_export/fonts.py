"""Fonts: where the files of packages are, how wide a text is, and what users bring along."""

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from fontTools.ttLib import TTFont

SFNT: Final = (b"\x00\x01\x00\x00", b"OTTO", b"true")
LETTERS: Final = "aeinorst AEINORST0123456789.,?!"  # a font without these writes no captions
# Records of the table `name` by which a font is found: families, styles, full names.
NAMES: Final = (1, 2, 3, 4, 6, 16, 17, 21, 22)
MOST_NAME: Final = 100


class NotAFont(Exception):
    """The text is a sentence for the user."""


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
    """Of a font from its package: read once, as these are few."""
    return read(path)


def read(path: Path) -> Metrics:
    """Of a static TrueType or OpenType font."""
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


def take(upload: Path, kept: Path) -> str:
    """Write a user's font to `kept`, under a name of our own; the family that it was.

    Its name goes into the captions' file and is looked for among the system's fonts: a font called
    `Arial`, or with a comma in its name, must do no harm. Blocks, for a second. Raises NotAFont.
    """
    with upload.open("rb") as body:
        if body.read(4) not in SFNT:
            raise NotAFont("This file is no font that we read. Use a TTF or OTF file.")
        body.seek(0)
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    try:
        with TTFont(upload, lazy=True) as font:
            family = _checked(font)
            _rename(font, f"clipforge {digest[:16]}")
            font.save(kept)
        read(kept)
    except NotAFont:
        raise
    except Exception as error:  # fontTools lets whatever a broken table leads to through
        raise NotAFont("The font is damaged: export it anew as TTF or OTF.") from error
    return family


def _checked(font: Any) -> str:
    """The name of its family, where it can write captions."""
    if "fvar" in font:
        raise NotAFont("This is a variable font. Upload one style of it, as a static TTF or OTF.")
    if not {"glyf", "CFF "} & set(font.keys()):
        raise NotAFont("The font has pictures instead of outlines. Use a TTF or OTF with outlines.")
    letters = font.getBestCmap() or {}
    missing = [letter for letter in LETTERS if ord(letter) not in letters]
    if missing:
        raise NotAFont(f"The font has no {missing[0]!r}: use one that can write sentences.")
    name = font["name"].getBestFamilyName() or "unnamed"
    return "".join(letter for letter in name if letter.isprintable())[:MOST_NAME]


def _rename(font: Any, family: str) -> None:
    table = font["name"]
    table.names = [record for record in table.names if record.nameID not in NAMES]
    windows, unicode, english = 3, 1, 0x409
    named = {1: family, 2: "Regular", 3: family, 4: family, 6: family.replace(" ", "-")}
    for record, text in named.items():
        table.setName(text, record, windows, unicode, english)
