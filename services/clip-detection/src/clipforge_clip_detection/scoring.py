"""How good a span is: factors from 0 to 1 within its film, and the total that orders spans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clipforge_clip_detection import features, lexicon
from clipforge_clip_detection.candidates import Index, Spans, begin_cost, end_cost
from clipforge_clip_detection.features import Matrix, column
from clipforge_clip_detection.foretold import foretold
from clipforge_clip_detection.interest import Interest
from clipforge_clip_detection.sentences import Sentence

# Content leads: it is the trained model's word; the others decide between neighbours.
WEIGHTS: Final = {
    "content": 0.52,
    "self_contained": 0.12,
    "ending": 0.08,
    "silence": 0.06,
    "hook": 0.06,
    "focus": 0.04,
    "emotion": 0.04,
    "density": 0.04,
    "foretold": 0.40,  # an editor has chosen already; nothing in most films
}
ABSOLUTE: Final = ("self_contained", "ending")  # a clip that breaks off is bad in any film
SHARES: Final = (*ABSOLUTE, "foretold")  # shown as they are, not ranked: 0 is 0 in any film
ORPHAN: Final = 0.4  # cost of a beginning from which on one would ask what came before
BROKEN: Final = 0.5  # cost of an end that leaves one waiting
HOUSEKEEPING: Final = 0.15  # share of sentences about sponsors, subscribing, good-bye
FLAW: Final = 100.0  # more than all levels together: a flawed span comes after all others
SETTLE_MS: Final = 1500  # a longer silence separates no better
SETTLED: Final = 4  # sentences; the mean of fewer jumps about and would win by luck


@dataclass(frozen=True)
class Scored:
    """What is known about each span."""

    factors: Matrix  # one row a span, one column a factor of WEIGHTS, from 0 to 1
    totals: Matrix  # higher is better; the order of clips


def judge(
    found: Sequence[Sentence], spans: Spans, interest: Interest, fold: int | None = None
) -> Scored:
    """Factors and totals of all spans. Totals add up levels rather than ranks: ranks would make
    the best of a film hardly better than the next."""
    measured = features.measure(found)
    raw = _raw(found, measured, spans, interest, fold)
    totals = -FLAW * _flawed(raw, found, spans)
    ranked = np.empty((len(spans), len(WEIGHTS)))
    for n, (name, weight) in enumerate(WEIGHTS.items()):
        level = 4 * raw[name] if name in ABSOLUTE else features.standard(raw[name])
        totals += weight * level
        ranked[:, n] = raw[name] if name in SHARES else rank(raw[name])
    # Rounded, so that equal means equal on every machine.
    return Scored(np.round(ranked, 4), np.round(totals, 6))


def rank(values: Matrix) -> Matrix:
    """Percentile of each value among all, ties sharing the mean; inside 0 to 1, never at its ends:
    the best of three is not as sure as the best of three thousand."""
    rounded = np.round(values, 9)
    ordered = np.sort(rounded, kind="stable")
    low = np.searchsorted(ordered, rounded, side="left")
    high = np.searchsorted(ordered, rounded, side="right")
    percentile: Matrix = (low + high) / 2 / max(len(values), 1)
    return percentile


def _raw(
    found: Sequence[Sentence],
    measured: Matrix,
    spans: Spans,
    interest: Interest,
    fold: int | None,
) -> dict[str, Matrix]:
    first, last = spans.first, spans.last
    begin = np.array([begin_cost(found, n) for n in range(len(found))])
    end = np.array([end_cost(found, n) for n in range(len(found))])
    before = np.array([min(sentence.pause_before_ms, SETTLE_MS) for sentence in found])
    after = np.array([min(sentence.pause_after_ms, SETTLE_MS) for sentence in found])
    strong = column(measured, "negative") + column(measured, "absolute")
    return {
        "content": _means(interest.of(found, measured, fold), first, last, SETTLED),
        "self_contained": 1 - begin[first],
        "ending": 1 - end[last],
        "silence": (before[first] + after[last]).astype(np.float64),
        "hook": _openings(measured)[first],
        "focus": _means(column(measured, "centrality"), first, last),
        "emotion": _means(strong, first, last),
        "density": _means(_density(found, measured), first, last),
        "foretold": _means(foretold(found).told, first, last),
    }


def _flawed(raw: Mapping[str, Matrix], found: Sequence[Sentence], spans: Spans) -> Matrix:
    """1 for each span that should be shown only where there is no other."""
    chores = np.array([_is_housekeeping(sentence.text) for sentence in found], dtype=np.float64)
    orphan = raw["self_contained"] <= 1 - ORPHAN
    broken = raw["ending"] <= 1 - BROKEN
    busy = _means(chores, spans.first, spans.last) > HOUSEKEEPING
    return (orphan | broken | busy).astype(np.float64)


def _is_housekeeping(text: str) -> bool:
    words = f" {' '.join(features.tokens(text))} "
    return any(f" {phrase} " in words for phrase in lexicon.HOUSEKEEPING)


def _means(values: Matrix, first: Index, last: Index, prior: float = 0) -> Matrix:
    """Mean over each span, by prefix sums; `prior` sentences draw it towards the film's own."""
    centred = values - values.mean()
    sums = np.concatenate([[0.0], np.cumsum(centred)])
    drawn: Matrix = (sums[last + 1] - sums[first]) / (last - first + 1 + prior)
    return drawn if prior else np.round(drawn + values.mean(), 9)


def _openings(measured: Matrix) -> Matrix:
    return (
        column(measured, "question")
        + 3 * column(measured, "hook")
        + 2 * column(measured, "you")
        + column(measured, "absolute")
        - column(measured, "points_back")
        - 2 * column(measured, "meta")
    )


def _density(found: Sequence[Sentence], measured: Matrix) -> Matrix:
    rate = np.array([min(sentence.words / sentence.seconds / 4, 2.0) for sentence in found])
    return rate - 2 * column(measured, "filler")
