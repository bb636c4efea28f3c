"""How good a span is: factors from 0 to 1, ranked within the film, and their weighted sum."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from clipforge_clip_detection import features
from clipforge_clip_detection.candidates import Span, begin_cost, end_cost
from clipforge_clip_detection.features import Matrix
from clipforge_clip_detection.interest import Interest
from clipforge_clip_detection.sentences import Sentence

CONTEXT: Final = 3  # sentences to either side that an editor hears with one

# Content leads: it is the trained model's word; the others decide between neighbours.
WEIGHTS: Final = {
    "content": 0.46,
    "hook": 0.14,
    "self_contained": 0.12,
    "ending": 0.10,
    "focus": 0.06,
    "emotion": 0.06,
    "density": 0.06,
}


def factors(found: Sequence[Sentence], spans: Sequence[Span], interest: Interest) -> Matrix:
    """One row a span, one column a factor of WEIGHTS, each ranked from 0 to 1 in this film."""
    measured = features.measure(found)
    column = {name: measured[:, n] for n, name in enumerate(features.NAMES)}
    liked = interest.of(found, features.smooth(measured, CONTEXT))
    opening = (
        column["question"]
        + 3 * column["hook"]
        + 2 * column["you"]
        + column["absolute"]
        - column["points_back"]
        - 2 * column["meta"]
    )
    strong = column["negative"] + column["absolute"]
    dense = column["rate"] - 2 * column["filler"]
    first = np.array([span.first for span in spans])
    last = np.array([span.last for span in spans])
    begin = np.array([begin_cost(found, n) for n in range(len(found))])
    end = np.array([end_cost(found, n) for n in range(len(found))])
    raw = {
        "content": _mean(liked, first, last),
        "hook": opening[first],
        "emotion": _mean(strong, first, last),
        "density": _mean(dense, first, last),
        "focus": _mean(column["centrality"], first, last),
    }
    ranked = {name: rank(values) for name, values in raw.items()}
    # Costs are absolute: a clip that breaks off is bad in any film.
    ranked["self_contained"] = 1 - begin[first]
    ranked["ending"] = 1 - end[last]
    return np.column_stack([ranked[name] for name in WEIGHTS])


def score(ranked: Matrix) -> Matrix:
    """The weighted sum of each row, rounded so that equal means equal."""
    weights = np.array(list(WEIGHTS.values()))
    total: Matrix = np.round(ranked @ weights, 9)
    return total


def rank(values: Matrix) -> Matrix:
    """Percentile of each value among all, ties sharing the mean, from 0 to 1."""
    if len(values) < 2:
        return np.ones(len(values))
    rounded = np.round(values, 9)
    ordered = np.sort(rounded, kind="stable")
    low = np.searchsorted(ordered, rounded, side="left")
    high = np.searchsorted(ordered, rounded, side="right")
    percentile: Matrix = (low + high - 1) / 2 / (len(values) - 1)
    return percentile


def _mean(
    values: Matrix,
    first: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    last: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> Matrix:
    """Mean over each span, by prefix sums."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    means: Matrix = (sums[last + 1] - sums[first]) / (last - first + 1)
    return means
