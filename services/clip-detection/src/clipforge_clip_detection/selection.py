"""Which spans become clips: the best first, none overlapping, none saying the same twice."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.candidates import Span
from clipforge_clip_detection.features import tokens
from clipforge_clip_detection.sentences import Sentence

SIMILAR: Final = 0.6  # cosine of word counts above which two clips tell the same
MINUTES_A_CLIP: Final = 8
FEWEST: Final = 4
MOST: Final = 12


def wanted(asked: int, duration_ms: int) -> int:
    """How many clips: as asked, else one per eight minutes, between 4 and 12."""
    return asked or min(max(duration_ms // 60_000 // MINUTES_A_CLIP, FEWEST), MOST)


def select(
    found: Sequence[Sentence], spans: Sequence[Span], scores: Sequence[float], count: int
) -> list[int]:
    """Indices of the chosen spans, best first. The first is always chosen."""
    order = sorted(range(len(spans)), key=lambda n: (-scores[n], spans[n].first, spans[n].last))
    chosen: list[int] = []
    bags: list[Counter[str]] = []
    for n in order:
        if len(chosen) == count:
            break
        span = spans[n]
        if any(_overlap(span, spans[other]) for other in chosen):
            continue
        bag = _bag(found, span)
        if any(_cosine(bag, other) > SIMILAR for other in bags):
            continue
        chosen.append(n)
        bags.append(bag)
    return chosen


def _overlap(one: Span, other: Span) -> bool:
    return one.first <= other.last and other.first <= one.last


def _bag(found: Sequence[Sentence], span: Span) -> "Counter[str]":
    return Counter(
        word
        for sentence in found[span.first : span.last + 1]
        for word in tokens(sentence.text)
        if word not in lexicon.STOPWORDS
    )


def _cosine(one: "Counter[str]", other: "Counter[str]") -> float:
    dot = sum(n * other[word] for word, n in one.items())
    if not dot:
        return 0.0
    norms = sum(n * n for n in one.values()) * sum(n * n for n in other.values())
    return dot / math.sqrt(norms)
