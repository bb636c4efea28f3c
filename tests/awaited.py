"""An `AsyncClient` that is called as a `Client` is, so that one test can be about both."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self

from clipforge_client import AsyncClient


class Awaited:
    """Runs each call to its end, on one loop for all of them."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._runner = asyncio.Runner()
        self._closed = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._blocking(found) if inspect.ismethod(found) else found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Twice is no error."""
        if not self._closed:
            self._closed = True
            self._runner.run(self._client.close())
            self._runner.close()

    def _blocking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            found = method(*arguments, **named)
            return self._runner.run(found) if inspect.iscoroutine(found) else self._each(found)

        return call

    def _each(self, stream: AsyncIterator[Any]) -> Iterator[Any]:
        end = object()

        async def following() -> Any:
            return await anext(stream, end)

        while (one := self._runner.run(following())) is not end:
            yield one
