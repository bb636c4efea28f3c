"""A wire between a service and a server, which a test can cut and mend."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

BLOCK: Final = 64 * 1024


class Relay:
    """Passes bytes on to one address."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._whole = True
        self._ends: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @classmethod
    @asynccontextmanager
    async def to(cls, host: str, port: int) -> AsyncIterator["Relay"]:
        """Listen on a free port until the end of the block."""
        relay = cls(host, port)
        relay._server = await asyncio.start_server(relay._accept, "127.0.0.1", 0)
        try:
            yield relay
        finally:
            relay._server.close()
            relay._hang_up()
            await asyncio.gather(*relay._connections)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Lose every connection, and take no new ones."""
        self._whole = False
        self._hang_up()

    def mend(self) -> None:
        self._whole = True

    def _hang_up(self) -> None:
        for end in self._ends:
            end.transport.abort()

    def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._connect(near, back))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if not self._whole:
            back.transport.abort()
            back.close()
            return
        far, forth = await asyncio.open_connection(*self._to)
        self._ends |= {back, forth}
        with contextlib.suppress(OSError):
            await asyncio.gather(_pass(near, forth), _pass(far, back))
        for end in (back, forth):
            self._ends.discard(end)
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while block := await source.read(BLOCK):
            sink.write(block)
            await sink.drain()
    finally:
        sink.close()
