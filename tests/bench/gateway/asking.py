"""Somebody who asks over HTTP/1.1, as cheaply as Python can: the asked one is measured."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import quantiles
from urllib.parse import urlsplit

ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Ask:
    """One kind of request."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class Times:
    """What came of the requests of one kind."""

    seconds: list[float] = field(default_factory=list[float])
    refused: Counter[int] = field(default_factory=Counter[int])  # by status; 0: no answer

    def percentile(self, per_cent: int) -> float:
        """In milliseconds. ValueError where nothing was answered as asked."""
        if len(self.seconds) < 2:
            raise ValueError(f"everything was refused: {dict(self.refused)}")
        return 1000 * quantiles(self.seconds, n=100, method="inclusive")[per_cent - 1]


class Connection:
    """One user: a connection that is kept, and one request at a time."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._headers = {"Host": f"{self._host}:{self._port}", **headers}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, ask: Ask) -> int:
        """The status of the answer, which is read to its end."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._ask(ask)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self.close()
            return 0

    async def stream(self, path: str, headers: Mapping[str, str]) -> asyncio.StreamReader:
        """What an answer says that does not end. ConnectionRefusedError where it is refused."""
        reader = await self._send(Ask("stream", "GET", path, headers=headers))
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise ConnectionRefusedError(head.decode())
        return reader

    async def _send(self, ask: Ask) -> asyncio.StreamReader:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        headers = {**self._headers, **ask.headers, "Content-Length": str(len(ask.body))}
        lines = [f"{ask.method} {ask.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + ask.body)
        return reader

    async def _ask(self, ask: Ask) -> int:
        reader = await self._send(ask)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        answered = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        await reader.readexactly(int(answered.get("content-length", "0")))
        if answered.get("connection") == "close":
            self.close()
        return int(head[0].split()[1])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def at_a_rate(
    users: list[Connection], asks: Callable[[], Ask], *, rate: float, seconds: float
) -> dict[str, Times]:
    """Ask in turn, each user after the other, so many times a second, whatever the answers take.

    The times by the names of what was asked. A request is timed from when it was due, so that a
    server that stops answering is not excused by those who wait for it.
    """
    times: defaultdict[str, Times] = defaultdict(Times)
    began = time.perf_counter()
    under_way: set[asyncio.Task[None]] = set()

    async def one(user: Connection, ask: Ask, due: float) -> None:
        status = await user.ask(ask)
        if 200 <= status < 400:
            times[ask.name].seconds.append(time.perf_counter() - due)
        else:
            times[ask.name].refused[status] += 1

    for n in range(int(rate * seconds)):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(users[n % len(users)], asks(), due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return dict(times)
