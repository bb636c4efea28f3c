"""How much an editor would like a sentence: a small trained model, stored with its origin and hash.

Two logistic regressions, one over counted features and one over hashed words and pairs of words,
added up. See training/ for how the weights came to be, and weights/README.md for what they are.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from clipforge_clip_detection.features import Matrix, tokens
from clipforge_clip_detection.sentences import Sentence

FILE: Final = Path(__file__).parent / "weights" / "interest.npz"
VERSION: Final = 1
BUCKETS: Final = 1 << 14
CONTEXT: Final = 3  # sentences to either side


@dataclass(frozen=True)
class Interest:
    """The weights of one version."""

    mean: Matrix
    scale: Matrix
    hand: Matrix  # one weight a feature
    words: Matrix  # one weight a bucket
    mix: float  # share of the word model
    calibration: Matrix  # knots: percentile -> chance that an editor picks it
    name: str

    def of(self, found: Sequence[Sentence], smoothed: Matrix) -> Matrix:
        """One value a sentence; only their order means something."""
        by_hand = ((smoothed - self.mean) / self.scale) @ self.hand
        by_words = context(
            np.array([self.words[buckets(sentence.text)].sum() for sentence in found])
        )
        total: Matrix = (1 - self.mix) * by_hand + self.mix * by_words
        return total

    def chance(self, percentile: float) -> float:
        """Calibrated chance that an editor would pick a clip at this percentile."""
        grid = np.linspace(0, 1, len(self.calibration))
        return round(float(np.interp(percentile, grid, self.calibration)), 4)


def buckets(text: str) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The buckets of a sentence's words and pairs of words, each once."""
    words = tokens(text)
    grams = {*words, *(f"{a} {b}" for a, b in pairwise(words))}
    return np.array(sorted({zlib.crc32(gram.encode()) % BUCKETS for gram in grams}), dtype=np.int64)


def context(values: Matrix) -> Matrix:
    """The mean of each value and its neighbours."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    low = np.maximum(index - CONTEXT, 0)
    high = np.minimum(index + CONTEXT + 1, len(values))
    means: Matrix = (sums[high] - sums[low]) / np.maximum(high - low, 1)
    return means


@cache
def load() -> Interest:
    """The committed weights."""
    body = FILE.read_bytes()
    with np.load(FILE) as stored:
        return Interest(
            mean=stored["mean"].astype(np.float64),
            scale=stored["scale"].astype(np.float64),
            hand=stored["hand"].astype(np.float64),
            words=stored["words"].astype(np.float64) * float(stored["step"]),
            mix=float(stored["mix"]),
            calibration=stored["calibration"].astype(np.float64),
            name=f"offline-{VERSION}-{hashlib.sha256(body).hexdigest()[:12]}",
        )
