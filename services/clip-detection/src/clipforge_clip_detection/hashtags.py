"""What a clip is about, in single words: its hashtags."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.features import tokens
from clipforge_clip_detection.sentences import Sentence, spaceless

HASHTAGS: Final = 4
LETTERS: Final = range(4, 25)
KNOWN: Final = 0.5  # share of talks that use a word; more say nothing about this one
RARE: Final = 0.05  # as rare as a word can be known to be
EVERYWHERE: Final = 0.08  # share of a film's sentences; "nicht" and "pero" are in more
Familiar = Callable[[str], float]  # in what share of talks a word is used, 0 to 1


@dataclass(frozen=True)
class Theme:
    """A word that a clip is about."""

    word: str
    sentences: int  # of the whole film that say it


def hashtags(themes: Sequence[Theme]) -> list[str]:
    """What the film says more than once; else one word that it says once, if there is any."""
    repeated = [theme for theme in themes if theme.sentences > 1]
    return [f"#{theme.word}" for theme in (repeated or themes[:1])[:HASHTAGS]]


def themes(inside: Sequence[Sentence], film: Sequence[Sentence], familiar: Familiar) -> list[Theme]:
    """What this clip says often, other parts of the film say too, and most talks do not; the most
    telling first."""
    here, everywhere = _counts(inside), _counts(film)
    limit = max(EVERYWHERE * len(film), 4)
    weights: dict[str, float] = {}
    for word, count in here.items():
        share = familiar(word)
        if everywhere[word] <= limit and share < KNOWN:
            telling = -math.log(max(share, RARE))
            weights[word] = round(telling * count * math.log2(1 + everywhere[word]), 6)
    chosen: list[Theme] = []
    for word in sorted(weights, key=lambda word: (-weights[word], word)):
        # "queue" and "queues" are one theme.
        if not any(_alike(word, other.word) for other in chosen):
            chosen.append(Theme(word, everywhere[word]))
    return chosen


def _counts(found: Sequence[Sentence]) -> "Counter[str]":
    """In how many sentences each word stands that could name a theme."""
    return Counter(
        word
        for sentence in found
        for word in {token.removesuffix("'s") for token in tokens(sentence.text)}
        if _names_something(word)
    )


def _names_something(word: str) -> bool:
    clean = not any(letter.isdigit() or letter in "_'" for letter in word)
    manner = len(word) > 5 and word.endswith("ly")  # "equally", "plainly"
    # Without spaces a "word" may be a sentence.
    return (
        clean
        and not manner
        and len(word) in LETTERS
        and word not in lexicon.DULL
        and word not in lexicon.RUDE
        and not any(map(spaceless, word))
    )


def _alike(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and len(long) - len(short) <= 3
