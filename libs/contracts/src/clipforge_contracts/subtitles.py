"""A transcript as SRT, WebVTT or plain text.

Cues follow the habits of broadcast subtitles: at most two lines of 42 letters, about six seconds.
Letters stay in the order in which they are spoken: a player lays out what runs from right to left.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise, zip_longest
from typing import Final

from clipforge.v1.documents_pb2 import Segment, Transcript, Word

LINE: Final = 42  # columns; the usual limit of broadcasters' style guides
LONGEST_MS: Final = 6000
PAUSE_MS: Final = 600  # a silence that ends a cue
SHORTEST_MS: Final = 700  # below this nobody can read a cue; it is held, as far as the next allows
SENTENCE_ENDS: Final = tuple(".?!…。？！؟۔।")  # noqa: RUF001  (of several scripts)
CLOSERS: Final = "\"'”’»)]"  # noqa: RUF001  (quotes as people write them)


@dataclass(frozen=True)
class Cue:
    """What is shown from one time to another."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def srt(transcript: Transcript) -> str:
    """SubRip: numbered cues with comma times. It has no way to escape its own arrow."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n"
        + "\n".join(line.replace("-->", "→") for line in cue.lines)
        + "\n"
        for number, cue in enumerate(cues(words(transcript)), start=1)
    )


def vtt(transcript: Transcript) -> str:
    """WebVTT, with `&`, `<` and `>` escaped."""
    return "WEBVTT\n\n" + "\n".join(
        f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n"
        + "\n".join(_escape(line) for line in cue.lines)
        + "\n"
        for cue in cues(words(transcript))
    )


def txt(transcript: Transcript) -> str:
    """One segment a line."""
    lines = (" ".join(segment.text.split()) for segment in transcript.segments)
    return "".join(f"{line}\n" for line in lines if line)


def words(transcript: Transcript) -> list[Word]:
    """Every word in order; where a segment has no word times, its time is shared out by letters."""
    return [word for segment in transcript.segments for word in words_of(segment)]


def words_of(segment: Segment) -> list[Word]:
    """The words of one segment; see `words`."""
    if segment.words:
        return list(segment.words)
    return spread(segment.text.split(), segment.start_ms, segment.end_ms)


def sentence(texts: Sequence[str]) -> str:
    """Words as one text: with spaces, where their script has them."""
    return _join(texts)


def cues(spoken: Sequence[Word]) -> list[Cue]:
    """Words as cues: in order, never overlapping, each long enough to read where there is room."""
    in_order = sorted(spoken, key=lambda word: word.start_ms)
    groups = list(_groups([piece for word in in_order for piece in _pieces(word)]))
    made: list[Cue] = []
    free = 0
    for group, following in zip_longest(groups, groups[1:]):
        start = max(group[0].start_ms, free)
        held = max(group[-1].end_ms, start + SHORTEST_MS)
        limit = min(following[0].start_ms if following else held, start + LONGEST_MS)
        free = max(min(held, limit), start + 1)
        made.append(Cue(start, free, _lines([word.text for word in group])))
    return made


def _pieces(word: Word) -> list[Word]:
    """A word as it fits on a line: mostly itself, an address of 300 letters in several."""
    texts = [piece for text in word.text.split() for piece in _cut(text)]
    return spread(texts, word.start_ms, word.end_ms)


def spread(texts: Sequence[str], start_ms: int, end_ms: int) -> list[Word]:
    """Texts as words, each with its letters' share of the time."""
    total = sum(len(text) for text in texts)
    length = max(end_ms - start_ms, 0)
    made: list[Word] = []
    letters = 0
    for text in texts:
        begin = start_ms + length * letters // total
        letters += len(text)
        end = start_ms + length * letters // total
        made.append(Word(text=text, start_ms=begin, end_ms=end))
    return made


def _cut(text: str) -> list[str]:
    """A text in pieces of at most a line; marks stay with the letter that they belong to."""
    pieces = [""]
    for letter in text:
        if _columns(letter) and _columns(pieces[-1]) + _columns(letter) > LINE:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _groups(spoken: Sequence[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in spoken:
        if group and (
            word.start_ms - group[-1].end_ms > PAUSE_MS
            or word.end_ms - group[0].start_ms > LONGEST_MS
            or _break([*(one.text for one in group), word.text]) is None
            or (_ends_a_sentence(group[-1].text) and len(group) > 2)
        ):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _ends_a_sentence(text: str) -> bool:
    return text.rstrip(CLOSERS).endswith(SENTENCE_ENDS)


def _lines(texts: Sequence[str]) -> tuple[str, ...]:
    at = _break(texts) or 0
    return tuple(_join(part) for part in (texts[:at], texts[at:]) if part)


def _break(texts: Sequence[str]) -> int | None:
    """Before which text a second line begins; 0: one line is enough, None: two are not.

    Two lines of nearly one length read best.
    """
    # How far the line goes after each text, gaps included.
    reached = list(accumulate(_gap(one, two) + _columns(two) for one, two in _neighbours(texts)))
    if reached[-1] <= LINE:
        return 0
    fitting: dict[int, int] = {}
    for at in range(1, len(texts)):
        first = reached[at - 1]
        second = reached[-1] - first - _gap(texts[at - 1], texts[at])
        if max(first, second) <= LINE:
            fitting[at] = abs(first - second)
    return min(fitting, key=lambda at: fitting[at]) if fitting else None


def _join(texts: Sequence[str]) -> str:
    return "".join(" " * _gap(one, two) + two for one, two in _neighbours(texts))


def _neighbours(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    return pairwise(("", *texts))


def _gap(former: str, text: str) -> int:
    """A space between two words; none at the start, and where scripts write without."""
    return 0 if not former or (_wide(former[-1]) and _wide(text[0])) else 1


@lru_cache(maxsize=4096)
def _columns(text: str) -> int:
    return sum(
        0 if unicodedata.category(letter) in ("Mn", "Me", "Cf") else 1 + _wide(letter)
        for letter in text
    )


def _wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in ("W", "F")


def _clock(milliseconds: int, mark: str) -> str:
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _escape(line: str) -> str:
    # `-->` inside a text would end the cue; with `>` escaped it cannot appear.
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
