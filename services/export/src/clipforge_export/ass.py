"""Captions as an ASS file for libass."""

from collections.abc import Iterator, Sequence
from typing import Final

from clipforge_contracts.styles import Style
from clipforge_export.canvas import Safe
from clipforge_export.captions import Cue, Placed, shown
from clipforge_export.fonts import Metrics

# Layers, from back to front.
BOX: Final = 0
GLOW: Final = 1
WORD: Final = 2
ACTIVE: Final = 3
CORNER: Final = 18  # pixels
CURVE: Final = 0.4477  # 1 - 0.5523: a quarter circle as a Bezier curve
PAD_X: Final = 14
PAD_UP: Final = 0.56  # of the font size
PAD_DOWN: Final = 0.52
_JOINER: Final = "\u2060"  # after a backslash, so that libass takes it for one

Event = tuple[int, int, int, str, str]
"""Layer, start, end, style and text."""


def write(cues: Sequence[Cue], style: Style, font: Metrics, safe: Safe) -> str:
    """The whole file."""
    events = sorted(
        (event for cue in cues for event in _events(cue, style) if event[2] > event[1]),
        key=lambda event: (event[1], event[0]),
    )
    lines = [
        f"Dialogue: {layer},{_time(start)},{_time(end)},{name},,0,0,0,,{text}"
        for layer, start, end, name, text in events
    ]
    return "\n".join([_head(style, font, safe), *lines, ""])


def escape(text: str) -> str:
    """A word that cannot be taken for an override: `{\\fs200}` in speech stays text."""
    return text.replace("\\", "\\" + _JOINER).replace("{", "\\{").replace("}", "\\}")


def _events(cue: Cue, style: Style) -> Iterator[Event]:
    if style.effect == "bar":
        yield from _bars(cue, style)
    for n, word in enumerate(cue.words):
        until = cue.words[n + 1].start_ms if n + 1 < len(cue.words) else cue.end_ms
        yield from _word(word, max(until, word.start_ms), cue, style)


def _word(word: Placed, until: int, cue: Cue, style: Style) -> Iterator[Event]:
    start, size = word.start_ms, round(100 * word.scale)
    text = escape(shown(word.text, style))
    place = f"\\pos({word.x:.1f},{word.y:.1f})"
    plain = f"{{{place}{_scaled(size)}}}{text}"
    active = _colour(style.active)
    match style.effect:
        case "single":
            shown_until = min(until, word.end_ms + 150) if until - start > 1200 else until
            grow = (
                f"{_scaled(size * 0.8)}\\t(0,70,{_scaled(size * 1.06)})\\t(70,130,{_scaled(size)})"
            )
            yield WORD, start, shown_until, "W", f"{{{place}{grow}}}{text}"
        case "build":
            grow = (
                f"{_scaled(size * 0.6)}\\t(0,80,{_scaled(size * 1.12)})\\t(80,150,{_scaled(size)})"
            )
            spoken = until - start
            fade = f"\\1c{active}\\t({spoken},{spoken + 1},\\1c{_colour(style.base)})"
            yield WORD, start, cue.end_ms, "W", f"{{{place}{grow}{fade}}}{text}"
        case "sweep":
            before, sung = (start - cue.start_ms) // 10, max(until - start, 10) // 10
            fill = f"\\2c{_colour(style.base)}\\1c{active}\\k{before}\\kf{sung}"
            yield WORD, cue.start_ms, cue.end_ms, "W", f"{{{place}{_scaled(size)}{fill}}}{text}"
        case _:
            yield WORD, cue.start_ms, start, "W", plain
            yield from _active(word, until, style, text, place, size)
            yield WORD, until, cue.end_ms, "W", plain


