"""An event loop whose time leaps to the next timer: minutes of waiting pass at once.

For what lives in memory alone: a loop that waits for a socket or a thread would leap past it.
"""

import asyncio
import selectors
from typing import Any


class LeapingLoop(asyncio.SelectorEventLoop):
    """Time stands still while there is something to do, and leaps where there is not."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Leaps(self))

    def time(self) -> float:
        return self.now


class _Leaps(selectors.DefaultSelector):
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("everybody waits, and nothing is ever going to happen")
        self._loop.now += max(0.0, timeout)
        return super().select(0)
