"""Where a clip begins and ends: among the words, inside its film, within its plan. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from clipforge.v1.documents_pb2 import Word

SNAP_MS: Final = 1500  # a time that is further from every word is meant as it is: a silent scene
SHORTEST_MS: Final = 1000


class Uncuttable(ValueError):
    """No clip can have these edges; the text says why, and what it could have."""


@dataclass(frozen=True)
class Edges:
    """In and out point of a clip, in ms of its film."""

    start_ms: int
    end_ms: int


def at_words(spoken: Sequence[Word], first: int, last: int) -> Edges:
    """From the first word's beginning to the last one's end. Uncuttable where there are none."""
    if not spoken:
        raise Uncuttable("Nothing is said in this film: give times instead of words.")
    if last >= len(spoken):
        raise Uncuttable(f"The transcript has {len(spoken)} words, the last is {len(spoken) - 1}.")
    if last < first:
        raise Uncuttable("`last_word` is before `first_word`.")
    return Edges(spoken[first].start_ms, spoken[last].end_ms)


def snapped(spoken: Sequence[Word], edges: Edges) -> Edges:
    """Moved to the nearest beginning and end of words, where these are near enough."""
    start = _nearest(sorted(word.start_ms for word in spoken), edges.start_ms)
    end = _nearest(sorted(word.end_ms for word in spoken), edges.end_ms)
    return Edges(start, end) if end > start else edges


def checked(edges: Edges, *, film_ms: int, longest: timedelta) -> Edges:
    """The same. Uncuttable where the film or the plan has no room for it."""
    length = edges.end_ms - edges.start_ms
    longest_ms = round(longest.total_seconds() * 1000)
    if edges.end_ms > film_ms:
        raise Uncuttable(f"The film ends at {film_ms} ms, before the clip does.")
    if length < SHORTEST_MS:
        raise Uncuttable(f"A clip has at least {SHORTEST_MS} ms; this one would have {length}.")
    if length > longest_ms:
        raise Uncuttable(f"A clip of your plan has at most {longest_ms} ms; this one has {length}.")
    return edges


def _nearest(times: Sequence[int], wanted: int) -> int:
    """The nearest of times in order; `wanted` itself, where none is near."""
    at = bisect_left(times, wanted)
    near = [time for time in times[max(at - 1, 0) : at + 1] if abs(time - wanted) <= SNAP_MS]
    return min(near, key=lambda time: abs(time - wanted), default=wanted)
