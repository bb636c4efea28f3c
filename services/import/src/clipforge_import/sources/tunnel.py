"""A proxy on loopback that opens tunnels to public addresses only.

For libraries that connect by themselves: what they ask for goes through here, past the guard, which
resolves the name and connects to the address that it has checked. Only CONNECT is understood, so
pages without TLS are refused. It asks for a password of its own, as others on this machine might
find its port.
"""

import asyncio
import base64
import contextlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import httpcore

from clipforge_runtime.errors import Permanent
from clipforge_runtime.outbound import Allowed, Resolve, checked, resolve

HEAD_BYTES: Final = 16 * 1024
HEAD_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 10.0
BLOCK: Final = 64 * 1024
_BROKEN: Final = (OSError, asyncio.IncompleteReadError)  # whoever hung up knows it
_REFUSALS: Final = (
    *(Permanent, ValueError, asyncio.LimitOverrunError, OSError, httpcore.ConnectError),
)


@asynccontextmanager
async def tunnel(allowed: Allowed, resolving: Resolve = resolve) -> AsyncGenerator["Tunnel"]:
    """A proxy for the length of the block."""
    opened = Tunnel(allowed, resolving)
    server = await asyncio.start_server(opened.begin, "127.0.0.1", 0, limit=HEAD_BYTES)
    opened.port = server.sockets[0].getsockname()[1]
    try:
        yield opened
    finally:
        server.close()
        await opened.end()


class Tunnel:
    """An open proxy."""

    def __init__(self, allowed: Allowed, resolving: Resolve) -> None:
        self.port = 0
        self.refused: list[Permanent] = []  # what the guard has said
        self._allowed = allowed
        self._resolving = resolving
        self._password = secrets.token_urlsafe(16)
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"http://clipforge:{self._password}@127.0.0.1:{self.port}"

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, in a task of its own."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def end(self) -> None:
        """Break every connection off."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(*_BROKEN):
            try:
                host, port = await self._asked(reader)
                addresses = await checked(host, port, self._allowed, self._resolving)
                far = await _connect(addresses, port)
            except _REFUSALS as error:
                if isinstance(error, Permanent):
                    self.refused.append(error)
                await _answer(writer, _status(error))
                return
            with contextlib.closing(far[1]):
                await _answer(writer, b"200 Connection Established")
                await _join((reader, writer), far)

    async def _asked(self, reader: asyncio.StreamReader) -> tuple[str, int]:
        """Where to. ValueError where it is no CONNECT, PermissionError without the password."""
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, _, rest = first.partition(b" ")
        if method != b"CONNECT":
            raise ValueError("only CONNECT is understood")
        pairs = (line.partition(b":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        given = headers.get(b"proxy-authorization", b"").removeprefix(b"Basic ")
        expected = base64.b64encode(f"clipforge:{self._password}".encode())
        if not secrets.compare_digest(given, expected):
            raise PermissionError
        host, _, port = rest.split(b" ")[0].decode("ascii").rpartition(":")
        return host.strip("[]"), int(port)


def _status(error: Exception) -> bytes:
    match error:
        case Permanent():
            return b"403 Forbidden"
        case PermissionError():
            return b"407 Proxy Authentication Required"
        case ValueError() | asyncio.LimitOverrunError():
            return b"405 Method Not Allowed"
        case _:
            return b"502 Bad Gateway"


async def _connect(
    addresses: list[str], port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for address in addresses[:-1]:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                return await asyncio.open_connection(address, port)
    async with asyncio.timeout(CONNECT_SECONDS):
        return await asyncio.open_connection(addresses[-1], port)


async def _answer(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
    await writer.drain()


async def _join(
    near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Carry bytes both ways until one side ends."""
    there = asyncio.create_task(_carry(near[0], far[1]))
    back = asyncio.create_task(_carry(far[0], near[1]))
    try:
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (there, back):
            task.cancel()
        await asyncio.gather(there, back, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(BLOCK):
        writer.write(block)
        await writer.drain()
