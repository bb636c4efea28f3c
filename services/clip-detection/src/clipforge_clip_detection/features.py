"""What can be counted in a sentence. Each works on any talk: none knows a show or a name."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.sentences import Sentence

Matrix = npt.NDArray[np.float64]

SHARES: Final = {  # features that are shares of a sentence's words
    "hook": lexicon.HOOKS,
    "absolute": lexicon.ABSOLUTES,
    "negative": lexicon.NEGATIVE,
    "negation": lexicon.NEGATIONS,
    "you": lexicon.SECOND_PERSON,
    "i": lexicon.FIRST_PERSON,
    "we": lexicon.WE,
    "contrast": lexicon.CONTRAST,
    "filler": lexicon.FILLERS,
}
NAMES: Final = (
    *SHARES,
    *("length", "question", "exclamation", "number", "centrality", "rarity"),
    *("points_back", "meta", "long_words", "variety"),
)
# Not \w: it stops at the vowel signs of Hindi or Thai and would leave half words.
_GAP: Final = re.compile(
    r"[\s!-&(-/:-@\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u0589\u05be"
    r"\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965\u2000-\u200b\u200e-\u206f\u20a0-\u20bf"
    r"\u2190-\u2bff\u3000-\u303f\ufe30-\ufe4f\uff00-\uff0f\uff1a-\uff20\uff5b-\uff65]+"
)


def tokens(text: str) -> list[str]:
    """Lower-case words."""
    parts = _GAP.split(text.lower().replace("\u2019", "'"))
    return [word for part in parts if (word := part.strip("'"))]


def measure(found: Sequence[Sentence]) -> Matrix:
    """One row a sentence, one column a feature of NAMES. Nothing here depends on word times."""
    rows = [tokens(sentence.text) for sentence in found]
    counts = [Counter(word for word in row if word not in lexicon.STOPWORDS) for row in rows]
    central, rare = _topic(counts)
    made = np.zeros((len(found), len(NAMES)))
    for n, (sentence, row) in enumerate(zip(found, rows, strict=True)):
        size = max(len(row), 1)
        text = sentence.text.lower()
        made[n] = (
            *(sum(word in words for word in row) / size for words in SHARES.values()),
            math.log1p(len(row)),
            "?" in text,
            "!" in text,
            any(word[0].isdigit() for word in row),
            central[n],
            rare[n],
            bool(row) and row[0] in lexicon.POINTS_BACK,
            any(phrase in text for phrase in lexicon.META),
            sum(map(len, row)) / size,
            len(set(row)) / size,
        )
    return made


def column(measured: Matrix, name: str) -> Matrix:
    """One feature of every sentence."""
    values: Matrix = measured[:, NAMES.index(name)]
    return values


def standard(values: Matrix) -> Matrix:
    """How many standard deviations above the film's own mean, at most 4 either way."""
    spread = values.std(axis=0)
    level: Matrix = np.clip(
        (values - values.mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf), -4, 4
    )
    return level


def smooth(values: Matrix, radius: int) -> Matrix:
    """Each row as the mean of itself and its neighbours: a moment is more than one sentence."""
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    index = np.arange(len(values))
    low = np.maximum(index - radius, 0)
    high = np.minimum(index + radius + 1, len(values))
    size = (high - low).reshape(-1, *([1] * (values.ndim - 1)))
    means: Matrix = (sums[high] - sums[low]) / size
    return means


def _topic(counts: Sequence["Counter[str]"]) -> tuple[list[float], list[float]]:
    """How close each sentence is to what the film is about, and how rare its words are in it."""
    total = max(len(counts), 1)
    often = Counter(word for row in counts for word in row)
    weight = {word: math.log((1 + total) / (1 + n)) for word, n in often.items()}
    centre: dict[str, float] = dict.fromkeys(often, 0.0)
    for row in counts:
        for word, n in row.items():
            centre[word] += n * weight[word] / total
    central: list[float] = []
    rare: list[float] = []
    for row in counts:
        norm = math.sqrt(sum((n * weight[word]) ** 2 for word, n in row.items())) or 1.0
        central.append(sum(n * weight[word] * centre[word] for word, n in row.items()) / norm)
        size = max(sum(row.values()), 1)
        rare.append(sum(n * weight[word] for word, n in row.items()) / size)
    return central, rare
