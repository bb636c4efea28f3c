"""How much an editor would like a sentence: a small trained model, stored with its origin and hash.

Two linear models added up: one over counted features with their surroundings, one over words and
pairs of words that many talks use. Each is the mean of FOLDS trainings, each of which left out
another fifth of the episodes; so every episode can be judged by a model that never saw it.
See training/ for how the weights came to be, and weights/README.md for what they are.
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
import numpy.typing as npt

from clipforge_clip_detection import features
from clipforge_clip_detection.features import Matrix, tokens
from clipforge_clip_detection.sentences import Sentence

FILE: Final = Path(__file__).parent / "weights" / "interest.npz"
VERSION: Final = 2
FOLDS: Final = 5
NEAR: Final = 3  # sentences to either side that belong to the same thought
AROUND: Final = 12  # sentences to either side that belong to the same story
# Words jump from sentence to sentence, surroundings do not: their mean over a clip is half as much.
SPREAD: Final = 2.0
Keys = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Interest:
    """The weights of one version. `fold` picks the training that left that fold out."""

    hand: Matrix  # folds x columns of `surroundings`
    keys: Keys  # hashes of the words and pairs of words that count, ascending
    words: Matrix  # folds x keys
    percentiles: Matrix  # of a place within its film, ascending ...
    chances: Matrix  # ... and how often editors picked from there: never falls
    common: Keys  # hashes of single words that many talks use, ascending
    shares: Matrix  # and the share of talks that do
    name: str

    def of(self, found: Sequence[Sentence], measured: Matrix, fold: int | None = None) -> Matrix:
        """One value a sentence, in standard deviations of this film."""
        chosen = slice(None) if fold is None else slice(fold, fold + 1)
        by_hand = (surroundings(measured) * self.hand[chosen].mean(axis=0)).sum(axis=1)
        weights = self.words[chosen].mean(axis=0)
        by_words = np.array([weights[self._known(sentence.text)].sum() for sentence in found])
        total: Matrix = features.standard(by_hand) + SPREAD * features.standard(by_words)
        return total

    def chance(self, percentile: float) -> float:
        """Calibrated chance that an editor would pick the place at this percentile of its film."""
        return round(float(np.interp(percentile, self.percentiles, self.chances)), 4)

    def familiar(self, word: str) -> float:
        """The share of talks that use a word, 0 to 1; 0 also for those that few do."""
        key = _hash(word)
        at = min(int(np.searchsorted(self.common, key)), len(self.common) - 1)
        return float(self.shares[at]) if self.common[at] == key else 0.0

    def _known(self, text: str) -> npt.NDArray[np.intp]:
        grams = hashes(text)
        at = np.minimum(np.searchsorted(self.keys, grams), len(self.keys) - 1)
        known: npt.NDArray[np.intp] = at[self.keys[at] == grams]
        return known


def hashes(text: str) -> Keys:
    """The hashes of a sentence's words and pairs of words, each once, ascending."""
    words = tokens(text)
    grams = {*words, *(f"{a} {b}" for a, b in pairwise(words))}
    return np.array(sorted({_hash(gram) for gram in grams}), dtype=np.uint32)


def _hash(gram: str) -> int:
    return zlib.crc32(gram.encode())


def surroundings(measured: Matrix) -> Matrix:
    """Each feature near a sentence and around it, against the rest of the film."""
    return features.standard(
        np.hstack([features.smooth(measured, NEAR), features.smooth(measured, AROUND)])
    )


@cache
def load() -> Interest:
    """The committed weights."""
    body = FILE.read_bytes()
    with np.load(FILE) as stored:
        return Interest(
            hand=stored["hand"].astype(np.float64),
            keys=stored["keys"],
            words=stored["words"] * stored["step"].astype(np.float64),
            percentiles=stored["percentiles"].astype(np.float64),
            chances=stored["chances"].astype(np.float64),
            common=stored["common"],
            shares=stored["shares"].astype(np.float64) / 255,
            name=f"offline-{VERSION}-{hashlib.sha256(body).hexdigest()[:12]}",
        )
