"""A receiver of webhooks in a test: it answers as it is told, path by path, and keeps what came."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The body, where another's implementation of the specification finds it authentic."""
        return Webhook(secret).verify(self.body, self.headers)


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer."""
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{named}\r\n"
    return head.encode() + body


SILENCE = b""  # the request is read, and never answered


@dataclass
class Receiver:
    """Somebody's server on loopback."""

    port: int
    _answers: dict[str, list[bytes]] = field(default_factory=dict[str, list[bytes]])
    _received: defaultdict[str, list[Received]] = field(
        default_factory=lambda: defaultdict[str, list[Received]](list)
    )
    _open: dict[asyncio.Task[Any], asyncio.StreamWriter] = field(
        default_factory=dict[asyncio.Task[Any], asyncio.StreamWriter]
    )

    @classmethod
    @asynccontextmanager
    async def listen(cls, port: int) -> AsyncIterator["Receiver"]:
        """At a port, until the end of the block."""
        receiver = cls(port)
        server = await asyncio.start_server(receiver._serve, "127.0.0.1", port)
        try:
            yield receiver
        finally:
            server.close()
            for writer in receiver._open.values():
                writer.transport.abort()
            await asyncio.gather(*receiver._open)

    def endpoint(self, *answers: bytes) -> str:
        """A new address, which answers so; the last answer is given for ever. None: 204."""
        path = f"/{uuid4().hex}"
        self._answers[path] = list(answers) or [answer(204)]
        return f"http://127.0.0.1:{self.port}{path}"

    def answers(self, url: str, told: bytes) -> None:
        """From now on, this is what an address answers."""
        self._answers["/" + url.rpartition("/")[2]] = [told]

    def received(self, url: str) -> list[Received]:
        """What has come to an address so far."""
        return self._received["/" + url.rpartition("/")[2]]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving
        self._open[serving] = writer
        serving.add_done_callback(self._open.pop)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                path = head[0].split(" ")[1]
                pairs = (line.partition(": ") for line in head[1:] if line)
                headers = {name.lower(): value for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self._received[path].append(Received(headers, body))
                answers = self._answers[path]
                told = answers.pop(0) if len(answers) > 1 else answers[0]
                if told is SILENCE:
                    await reader.read()  # until the other side has had enough
                    break
                writer.write(told)
                await writer.drain()
        writer.close()
