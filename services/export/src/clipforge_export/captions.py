"""Captions: words become cues, cues become lines with a place for every word.

Each word is placed by itself, so that the spoken one can grow without pushing its neighbours, and
right-to-left words keep the order that we give them.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clipforge.v1.documents_pb2 import Transcript
from clipforge_contracts.subtitles import words
from clipforge_export.fonts import Metrics
from clipforge_export.styles import Safe, Style

PAUSE_MS: Final = 600  # a silence that ends a cue
LINGER_MS: Final = 250  # a cue stays this long after its last word
SPACE: Final = 0.26  # of the font size, between words
LEADING: Final = 1.05
SHRINK: Final = 0.5  # a single word wider than the safe box is drawn smaller, down to this


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
    """The words of a span, clipped to it, in its own time."""
    found: list[Said] = []
    for word in words(transcript):
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
    groups = _groups(spoken, style, font, safe.right - safe.left)
    made: list[Cue] = []
    for n, lines in enumerate(groups):
        flat = [word for line in lines for word in line]
        following = groups[n + 1][0][0].start_ms if n + 1 < len(groups) else None
        end = flat[-1].end_ms + LINGER_MS
        end = min(end, following) if following is not None else end
        made.append(Cue(flat[0].start_ms, end, _place(lines, style, font, safe)))
    return made


def shown(text: str, style: Style) -> str:
    """A word as the style writes it."""
    return text.upper() if style.upper else text


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
        scale = max(min(1.0, room / total), SHRINK) if total else 1.0
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
    return "".join(
        letter
        for letter in " ".join(text.split())
        if unicodedata.category(letter) not in ("Cc", "Cf", "So", "Cs", "Co")
    ).strip()
