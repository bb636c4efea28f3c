"""What the training chooses among: the windows of an episode, and those that an editor took."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from episodes import Episode

Vector = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
SHORTEST_MS, LONGEST_MS = 35_000, 50_000


@dataclass(frozen=True)
class Windows:
    """The longest run of sentences from each sentence on that fits; `last` is excluded."""

    size: int  # sentences of the episode
    first: Index
    last: Index
    taken: list[Index]  # for each highlight the windows that share half of the shorter with it

    def means(self, values: "Vector | Index") -> Vector:
        """The mean over each window, of one value or one row a sentence."""
        sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        size = (self.last - self.first).reshape(-1, *([1] * (values.ndim - 1)))
        means: Vector = (sums[self.last] - sums[self.first]) / size
        return means

    def spread(self, values: Vector) -> Vector:
        """The transpose of `means`: what each window gives back to its sentences."""
        share = values / (self.last - self.first)
        steps = np.bincount(self.first, weights=share, minlength=self.size + 1)
        steps -= np.bincount(self.last, weights=share, minlength=self.size + 1)
        return np.cumsum(steps)[: self.size].astype(np.float64)


def windows(episode: Episode) -> Windows:
    """The windows of an episode."""
    start = np.array([s.start_ms for s in episode.sentences])
    end = np.array([s.end_ms for s in episode.sentences])
    last = np.maximum.accumulate(np.searchsorted(end, start + LONGEST_MS, side="right"))
    first = np.arange(len(start))
    length = end[np.maximum(last - 1, first)] - start
    fits = (length >= SHORTEST_MS) & (length <= LONGEST_MS) & (last > first)
    first, last = first[fits], last[fits]
    low, high = start[first] / 1000, end[last - 1] / 1000
    taken = []
    for begin, stop in episode.highlights:
        shared = np.minimum(high, stop) - np.maximum(low, begin)
        chosen = np.flatnonzero(shared >= 0.5 * np.minimum(high - low, stop - begin))
        if len(chosen):
            taken.append(chosen)
    return Windows(len(start), first, last, taken)
