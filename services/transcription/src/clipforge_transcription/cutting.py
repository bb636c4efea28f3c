"""Where a long sound is cut: in the middle of the longest silence near each 90 seconds of a film.

Measured on real speech: cuts at silences of 60 to 120 s cost no words; cuts at fixed times do.
"""

from collections.abc import Sequence
from typing import Final

Span = tuple[int, int]
"""Start and end in milliseconds."""

TARGET_MS: Final = 90_000
WHOLE: Final = 4 / 3  # of the target: up to this nothing is cut, so no rest is shorter than 0.18
EARLIEST: Final = 0.7  # of the target
LATEST: Final = 1.15


def spans(speech: Sequence[Span], duration_ms: int, target_ms: int = TARGET_MS) -> list[Span]:
    """The parts of a sound, from the times in which somebody speaks. They cover it without gaps."""
    cuts = [0]
    while duration_ms - cuts[-1] > target_ms * WHOLE:
        cuts.append(_cut(speech, cuts[-1], target_ms))
    return list(zip(cuts, [*cuts[1:], duration_ms], strict=True))


def _cut(speech: Sequence[Span], begin: int, target_ms: int) -> int:
    """The next cut after `begin`."""
    earliest, latest = begin + int(target_ms * EARLIEST), begin + int(target_ms * LATEST)
    best, length = begin + target_ms, 0  # where nobody pauses at all
    edges = [0, *(edge for span in speech for edge in span), latest + 1]
    for silence_start, silence_end in zip(edges[0::2], edges[1::2], strict=True):
        start, end = max(silence_start, earliest), min(silence_end, latest)
        if end - start > length:
            best, length = (start + end) // 2, end - start
    return best
