"""Every run of whole sentences of a wanted length, with the cost of beginning and ending there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.excerpts import QUOTES
from clipforge_clip_detection.features import tokens
from clipforge_clip_detection.sentences import Sentence

MOST: Final = 200_000  # spans judged; clips of up to ten minutes in a long film would be millions
MOSTLY: Final = 0.5  # of what is said
CONJUNCTIONS: Final = frozenset({"and", "but", "or", "so", "because", "that", "which", "if"})
COMMAS: Final = (",", ";", ":", "\u2014", "\u060c", "\u3001", "\uff0c")
TIGHT_MS: Final = 150  # less silence after the last word than this sounds cut off
ANSWER: Final = 8.0  # seconds a question may take and still belong to its answer
Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Span:
    """Sentences `first` to `last`, both included."""

    first: int
    last: int


@dataclass(frozen=True)
class Spans:
    """Many spans, one entry each, ordered by `first`, then `last`."""

    first: Index
    last: Index

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, n: int) -> Span:
        return Span(int(self.first[n]), int(self.last[n]))

    def where(self, kept: "npt.NDArray[np.bool_] | slice") -> "Spans":
        """Some of them."""
        return Spans(self.first[kept], self.last[kept])


def spans(found: Sequence[Sentence], shortest_ms: int, longest_ms: int) -> Spans:
    """The runs whose length lies in the band; none where no run does.

    Those that begin and end with whole sentences, if they reach most of the film; else those that
    at least begin so, if they do; else all.
    """
    start = np.array([sentence.start_ms for sentence in found], dtype=np.int64)
    end = np.array([sentence.end_ms for sentence in found], dtype=np.int64)
    low = np.searchsorted(end, start + shortest_ms, side="left")
    low = np.maximum(low, np.arange(len(found)))
    count = np.maximum(np.searchsorted(end, start + longest_ms, side="right") - low, 0)
    first = np.repeat(np.arange(len(found)), count)
    last = low[first] + np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    every = Spans(first, last)
    ends = np.array([sentence.finished for sentence in found], dtype=bool)
    begins = np.concatenate([np.ones(1, dtype=bool), ends])[: len(found)]
    for whole in (begins[first] & ends[last], begins[first]):
        if _reach(every.where(whole), len(found)) >= MOSTLY:
            every = every.where(whole)
            break
    return every.where(slice(None, None, -(-len(every) // MOST) or 1))


def _reach(some: Spans, sentences: int) -> float:
    """The share of the sentences that lie in any of the spans."""
    steps = np.bincount(some.first, minlength=sentences + 1)
    steps -= np.bincount(some.last + 1, minlength=sentences + 1)
    return float((np.cumsum(steps) > 0).sum()) / max(sentences, 1)


def longest(found: Sequence[Sentence], longest_ms: int) -> Spans:
    """From each sentence on as much as fits, for films too short for the band.

    A sentence that is too long by itself (one word that lasts for minutes) stands alone.
    """
    start = np.array([sentence.start_ms for sentence in found], dtype=np.int64)
    end = np.array([sentence.end_ms for sentence in found], dtype=np.int64)
    first = np.arange(len(found))
    last = np.maximum(np.searchsorted(end, start + longest_ms, side="right") - 1, first)
    further = np.concatenate([np.ones(1, dtype=bool), last[1:] > last[:-1]])[: len(found)]
    return Spans(first, last).where(further)


def begin_cost(found: Sequence[Sentence], first: int) -> float:
    """0: begins by itself; up to 1: one would ask what came before."""
    words = tokens(found[first].text)
    cost = 0.0
    if words and words[0] in lexicon.POINTS_BACK:
        # "So what is a log?" begins by itself; "So it works" does not.
        tail = words[1:4]
        softened = words[0] in ("so", "and", "because", "then") and not (
            set(tail[:1]) & lexicon.POINTS_BACK
        )
        cost += 0.25 if softened else 0.6
    if first and found[first - 1].asks and found[first - 1].seconds < ANSWER:
        cost += 0.4  # an answer without its question
    if first and not found[first - 1].finished:
        cost += 1.0  # in the middle of a sentence
    if _murmurs(words):
        cost += 0.3
    if found[first].text[0] in QUOTES:
        cost += 0.2  # somebody speaks, and who was said before
    if first and found[first].text[0].islower():
        cost += 0.3  # most likely the rest of a sentence
    return min(cost, 1.0)


def end_cost(found: Sequence[Sentence], last: int) -> float:
    """0: ends by itself; up to 1: it breaks off."""
    sentence = found[last]
    cost = 0.0
    if not sentence.finished:
        cost += 0.6 if sentence.text.endswith(COMMAS) else 1.0
    if sentence.asks:
        cost += 0.6  # a question whose answer is missing
    words = tokens(sentence.text)
    if words and words[-1] in CONJUNCTIONS:
        cost += 0.5
    if sentence.pause_after_ms < TIGHT_MS and last + 1 < len(found):
        cost += 0.1
    if _murmurs(words):
        cost += 0.3
    return min(cost, 1.0)


def _murmurs(words: Sequence[str]) -> bool:
    """Whether a sentence is no more than "Yeah. Right."."""
    return bool(words) and lexicon.BACKCHANNEL.issuperset(words)
