"""A title for a clip: its own most telling line, tidied."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import Final

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.excerpts import QUOTES, cut
from clipforge_clip_detection.features import tokens
from clipforge_clip_detection.hashtags import Familiar, Theme
from clipforge_clip_detection.sentences import Sentence

TITLE: Final = 70  # letters; longer ones are cut off in the lists of most platforms
SHORT: Final = 18  # "That is right." says nothing
CLAUSE: Final = 0.55  # what a clause must be better than a whole sentence
_SMALL_TALK: Final = re.compile(
    r"^(?:(?:so|and|but|well|now|okay|ok|yeah|yes|no|oh|um|uh|like|because|look|right|again|"
    r"sure|exactly|wow|hmm|i mean|you know|of course)"
    r"(?:[,.!?\u2026]+\s*|\s+(?=i\b|you\b|we\b|the\b|if\b|when\b|what\b|how\b|why\b|in\b|a\b))|"
    r"(?:i just think|i think|i guess|i feel like|i believe|i would say|i'd say|you could say)"
    r"(?:\s+that\b)?,?\s+(?=\S+\s+\S+\s+\S+))+",
    re.IGNORECASE,
)
_NOTE: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)")  # "[laughs]"


def title(inside: Sequence[Sentence], themes: Sequence[Theme], familiar: Familiar) -> str:
    """The sentence, or else the clause, that says most by itself; cut at a word if need be."""
    whole = [
        sentence
        for former, sentence in pairwise((None, *inside))
        if sentence and sentence.finished and (former is None or former.finished)
    ]
    lines = [_tidy(sentence.text) for sentence in whole or inside]
    worth = {line: _telling(line, themes, familiar) for line in lines}
    for clause in chain.from_iterable(map(_clauses, lines)):
        worth.setdefault(clause, _telling(clause, themes, familiar) - CLAUSE)
    fitting = [line for line in worth if SHORT <= len(line) <= TITLE and worth[line] > 0]
    if fitting:
        return _capital(max(fitting, key=lambda line: worth[line]))
    # Nothing stands alone: the best sentence, as far as it fits.
    return _capital(cut(max(lines, key=lambda line: worth[line]), TITLE)) or "Untitled"


def _telling(line: str, themes: Sequence[Theme], familiar: Familiar) -> float:
    """How well a line stands alone. Equal lines keep the order of the talk."""
    words = tokens(line)
    if len(words) < 4:
        return 0.0 if words else -2.0
    fresh = sum(1 - familiar(word) for word in set(words) if word not in lexicon.STOPWORDS)
    strong = sum(word in lexicon.HOOKS or word in lexicon.ABSOLUTES for word in words)
    vague = sum(word in lexicon.POINTS_BACK or word in lexicon.FILLERS for word in words)
    named = len({theme.word for theme in themes[:6]}.intersection(words))
    asks = line.endswith("?") and words[0] in lexicon.ASKING
    alone = words[0] not in lexicon.POINTS_BACK and words[0] not in lexicon.FRAGMENT
    worth = (
        0.2 * min(fresh, 4)
        + 0.2 * min(strong, 2)
        + 0.2 * min(named, 2)
        + 0.4 * asks
        - 0.12 * vague
        - 1.2 * (not alone)
        - 0.8 * (words[-1] in lexicon.DANGLING)
        - 0.8 * any(phrase in line.lower() for phrase in lexicon.META)
        + 0.2
    )
    return round(worth, 6)


def _clauses(line: str) -> Iterator[str]:
    """From the beginning to a comma, or from a comma to the end: both may stand alone."""
    for mark in re.finditer(r"[,;:\u2014](?=\s)|\s\u2014\s|\.\.\.\s", line):
        head, rest = _tidy(line[: mark.start()]), _tidy(line[mark.end() :])
        if not _depends(head):
            yield head
        if not _depends(rest):
            yield rest


def _depends(clause: str) -> bool:
    """Begins with a word that ties it to another clause: "if you never lose work"."""
    words = tokens(clause)
    return not words or words[0] in lexicon.TIES or words[0].endswith("ing")


def _tidy(text: str) -> str:
    """Without small talk before it, a full stop behind it, or one half of a pair of quotes."""
    bare = " ".join(_NOTE.sub(" ", text).split()).strip(" .,;:-\u2026\u2014\u3002\u0964")
    bare = _SMALL_TALK.sub("", bare).lstrip(" .,;:-\u2026\u2014")
    marks = [letter for letter in bare if letter in QUOTES]
    if len(marks) != 2 or bare[0] in QUOTES or bare[-1] in QUOTES:
        bare = "".join(letter for letter in bare if letter not in QUOTES)
    return " ".join(bare.split()).strip(" .,;:-\u2026\u2014")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
