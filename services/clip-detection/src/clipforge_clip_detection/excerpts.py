"""What is said, cut to a length that a list or a sentence has room for."""

from typing import Final

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.features import tokens

QUOTES: Final = '"\u201c\u201d\u201e\u00ab\u00bb'
_AFTER: Final = " ,;:-\u2014\u2026" + QUOTES  # what must not stand before an ellipsis


def cut(text: str, letters: int) -> str:
    """At most so many letters, whole words only where there are spaces."""
    text = " ".join(text.split())
    if len(text) <= letters:
        return text
    kept = text[: letters - 1]
    if not text[letters - 1].isspace() and " " in kept:
        kept = kept.rsplit(" ", 1)[0]
    words = kept.split(" ")
    # "... because of the" promises a word that does not come.
    while len(words) > 3 and tokens(words[-1]) and tokens(words[-1])[0] in lexicon.DANGLING:
        words.pop()
    return " ".join(words).rstrip(_AFTER) + "\u2026"


def quoted(text: str, letters: int) -> str:
    """In quotation marks, without any of its own: half of a pair would look like a mistake."""
    bare = "".join(letter for letter in text if letter not in QUOTES)
    return f"\u201c{cut(bare, letters)}\u201d"
