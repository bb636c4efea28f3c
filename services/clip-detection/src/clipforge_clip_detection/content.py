"""What is written beside a clip: title, reasons and hashtags, all taken from its own text."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.features import tokens

TITLE: Final = 70  # letters; longer ones are cut off in the lists of most platforms
HASHTAGS: Final = 4

SAID: Final[Mapping[str, str]] = {
    "hook": "Opens with a line that makes one want the next.",
    "content": "Says what editors tend to pick.",
    "emotion": "Has strong feelings or strong words.",
    "self_contained": "Can be understood without the rest of the film.",
    "ending": "Comes to a conclusion.",
    "density": "Says much in little time.",
    "focus": "Goes to the heart of what the film is about.",
}


def title(sentences: Sequence[str], interest: Sequence[float]) -> str:
    """The most interesting sentence, shortened at a word."""
    best = max(range(len(sentences)), key=lambda n: (_fits(sentences[n]), interest[n], -n))
    text = re.sub(r"^(so|and|but|well|now|okay|yeah),?\s+", "", sentences[best], flags=re.I)
    text = " ".join(text.split()).strip(" .,;:-")
    if len(text) > TITLE:
        text = text[: TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,;:-") + "…"
    return text[:1].upper() + text[1:] if text else "Untitled"


def reasons(factors: Mapping[str, float], opening: str) -> list[str]:
    """The strongest factors in words, at most three."""
    strong = sorted(factors, key=lambda name: (-factors[name], name))
    said = [SAID[name] for name in strong if factors[name] >= 0.6][:3]
    if opening.rstrip().endswith("?") and "hook" in factors:
        said = ["Opens with a question.", *[one for one in said if one != SAID["hook"]]][:3]
    return said or [SAID[strong[0]]]


def hashtags(text: str, film: "Counter[str]") -> list[str]:
    """The words that this clip says more often than the film does."""
    counts = Counter(
        word
        for word in tokens(text)
        if len(word) > 3 and word.isalpha() and word not in lexicon.STOPWORDS
    )
    total = sum(film.values()) or 1

    def weight(word: str) -> tuple[float, str]:
        return (-counts[word] * math.log(total / (film[word] or 1)), word)

    return [f"#{word}" for word in sorted(counts, key=weight)[:HASHTAGS]]


def _fits(text: str) -> bool:
    return 20 <= len(text) <= TITLE