def _active(
    word: Placed, until: int, style: Style, text: str, place: str, size: int
) -> Iterator[Event]:
    start, colour = word.start_ms, _colour(style.active)
    match style.effect:
        case "pop":
            grow = f"\\t(0,70,{_scaled(size * 1.16)})\\t(70,150,{_scaled(size * 1.08)})"
            yield ACTIVE, start, until, "W", f"{{{place}{_scaled(size)}\\1c{colour}{grow}}}{text}"
        case "box":
            left, right = word.x - word.width / 2 - PAD_X, word.x + word.width / 2 + PAD_X
            up, down = word.y - style.size * PAD_UP, word.y + style.size * PAD_DOWN
            yield GLOW, start, until, "B", _shape(style.box, left, up, right, down)
            yield WORD, start, until, "W", f"{{{place}{_scaled(size)}\\1c{colour}}}{text}"
        case "glow":
            halo = f"\\1a&HFF&\\3c{colour}\\bord14\\blur12"
            yield GLOW, start, until, "W", f"{{{place}{_scaled(size)}{halo}}}{text}"
            yield ACTIVE, start, until, "W", f"{{{place}{_scaled(size)}\\3c{colour}\\blur1}}{text}"
        case _:
            yield ACTIVE, start, until, "W", f"{{{place}{_scaled(size)}\\1c{colour}}}{text}"


def _bars(cue: Cue, style: Style) -> Iterator[Event]:
    for y in sorted({word.y for word in cue.words}):
        line = [word for word in cue.words if word.y == y]
        left = min(word.x - word.width / 2 for word in line) - 26
        right = max(word.x + word.width / 2 for word in line) + 26
        half = style.size * 0.55
        yield BOX, cue.start_ms, cue.end_ms, "B", _shape(style.box, left, y - half, right, y + half)


def _shape(colour: str, x0: float, y0: float, x1: float, y1: float) -> str:
    """A rectangle with round corners."""
    r, k = CORNER, CORNER * CURVE
    path = (
        f"m {x0 + r:.0f} {y0:.0f} l {x1 - r:.0f} {y0:.0f} "
        f"b {x1 - k:.0f} {y0:.0f} {x1:.0f} {y0 + k:.0f} {x1:.0f} {y0 + r:.0f} "
        f"l {x1:.0f} {y1 - r:.0f} "
        f"b {x1:.0f} {y1 - k:.0f} {x1 - k:.0f} {y1:.0f} {x1 - r:.0f} {y1:.0f} "
        f"l {x0 + r:.0f} {y1:.0f} "
        f"b {x0 + k:.0f} {y1:.0f} {x0:.0f} {y1 - k:.0f} {x0:.0f} {y1 - r:.0f} "
        f"l {x0:.0f} {y0 + r:.0f} "
        f"b {x0:.0f} {y0 + k:.0f} {x0 + k:.0f} {y0:.0f} {x0 + r:.0f} {y0:.0f}"
    )
    return f"{{\\pos(0,0)\\1c{_colour(colour)}\\p1}}{path}"


def _head(style: Style, font: Metrics, safe: Safe) -> str:
    base, edge = (
        _colour(colour).rstrip("&").replace("&H", "&H00") for colour in (style.base, style.edge)
    )
    return f"""[Script Info]
ScriptType: v4.00+
PlayResX: {safe.width}
PlayResY: {safe.height}
WrapStyle: 2
ScaledBorderAndShadow: yes
YCbCr Matrix: TV.709

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: W,{font.family},{style.size},{base},&H00000000,{edge},&H64000000,\
{-1 if "Bold" in style.file else 0},0,0,0,100,100,0,0,1,{style.outline},{style.shadow},5,0,0,0,1
Style: B,{font.family},10,&H00FFFFFF,&H00000000,&H00000000,&H00000000,\
0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"""


def _scaled(percent: float) -> str:
    return f"\\fscx{percent:.0f}\\fscy{percent:.0f}"


def _colour(rgb: str) -> str:
    """#rrggbb as ASS writes it, blue first."""
    return f"&H{rgb[5:7]}{rgb[3:5]}{rgb[1:3]}&"


def _time(milliseconds: int) -> str:
    centiseconds = round(milliseconds / 10)
    hours, rest = divmod(centiseconds, 360_000)
    minutes, rest = divmod(rest, 6000)
    return f"{hours}:{minutes:02}:{rest // 100:02}.{rest % 100:02}"
