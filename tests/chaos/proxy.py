"""A TCP proxy on loopback that can be told to be slow, to refuse, to decline, and to cut."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

BLOCK: Final = 16 * 1024
SLOW_SECONDS: Final = 0.05  # a block: some 300 KB a second
CUT_BYTES: Final = 60_000  # in the middle of a film of the scripted stages
CONNECT_SECONDS: Final = 5.0

MAX_BODY: Final = 1024 * 1024  # of a request that is declined
_WORDS: Final = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>"
SLOW_DOWN: Final = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_WORDS), _WORDS)
)

Mood = Literal["well", "slow", "refusing", "declining", "cutting"]
"""`cutting` is in mid-transfer; `declining` is for a server that speaks HTTP as S3 does."""


@dataclass
class Proxy:
    """Between services and one server."""

    target: int  # port
    port: int = 0
    mood: Mood = "well"
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @classmethod
    @asynccontextmanager
    async def to(cls, target: int) -> AsyncIterator["Proxy"]:
        """Listen for the length of the block."""
        proxy = cls(target)
        proxy._server = await asyncio.start_server(proxy._accept, "127.0.0.1", 0)
        proxy.port = proxy._server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            proxy._server.close()
            proxy.cut()

    def cut(self) -> None:
        """Reset every open connection."""
        for writer in self._open:
            _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # At the end of a run it is cancelled, which asyncio's streams would report as an error.
        with contextlib.suppress(asyncio.CancelledError):
            await self._serve(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mood == "refusing":
            _reset(writer)
            return
        if self.mood == "declining":
            await _decline(reader, writer)
            return
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                there = await asyncio.open_connection("127.0.0.1", self.target)
        except (OSError, TimeoutError):
            _reset(writer)
            return
        both = {writer, there[1]}
        self._open |= both
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pump(reader, there[1]))
                ways.create_task(self._pump(there[0], writer))
        finally:
            self._open -= both
            for one in both:
                with contextlib.suppress(OSError):
                    one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while block := await reader.read(BLOCK):
                if self.mood == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
                passed += len(block)
                if self.mood == "cutting" and passed > CUT_BYTES:
                    _reset(writer)
                    return
                writer.write(block)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()


async def _decline(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one request as a whole, as a client that is interrupted hears no answer, and refuse."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
        async with asyncio.timeout(CONNECT_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            named = dict(line.split(b":", 1) for line in head.lower().splitlines()[1:-1])
            await reader.readexactly(min(int(named.get(b"content-length", 0)), MAX_BODY))
            writer.write(SLOW_DOWN)
            await writer.drain()
    writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Not a farewell but a RST, as a machine sends that has forgotten the connection."""
    plug = writer.get_extra_info("socket")
    if plug is not None:
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
