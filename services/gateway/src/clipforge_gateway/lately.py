"""One answer for all who ask within a moment: a burst costs what one request costs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

GOOD_SECONDS: Final = 1.0


class Lately(Generic[T]):
    """What was found in the last second; found anew after that, once for all who wait for it."""

    def __init__(self, find: Callable[[], Awaitable[T]]) -> None:
        self._find = find
        self._finding: asyncio.Task[T] | None = None
        self._until = 0.0  # in the loop's time

    async def get(self) -> T:
        """Raises what finding it raises, to all who waited; the next one has it found anew."""
        if self._finding is None or self._is_old(self._finding):
            self._finding = asyncio.create_task(self._found())
        return await asyncio.shield(self._finding)  # whoever goes away leaves the others theirs

    async def _found(self) -> T:
        found = await self._find()
        self._until = asyncio.get_running_loop().time() + GOOD_SECONDS
        return found

    def _is_old(self, finding: "asyncio.Task[T]") -> bool:
        if not finding.done():
            return False
        failed = finding.cancelled() or finding.exception() is not None
        return failed or asyncio.get_running_loop().time() >= self._until
