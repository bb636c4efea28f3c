"""Every run of whole sentences of a wanted length, with the cost of beginning and ending there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clipforge_clip_detection import lexicon
from clipforge_clip_detection.features import tokens
from clipforge_clip_detection.sentences import Sentence

CONJUNCTIONS: Final = frozenset({"and", "but", "or", "so", "because", "that", "which", "if"})
TIGHT_MS: Final = 150  # less silence after the last word than this sounds cut off
ANSWER: Final = 8.0  # seconds a question may take and still belong to its answer


@dataclass(frozen=True)
class Span:
    """Sentences `first` to `last`, both included."""

    first: int
    last: int


def spans(found: Sequence[Sentence], shortest_ms: int, longest_ms: int) -> list[Span]:
    """The runs whose length lies in the band; the whole film where it is shorter than the band."""
    made: list[Span] = []
    for first in range(len(found)):
        for last in range(first, len(found)):
            length = found[last].end_ms - found[first].start_ms
            if length > longest_ms:
                break
            if length >= shortest_ms:
                made.append(Span(first, last))
    if not made and found:
        made = _closest(found, longest_ms)
    return made


def begin_cost(found: Sequence[Sentence], first: int) -> float:
    """0: begins by itself; up to 1: one would ask what came before."""
    words = tokens(found[first].text)
    cost = 0.0
    if words and words[0] in lexicon.POINTS_BACK:
        # "So what is a log?" begins by itself; "So it works" does not.
        tail = words[1:4]
        softened = words[0] in ("so", "and", "because", "then") and not (
            set(tail[:1]) & lexicon.POINTS_BACK
        )
        cost += 0.25 if softened else 0.6
    if first and found[first - 1].text.rstrip().endswith("?") and found[first - 1].seconds < ANSWER:
        cost += 0.4  # an answer without its question
    if first and not found[first - 1].finished:
        cost += 1.0  # in the middle of a sentence
    return min(cost, 1.0)


def end_cost(found: Sequence[Sentence], last: int) -> float:
    """0: ends by itself; up to 1: it breaks off."""
    sentence = found[last]
    cost = 0.0
    if not sentence.finished:
        cost += 1.0
    if sentence.text.rstrip().endswith("?"):
        cost += 0.6  # a question whose answer is missing
    words = tokens(sentence.text)
    if words and words[-1] in CONJUNCTIONS:
        cost += 0.5
    if sentence.pause_after_ms < TIGHT_MS:
        cost += 0.1
    return min(cost, 1.0)


def _closest(found: Sequence[Sentence], longest_ms: int) -> list[Span]:
    """Sentences are too long, or the film too short, for the band: the best that there is."""
    if found[-1].end_ms - found[0].start_ms <= longest_ms:
        return [Span(0, len(found) - 1)]
    return [Span(n, n) for n in range(len(found))]
