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

NAMES: Final = (
    *("length", "rate", "question", "hook", "absolute", "negative", "you", "i", "contrast"),
    *(
        "filler",
        "number",
        "centrality",
        "rarity",
        "pause_before",
        "points_back",
        "meta",
        "long_words",
    ),
)
_WORD: Final = re.compile(r"[\w']+")


def tokens(text: str) -> list[str]:
    """Lower-case words."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


def measure(found: Sequence[Sentence]) -> Matrix:
    """One row a sentence, one column a feature of NAMES."""
    rows = [tokens(sentence.text) for sentence in found]
    counts = [Counter(word for word in row if word not in lexicon.STOPWORDS) for row in rows]
    frequency = Counter(word for row in counts for word in row)
    central, rare = _topic(counts, frequency)
    made = np.zeros((len(found), len(NAMES)))
    for n, (sentence, row) in enumerate(zip(found, rows, strict=True)):
        size = max(len(row), 1)

        def share(words: frozenset[str], row: list[str] = row, size: int = size) -> float:
            return sum(word in words for word in row) / size

        text = sentence.text.lower()
        made[n] = (
            min(math.log1p(size) / math.log(41), 1.5),
            min(sentence.words / sentence.seconds / 4, 2.0),  # 4 words a second is fast
            float(sentence.text.rstrip().endswith("?")),
            share(lexicon.HOOKS),
            share(lexicon.ABSOLUTES),
            share(lexicon.NEGATIVE),
            share(lexicon.SECOND_PERSON),
            share(lexicon.FIRST_PERSON),
            share(lexicon.CONTRAST),
            share(lexicon.FILLERS),
            float(any(word[0].isdigit() for word in row)),
            central[n],
            rare[n],
            min(sentence.pause_before_ms / 2000, 1.0),
            float(bool(row) and row[0] in lexicon.POINTS_BACK),
            float(any(phrase in text for phrase in lexicon.META)),
            sum(len(word) > 7 for word in row) / size,
        )
    return made


def _topic(
    counts: Sequence["Counter[str]"], frequency: "Counter[str]"
) -> tuple[list[float], list[float]]:
    """How close each sentence is to what the film is about, and how rare its words are in it."""
    total = max(len(counts), 1)
    weight = {word: math.log((1 + total) / (1 + often)) for word, often in frequency.items()}
    centre = {
        word: sum(row[word] for row in counts if word in row) * weight[word] / total
        for word, often in frequency.items()
        if often > 1
    }
    centre_norm = math.sqrt(sum(value * value for value in centre.values())) or 1.0
    central: list[float] = []
    rare: list[float] = []
    for row in counts:
        norm = math.sqrt(sum((n * weight[word]) ** 2 for word, n in row.items())) or 1.0
        dot = sum(n * weight[word] * centre.get(word, 0.0) for word, n in row.items())
        central.append(dot / norm / centre_norm)
        size = max(sum(row.values()), 1)
        rare.append(sum(n * weight[word] for word, n in row.items()) / size / 10)
    return central, rare


def smooth(values: Matrix, radius: int) -> Matrix:
    """Each row as the mean of itself and its neighbours: a moment is more than one sentence."""
    padded = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), values]), axis=0)
    index = np.arange(len(values))
    low = np.maximum(index - radius, 0)
    high = np.minimum(index + radius + 1, len(values))
    means: Matrix = (padded[high] - padded[low]) / (high - low)[:, None]
    return means
