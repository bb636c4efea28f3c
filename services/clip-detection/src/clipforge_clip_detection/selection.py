"""Which spans become clips: the best first, none overlapping, none saying the same twice."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.candidates import Span, Spans
from clipforge_clip_detection.features import Matrix, tokens
from clipforge_clip_detection.sentences import Sentence

WORTHY: Final = 0.75  # of the places of a film; the others are not shown for the sake of balance
SIMILAR: Final = 0.6  # cosine of word counts above which two clips tell the same
PARTS: Final = 3  # of a film, each of which gives a clip if it can
MINUTES_A_CLIP: Final = 8
FEWEST: Final = 4
MOST: Final = 12


def wanted(asked: int, duration_ms: int) -> int:
    """How many clips: as asked, else one per eight minutes, between 4 and 12."""
    return asked or min(max(duration_ms // 60_000 // MINUTES_A_CLIP, FEWEST), MOST)


def apart(spans: Spans, totals: Matrix) -> list[int]:
    """Indices of the spans that are the best of their place, best first, none overlapping.

    Ties go to the earlier, then the shorter.
    """
    order = np.lexsort((spans.last, spans.first, -totals))
    free = np.ones(int(spans.last.max(initial=0)) + 1, dtype=bool)
    chosen: list[int] = []
    for n in order.tolist():
        first, last = spans.first[n], spans.last[n] + 1
        if free[first] and free[last - 1] and free[first:last].all():
            free[first:last] = False
            chosen.append(n)
    return chosen


def standings(places: int) -> list[float]:
    """Of the places of a film, best first, between 1 and 0: the best of three is not as sure as
    the best of three hundred."""
    return [round(1 - (place + 0.5) / places, 6) for place in range(places)]


def select(found: Sequence[Sentence], spans: Spans, best: Sequence[int], count: int) -> list[int]:
    """The first `count` of `best` that do not tell the same twice, best first.

    A part of the film that none of them is from gets the place of the last that can be spared, if
    its own best is not among the worst of the film: picks must not cluster where a talk begins.
    """
    bags: dict[int, Counter[str]] = {}
    chosen: list[int] = []
    for n in best:
        if len(chosen) == count:
            break
        if _differs(found, spans, n, chosen, bags):
            chosen.append(n)
    part = {n: _part(found, spans, n) for n in best}
    for n in best[: math.ceil(WORTHY * len(best))]:
        crowded = Counter(part[other] for other in chosen)
        spare = [other for other in chosen if crowded[part[other]] > 1]
        rest = [other for other in chosen if other != spare[-1]] if spare else []
        if rest and not crowded[part[n]] and _differs(found, spans, n, rest, bags):
            chosen = [*rest, n]
    place = {n: position for position, n in enumerate(best)}
    return sorted(chosen, key=lambda n: place[n])


def _part(found: Sequence[Sentence], spans: Spans, n: int) -> int:
    """Which part of what is said a span begins in."""
    begin, end = found[0].start_ms, found[-1].end_ms
    at = found[int(spans.first[n])].start_ms
    return min(PARTS * (at - begin) // max(end - begin, 1), PARTS - 1)


def _differs(
    found: Sequence[Sentence],
    spans: Spans,
    n: int,
    others: Sequence[int],
    bags: "dict[int, Counter[str]]",
) -> bool:
    """Whether a span tells something else than others do. `bags` remembers what was counted."""
    for one in (n, *others):
        if one not in bags:
            bags[one] = _bag(found, spans[one])
    return all(_cosine(bags[n], bags[other]) <= SIMILAR for other in others)


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
