"""The named caption styles, as data. Sizes are pixels on a canvas whose short side is 1080."""

from dataclasses import dataclass
from typing import Final, Literal

Effect = Literal["pop", "sweep", "box", "single", "build", "glow", "colour", "bar"]


@dataclass(frozen=True)
class Style:
    """How captions look and move."""

    font: str  # package of fontpkg
    file: str
    size: int  # libass's font size: the height of the cell, not of the em
    effect: Effect
    base: str  # colour of words, #rrggbb
    active: str  # colour of the word that is spoken
    outline: int
    shadow: int
    words: int  # a line, at most
    lines: int
    upper: bool = False
    box: str = ""
    edge: str = "#000000"  # colour of the outline


STYLES: Final = {
    "pop": Style(
        "anton", "Anton-Regular.ttf", 148, "pop", "#FFFFFF", "#FFE600", 7, 3, 4, 1, upper=True
    ),
    "karaoke": Style(
        "poppins", "Poppins-ExtraBold.ttf", 108, "sweep", "#FFFFFF", "#22D3EE", 6, 2, 4, 2
    ),
    "boxed": Style(
        "poppins", "Poppins-Bold.ttf", 104, "box", "#FFFFFF", "#FFFFFF", 3, 0, 4, 2, box="#7C3AED"
    ),
    "single": Style(
        "archivo_black",
        "ArchivoBlack-Regular.ttf",
        150,
        "single",
        "#FFFFFF",
        "#FFFFFF",
        9,
        4,
        1,
        1,
        upper=True,
    ),
    "build": Style(
        "luckiest_guy",
        "LuckiestGuy-Regular.ttf",
        112,
        "build",
        "#FFFFFF",
        "#4ADE80",
        8,
        0,
        3,
        2,
        upper=True,
    ),
    "neon": Style(
        "bebas_neue",
        "BebasNeue-Regular.ttf",
        156,
        "glow",
        "#FFFFFF",
        "#FF2BD6",
        4,
        0,
        4,
        1,
        upper=True,
    ),
    "minimal": Style(
        "poppins", "Poppins-SemiBold.ttf", 82, "colour", "#FFFFFF", "#FFD84D", 4, 2, 6, 2
    ),
    "bar": Style(
        "poppins", "Poppins-Bold.ttf", 84, "bar", "#111111", "#D90429", 0, 0, 6, 2, box="#FFFFFF"
    ),
}
