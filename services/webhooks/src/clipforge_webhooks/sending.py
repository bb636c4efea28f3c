"""One request to an endpoint: bounded in time and size, no redirects, public addresses only."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import httpx

from clipforge_runtime import outbound
from clipforge_runtime.errors import Permanent

SECONDS: Final = 15.0  # for all of it: Standard Webhooks advises 15 to 30
CONNECT_SECONDS: Final = 5.0
KEPT: Final = 1024  # bytes of an answer that its owner is shown
READ: Final = 16 * 1024  # of an answer; then the connection is closed: nobody needs the rest
AGENT: Final = "ClipForge-Webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What came of a request. `status` 0: no answer, and `trouble` says in a word why."""

    at: datetime
    milliseconds: int
    status: int = 0
    text: str = ""
    trouble: str = ""  # timeout, unresolved, tls, unreachable, forbidden
    retry_after: str = ""


class Post(Protocol):
    """`await post(url, headers, body)`; never raises for what the other side does."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


class Sender:
    """A Post over connections that are kept for a while."""

    def __init__(
        self, allowed: outbound.Allowed, *, at_once: int, seconds: float = SECONDS
    ) -> None:
        self._allowed = allowed
        self._seconds = seconds
        self._client = httpx.AsyncClient(
            transport=outbound.transport(allowed, connections=at_once),  # none waits for another
            timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            follow_redirects=False,
            headers={
                "User-Agent": AGENT,
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",  # an answer is shown as it came
            },
            trust_env=False,  # a proxy of the environment would connect where we may not
        )

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        at, began = datetime.now(UTC), time.monotonic()
        status, text, trouble, retry_after = 0, b"", "", ""
        try:
            address = httpx.URL(url)
            self._check(address)
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream("POST", address, headers=dict(headers), content=body) as reply,
            ):
                status = reply.status_code
                retry_after = reply.headers.get("Retry-After", "")
                text = await _beginning(reply)
        except (TimeoutError, httpx.TimeoutException):
            status, trouble = 0, "timeout"
        except Permanent:
            status, trouble = 0, "forbidden"
        except (httpx.TransportError, httpx.InvalidURL, ValueError) as error:
            status, trouble = 0, _why(error)
        return Answer(
            at=at,
            milliseconds=round((time.monotonic() - began) * 1000),
            status=status,
            text=_readable(text),
            trouble=trouble,
            retry_after=retry_after,
        )

    async def close(self) -> None:
        await self._client.aclose()

    def _check(self, address: httpx.URL) -> None:
        """Nothing goes over the open internet in the clear. The address itself: see outbound."""
        port = address.port or {"http": 80, "https": 443}.get(address.scheme, 0)
        if address.scheme != "https" and (address.host.lower(), port) not in self._allowed:
            raise outbound.Forbidden(address.host)


async def _beginning(reply: httpx.Response) -> bytes:
    """The first bytes of an answer; at most a little more is read than is kept."""
    read, seen = b"", 0
    async for block in reply.aiter_raw():
        seen += len(block)
        read = (read + block)[:KEPT]
        if seen >= READ:
            break
    return read


def _why(error: Exception) -> str:
    if isinstance(error.__cause__, outbound.Unresolved):
        return "unresolved"
    if isinstance(error, httpx.ConnectError) and "ssl" in repr(error.__cause__).lower():
        return "tls"
    return "unreachable"


def _readable(text: bytes) -> str:
    """As text that a table can hold: no letter is longer than its bytes, and NUL is none."""
    return text.decode(errors="replace").replace("\x00", "\ufffd")[:KEPT]
