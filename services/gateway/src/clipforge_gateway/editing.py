"""Edits of what others may edit at the same moment: the next version is ours, or we read again."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from clipforge_gateway.problems import CONFLICT, Problem
from clipforge_runtime.bus import Contradicted

T = TypeVar("T")

TRIES: Final = 3
LATER: Final = "It is stated; reads show it in a moment"


async def next_version(once: Callable[[], Awaitable[T]], *, busy: str) -> T:
    """What comes of reading a thing and stating its next version.

    Somebody else may state that version first (Contradicted): then it is read again. A Problem
    says `busy` where others are first each time.
    """
    for _ in range(TRIES):
        with contextlib.suppress(Contradicted):
            return await once()
    raise Problem(CONFLICT, busy)
