"""Captions: words become cues, cues become lines with a place for every word.

Each word is placed by itself, so that the spoken one can grow without pushing its neighbours, and
right-to-left words keep the order that we give them.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clipforge.v1.documents_pb2 import Transcript
from clipforge_contracts.styles import Style
from clipforge_contracts.subtitles import words
from clipforge_export.canvas import Safe
from clipforge_export.fonts import Metrics

PAUSE_MS: Final = 600  # a silence that ends a cue
LINGER_MS: Final = 250  # a cue stays this long after its last word
SPACE: Final = 0.28  # of the font size, between words
LEADING: Final = 1.05
SHRINK: Final = 0.5  # a word wider than the safe box is drawn smaller, down to this; then broken
UNSEEN: Final = ("Cc", "Cf", "So", "Cs", "Co")  # categories of letters without a picture here
JOINERS: Final = "\u200c\u200d"  # shape the letters beside them in Persian and in Indian scripts


@dataclass(frozen=True)
class Said:
    """A word in milliseconds from the start of the clip."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Placed:
    """A word with the centre of its place on the canvas."""

    text: str
    start_ms: int
    end_ms: int
    x: float
    y: float
    width: float
    scale: float = 1.0


@dataclass(frozen=True)
class Cue:
    """What is shown at one time."""

    start_ms: int
    end_ms: int
    words: tuple[Placed, ...]


def said(transcript: Transcript, start_ms: int, end_ms: int) -> list[Said]:
    """The words of a span, clipped to it, in its own time and in the order of speech."""
    found: list[Said] = []
    for word in sorted(words(transcript), key=lambda word: word.start_ms):
        middle = (word.start_ms + word.end_ms) / 2
        text = _clean(word.text)
        if start_ms <= middle < end_ms and text:
            found.append(
                Said(
                    text,
                    max(word.start_ms, start_ms) - start_ms,
                    min(word.end_ms, end_ms) - start_ms,
                )
            )
    return found


def cues(spoken: Sequence[Said], style: Style, font: Metrics, safe: Safe) -> list[Cue]:
    """Cues in order, none overlapping, every word inside the safe box."""
    room = safe.right - safe.left
    pieces = [piece for word in spoken for piece in _pieces(word, style, font, room / SHRINK)]
    groups = _groups(pieces, style, font, room)
    made: list[Cue] = []
    for n, lines in enumerate(groups):
        flat = [word for line in lines for word in line]
        following = groups[n + 1][0][0].start_ms if n + 1 < len(groups) else None
        end = max(word.end_ms for word in flat) + LINGER_MS
        end = min(end, following) if following is not None else end
        made.append(Cue(flat[0].start_ms, end, _place(lines, style, font, safe)))
    return made


def shown(text: str, style: Style) -> str:
    """A word as the style writes it."""
    return text.upper() if style.upper else text


def _pieces(word: Said, style: Style, font: Metrics, widest: float) -> list[Said]:
    """A word that no size makes fit, as several, each with its letters' share of the time."""
    width = font.width(shown(word.text, style), style.size)
    if width <= widest:
        return [word]
    count = min(math.ceil(width / widest) + 1, len(word.text))
    edges = [round(len(word.text) * n / count) for n in range(count + 1)]
    length = word.end_ms - word.start_ms
    times = [word.start_ms + length * edge // len(word.text) for edge in edges]
    return [Said(word.text[edges[n] : edges[n + 1]], times[n], times[n + 1]) for n in range(count)]


def _groups(
    spoken: Sequence[Said], style: Style, font: Metrics, room: float
) -> list[list[list[Said]]]:
    """Cues as lines of words: as many as fit, broken at pauses and at ends of sentences."""
    groups: list[list[list[Said]]] = []
    before: Said | None = None
    for word in spoken:
        broken = before is not None and (
            word.start_ms - before.end_ms > PAUSE_MS or before.text.endswith((".", "?", "!"))
        )
        line = groups[-1][-1] if groups else []
        fits = len(line) < style.words and _line_width([*line, word], style, font) <= room
        if not groups or broken:
            groups.append([[word]])
        elif fits:
            line.append(word)
        elif len(groups[-1]) < style.lines:
            groups[-1].append([word])
        else:
            groups.append([[word]])
        before = word
    return groups


def _place(
    lines: Sequence[Sequence[Said]], style: Style, font: Metrics, safe: Safe
) -> tuple[Placed, ...]:
    leading = style.size * LEADING
    y = safe.centre_y - (len(lines) - 1) * leading / 2
    centre, room = (safe.left + safe.right) / 2, safe.right - safe.left
    placed: list[Placed] = []
    for line in lines:
        total = _line_width(line, style, font)
        scale = min(1.0, room / total) if total else 1.0
        right_to_left = _right_to_left(line)
        x = centre - total * scale / 2
        for word in reversed(line) if right_to_left else line:
            width = font.width(shown(word.text, style), style.size) * scale
            placed.append(
                Placed(word.text, word.start_ms, word.end_ms, x + width / 2, y, width, scale)
            )
            x += width + style.size * SPACE * scale
        y += leading
    return tuple(sorted(placed, key=lambda word: word.start_ms))


def _line_width(line: Sequence[Said], style: Style, font: Metrics) -> float:
    texts = sum(font.width(shown(word.text, style), style.size) for word in line)
    return texts + style.size * SPACE * (len(line) - 1)


def _right_to_left(line: Sequence[Said]) -> bool:
    kinds = [unicodedata.bidirectional(letter) for word in line for letter in word.text]
    return sum(kind in ("R", "AL") for kind in kinds) > sum(kind == "L" for kind in kinds)


def _clean(text: str) -> str:
    """Without line breaks, control characters and emoji, for which no font here has a picture."""
    kept = "".join(letter for letter in " ".join(text.split()) if not _unseen(letter)).strip()
    drawn = any(unicodedata.category(letter)[0] not in "MC" for letter in kept)
    return kept if drawn else ""


def _unseen(letter: str) -> bool:
    if letter in JOINERS:
        return False
    # What modifies an emoji is dropped with it: its skin and its selectors.
    modifier = "\ufe00" <= letter <= "\ufe0f" or "\U0001f3fb" <= letter <= "\U0001f3ff"
    return modifier or letter == "\u20e3" or unicodedata.category(letter) in UNSEEN
