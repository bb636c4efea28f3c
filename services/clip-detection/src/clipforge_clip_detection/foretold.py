"""What a film tells twice: opening lines that its editor took from what follows.

Many podcasts begin with their best moments, strung together, and then play the whole. Where that is
so the editor has already chosen: the moments are clips, the medley that announces them is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clipforge_clip_detection.features import Matrix, tokens
from clipforge_clip_detection.sentences import Sentence

OPENING: Final = 0.1  # of a film, at most ...
OPENING_MS: Final = 300_000  # ... and at most this: no medley is longer
RUN: Final = 4  # words in a row that make a line be the same line
ALIKE: Final = 0.6  # of such runs; two recognitions of one recording differ a little
APART_MS: Final = 60_000  # what is said again at once is emphasis
FEWEST_WORDS: Final = 20  # told again; a catchphrase is shorter


@dataclass(frozen=True)
class Foretold:
    """Where the opening ends, and which sentences it took."""

    opening: int  # sentences of the medley; 0: there is none
    told: Matrix  # 1 for each sentence that the opening has told before


def foretold(found: Sequence[Sentence]) -> Foretold:
    """Match the opening's lines with what comes later."""
    rows = [_runs(sentence) for sentence in found]
    limit = min(OPENING * found[-1].end_ms, OPENING_MS) if found else 0
    early = {
        run: n for n, runs in enumerate(rows) if found[n].end_ms <= limit for run in sorted(runs)
    }
    told = np.zeros(len(found))
    taken: set[int] = set()
    for n, runs in enumerate(rows):
        known = [early[run] for run in runs if run in early]
        apart = known and found[n].start_ms - found[max(known)].end_ms >= APART_MS
        if apart and len(known) >= ALIKE * len(runs):
            told[n] = 1
            taken.update(known)
    if sum(found[n].words for n in taken) < FEWEST_WORDS:
        return Foretold(0, np.zeros(len(found)))
    return Foretold(max(taken) + 1, told)


def _runs(sentence: Sentence) -> set[tuple[str, ...]]:
    words = tokens(sentence.text)
    return set(zip(*(words[n:] for n in range(RUN)), strict=False))
