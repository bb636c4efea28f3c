"""A wire between a service and a server, which a test can cut, mend and hold up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

BLOCK: Final = 64 * 1024


@dataclass
class Relay:
    """Passes bytes on to one address."""

    host: str
    to_port: int
    port: int = 0  # its own
    _server: asyncio.Server | None = None
    _ends: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _connections: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def to(cls, host: str, port: int) -> AsyncIterator["Relay"]:
        """Listen on a free port until the end of the block."""
        relay = cls(host, port)
        await relay.mend()
        try:
            yield relay
        finally:
            relay.cut()
            relay.flow()
            await asyncio.gather(*relay._connections)

    def cut(self) -> None:
        """Lose every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for end in self._ends:
            end.transport.abort()

    def stall(self) -> None:
        """Keep connections, take what is sent, and pass nothing on."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on what was held up, and what comes."""
        self._flowing.set()

    async def mend(self) -> None:
        """Listen, on the same port as before."""
        self.flow()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._connect(near, back))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection(self.host, self.to_port)
        self._ends |= {back, forth}
        await asyncio.gather(self._pass(near, forth), self._pass(far, back))
        self._ends -= {back, forth}

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while block := await source.read(BLOCK):
                await self._flowing.wait()
                sink.write(block)
                await sink.drain()
        sink.close()
