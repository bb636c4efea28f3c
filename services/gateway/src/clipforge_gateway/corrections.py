"""Corrections of a transcript: words replaced, deleted, merged, split and moved. Pure.

Every correction names words by their place in the transcript as it was read, whatever others of
the same request do. Each word keeps its times; where the number of words changes, the new ones
share the time of the old ones by their letters, so captions stay in step with the sound.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from clipforge.v1.documents_pb2 import Segment, Transcript, Word
from clipforge_contracts.subtitles import sentence, spread, words_of

SURE: Final = 1.0  # the confidence of a word that a person wrote


class Uncorrectable(ValueError):
    """A correction cannot be made; the text says which, and why."""


@dataclass(frozen=True)
class Correction:
    """Some words in the place of those from `first` to `last`; none: they are deleted."""

    first: int
    last: int
    words: tuple[Word, ...]


def replaced(spoken: Sequence[Word], first: int, last: int, texts: Sequence[str]) -> Correction:
    """Other words in the same time. As many as before keep the times that each had."""
    old = spoken[first : last + 1]
    start, end = old[0].start_ms, max(old[-1].end_ms, old[0].start_ms)
    new = (
        [Word(text=text, start_ms=word.start_ms, end_ms=word.end_ms) for text, word in pairs]
        if len(texts) == len(old) and (pairs := list(zip(texts, old, strict=True)))
        else spread(texts, start, end)
    )
    return Correction(first, last, tuple(_written(word, old[0].speaker) for word in new))


def split(
    spoken: Sequence[Word], at: int, texts: Sequence[str], times: Sequence[int]
) -> Correction:
    """One word as several, which part at `times`; without times, by their letters."""
    if not times:
        return replaced(spoken, at, at, texts)
    old = spoken[at]
    edges = [old.start_ms, *times, old.end_ms]
    if len(times) != len(texts) - 1 or sorted(set(edges)) != edges:
        raise Uncorrectable(
            f"Word {at} lasts from {old.start_ms} to {old.end_ms} ms: to split it in {len(texts)}, "
            f"give {len(texts) - 1} times in order between these."
        )
    new = [
        Word(text=text, start_ms=start, end_ms=end)
        for text, (start, end) in zip(texts, pairwise(edges), strict=True)
    ]
    return Correction(at, at, tuple(_written(word, old.speaker) for word in new))


def moved(spoken: Sequence[Word], at: int, start_ms: int, end_ms: int) -> Correction:
    """One word at another time, between its neighbours."""
    earliest = spoken[at - 1].end_ms if at else 0
    latest = spoken[at + 1].start_ms if at + 1 < len(spoken) else None
    if not earliest <= start_ms < end_ms or (latest is not None and end_ms > latest):
        until = "the end" if latest is None else f"{latest} ms"
        raise Uncorrectable(f"Word {at} has room from {earliest} ms to {until}.")
    word = Word(text=spoken[at].text, start_ms=start_ms, end_ms=end_ms)
    return Correction(at, at, (_written(word, spoken[at].speaker),))


def corrected(transcript: Transcript, corrections: Iterable[Correction]) -> Transcript:
    """The transcript with all of them made. Uncorrectable where two are about the same word."""
    in_order = sorted(corrections, key=lambda one: one.first)
    for former, following in pairwise(in_order):
        if following.first <= former.last:
            raise Uncorrectable(f"Two corrections are about word {following.first}: make it one.")
    made = Transcript()
    made.CopyFrom(transcript)
    del made.segments[:]
    waiting = iter(in_order)
    correction = next(waiting, None)
    begin = 0
    spill = -1  # up to which word a correction that began in a segment before has replaced
    for segment in transcript.segments:
        own = words_of(segment)
        end = begin + len(own)
        kept: list[Word] = []
        touched = begin <= spill
        for place, word in enumerate(own, start=begin):
            if correction is not None and place == correction.first:
                kept.extend(correction.words)
                spill, touched = correction.last, True
                correction = next(waiting, None)
            elif place > spill:
                kept.append(word)
        made.segments.extend(_segments(segment, kept, touched=touched))
        begin = end
    return made


def _segments(segment: Segment, words: Sequence[Word], *, touched: bool) -> Iterator[Segment]:
    """The segment as it was, as it is now, or not at all where nothing is left of it."""
    if not touched:
        yield segment
    elif words:
        yield Segment(
            text=sentence([word.text for word in words]),
            start_ms=words[0].start_ms,
            end_ms=max(word.end_ms for word in words),
            words=words,
        )


def _written(word: Word, speaker: str) -> Word:
    word.confidence, word.speaker = SURE, speaker
    return word
