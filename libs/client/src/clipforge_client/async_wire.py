"""Requests as they are sent: repeated where that is safe. `wire.py`, awaited."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import httpx

from clipforge_client import answers, connection, patience
from clipforge_client.answers import EventParser
from clipforge_client.calls import Call
from clipforge_client.connection import TIMEOUTS, OnBytes
from clipforge_client.errors import Unavailable
from clipforge_client.models import Event, Page, Part, Upload

T = TypeVar("T")


class AsyncWire:
    """A connection to a gateway, and one to whatever store its links lead to."""

    def __init__(
        self, url: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._answered = False
        self._http = httpx.AsyncClient(
            base_url=url, headers=dict(headers), timeout=TIMEOUTS, transport=transport
        )
        # Presigned links are for other hosts: the API key must not travel there.
        self._store = httpx.AsyncClient(
            timeout=TIMEOUTS, transport=transport, follow_redirects=True
        )

    @property
    def url(self) -> str:
        return str(self._http.base_url).rstrip("/")

    async def close(self) -> None:
        await self._http.aclose()
        await self._store.aclose()

    async def do(self, call: Call[T]) -> T:
        """What the call gives. Raises a ClientError."""
        tries = patience.TRIES if self._answered else patience.FIRST_TRIES
        headers = patience.headers_of(call)
        for attempt in range(patience.TRIES):
            try:
                response = await self._http.request(
                    call.method,
                    call.path,
                    params=dict(call.params),
                    json=call.body,
                    headers=headers,
                )
                self._answered, tries = True, patience.TRIES
                return answers.read(call, response.status_code, response.headers, response.content)
            except (httpx.TransportError, Unavailable) as error:
                seconds = patience.pause(attempt, error)
                over = attempt + 1 >= tries or seconds is None
                if over or not patience.may_repeat(call, error):
                    raise connection.given_up(self._http.base_url, error) from error
                await asyncio.sleep(seconds or 0)
        raise AssertionError("the loop above returns or raises")

    async def pages(self, call: Callable[[str], Call[Page[T]]]) -> AsyncIterator[T]:
        """The items of all pages."""
        cursor = ""
        while True:
            page = await self.do(call(cursor))
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def fetch(self, url: str, to: Path, on_bytes: OnBytes | None) -> int:
        """A link of the store into a file, whole or not at all; its bytes. TransferFailed."""
        partial = to.with_name(to.name + ".part")

        async def stream() -> int:
            with partial.open("wb") as file:
                async with self._store.stream("GET", url) as response:
                    response.raise_for_status()
                    total = int(response.headers.get("Content-Length", 0))
                    async for block in response.aiter_bytes():
                        await asyncio.to_thread(file.write, block)
                        if on_bytes:
                            on_bytes(file.tell(), total)
            partial.replace(to)
            return to.stat().st_size

        try:
            return await self._from_store(stream, f"{to.name} could not be fetched")
        finally:
            partial.unlink(missing_ok=True)

    async def put_part(self, file: Path, upload: Upload, part: Part) -> None:
        """Send one part of a file to the store. TransferFailed."""
        block = await asyncio.to_thread(connection.read_part, file, upload, part)

        async def put() -> None:
            response = await self._store.put(part.url, content=block)
            response.raise_for_status()

        await self._from_store(put, f"Part {part.number} of {upload.part_count} was not taken")

    async def _from_store(self, transfer: Callable[[], Awaitable[T]], what: str) -> T:
        for attempt in range(patience.TRIES):
            try:
                return await transfer()
            except httpx.HTTPError as error:
                if attempt + 1 == patience.TRIES or not patience.store_may_recover(error):
                    raise connection.broken(what, error) from error
                await asyncio.sleep(patience.pause(attempt, error) or 0)
        raise AssertionError("the loop above returns or raises")

    async def events(self, path: str, last_id: str, *, follow: bool) -> AsyncIterator[Event]:
        """An event stream, taken up again where it broke off."""
        attempt = 0
        parser = EventParser(last_id)
        while True:
            parser = EventParser(
                parser.last_id
            )  # nothing is left of what broke off within an event
            try:
                async for event in self._events(path, parser):
                    attempt = 0
                    if event is None and not follow:
                        return
                    if event is not None:
                        yield event
                error: Exception = ConnectionError("the stream ended")
            except (httpx.TransportError, Unavailable) as broken:
                error = broken
            # An end without an error is a gateway that stops: another one answers soon.
            if attempt + 1 == patience.TRIES:
                raise connection.given_up(self._http.base_url, error) from error
            await asyncio.sleep(patience.pause(attempt, error) or patience.LONGEST_PAUSE)
            attempt += 1

    async def _events(self, path: str, parser: EventParser) -> AsyncIterator[Event | None]:
        # None: the server has nothing to say for now.
        headers = {"Last-Event-ID": parser.last_id} if parser.last_id else {}
        async with self._http.stream("GET", path, headers=headers) as response:
            if response.status_code >= 300:
                raise answers.refusal(
                    response.status_code, response.headers, await response.aread()
                )
            async for line in response.aiter_lines():
                if line.startswith(":"):
                    yield None
                for event in parser.feed(line):
                    yield event
