"""How often this very work was too much for a machine, for handlers that can do it with less."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

Strain = Callable[[], int]
"""`strain()`: 0 at first; 1 and more after workers that died of it, children that were killed, and
stalls. The handler takes less memory then: fewer threads, a faster preset, a narrower beam. What it
stores lies under the same key: of two results for one input, either will do.
"""

LIGHTEST: Final = 2  # beyond that handlers have nothing lighter, and trying again changes nothing

current: ContextVar[int] = ContextVar("strain", default=0)


def strain() -> int:
    """Of the delivery in hand. Works in threads started by asyncio.to_thread, too."""
    return current.get()
