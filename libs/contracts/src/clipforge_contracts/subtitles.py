"""A transcript as SRT, WebVTT or plain text.

Cues follow the habits of broadcast subtitles: at most two lines of 42 letters, about six seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clipforge.v1.documents_pb2 import Transcript, Word

LINE: Final = 42  # letters; the usual limit of broadcasters' style guides
LONGEST_MS: Final = 6000
PAUSE_MS: Final = 600  # a silence that ends a cue
SHORTEST_MS: Final = 700  # below this nobody can read a cue; it is held, as far as the next allows


@dataclass(frozen=True)
class Cue:
    """What is shown from one time to another."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def srt(transcript: Transcript) -> str:
    """SubRip: numbered cues with comma times."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n"
        + "\n".join(cue.lines)
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
    return "".join(f"{segment.text}\n" for segment in transcript.segments)


def words(transcript: Transcript) -> list[Word]:
    """Every word in order; a segment without words counts as one."""
    found: list[Word] = []
    for segment in transcript.segments:
        if segment.words:
            found.extend(segment.words)
        elif segment.text:
            found.append(Word(text=segment.text, start_ms=segment.start_ms, end_ms=segment.end_ms))
    return found


def cues(spoken: Sequence[Word]) -> list[Cue]:
    """Words as cues: never overlapping, each long enough to read where there is room."""
    groups = list(_groups(spoken))
    made: list[Cue] = []
    for group, following in zip(groups, [*groups[1:], None], strict=True):
        start, end = group[0].start_ms, group[-1].end_ms
        limit = following[0].start_ms if following else start + LONGEST_MS
        end = min(max(end, start + SHORTEST_MS), max(limit, start + 1))
        made.append(Cue(start, end, _lines([word.text.strip() for word in group])))
    return made


def _groups(spoken: Sequence[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in spoken:
        if group and (
            word.start_ms - group[-1].end_ms > PAUSE_MS
            or word.end_ms - group[0].start_ms > LONGEST_MS
            or sum(len(one.text) + 1 for one in group) + len(word.text) > 2 * LINE
            or (group[-1].text.rstrip().endswith((".", "?", "!")) and len(group) > 2)
        ):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _lines(texts: Sequence[str]) -> tuple[str, ...]:
    whole = " ".join(" ".join(text.split()) for text in texts)
    if len(whole) <= LINE or " " not in whole:
        return (whole,)
    # Two lines of nearly one length read best.
    spaces = [at for at, letter in enumerate(whole) if letter == " "]
    at = min(spaces, key=lambda space: abs(space - len(whole) / 2))
    return (whole[:at], whole[at + 1 :])


def _clock(milliseconds: int, mark: str) -> str:
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _escape(line: str) -> str:
    # `-->` inside a text would end the cue; with `>` escaped it cannot appear.
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
