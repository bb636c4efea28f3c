"""Films from http(s) addresses: streamed to disk, resumed after breaks, bounded in every way."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from clipforge_import.limits import Limits
from clipforge_import.sources.guard import Allowed, GuardedBackend
from clipforge_runtime.errors import Permanent, Transient

log = logging.getLogger(__name__)

REDIRECTS: Final = 5
RESUMES: Final = 5
TIMEOUTS: Final = httpx.Timeout(connect=10, read=30, write=10, pool=10)
BLOCK: Final = 256 * 1024
SLOW_WINDOW_SECONDS: Final = 30.0
SLOW_BYTES: Final = 64 * 1024  # in a window; below this an hour of film would take days
AGENT: Final = "ClipForge/0.1"
PAGES: Final = ("text/html", "application/xhtml")

OnBytes = Callable[[int, int | None], None]
"""`on_bytes(have, total)`; total is None where the server does not say."""


@dataclass
class _Partial:
    """What has been fetched so far, and whether the rest can follow."""

    have: int = 0
    total: int | None = None
    validator: str = ""  # of If-Range: a strong etag or a date


async def fetch(url: str, to: Path, *, limits: Limits, allowed: Allowed, on_bytes: OnBytes) -> None:
    """Fetch into a file. Permanent for what will not change, Transient for the weather."""
    partial = _Partial()
    async with _client(allowed) as client:
        for attempt in range(RESUMES + 1):
            try:
                await _fetch_once(client, url, to, partial, limits, on_bytes)
                return
            except (httpx.TransportError, httpcore.NetworkError) as error:
                if isinstance(error.__cause__, Permanent):
                    raise error.__cause__ from None
                if attempt == RESUMES or not (partial.have and partial.validator):
                    raise _unreachable(url, error) from error
                log.info("resuming at %d bytes after %r", partial.have, error)


def _client(allowed: Allowed) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport()
    # httpx has no public way to hand over a network backend; its pool is httpcore's.
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=ssl.create_default_context(), network_backend=GuardedBackend(allowed)
    )
    return httpx.AsyncClient(
        transport=transport,
        timeout=TIMEOUTS,
        follow_redirects=False,
        headers={"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
        trust_env=False,  # a proxy of the environment would connect where we may not
    )


async def _fetch_once(
    client: httpx.AsyncClient,
    url: str,
    to: Path,
    partial: _Partial,
    limits: Limits,
    on_bytes: OnBytes,
) -> None:
    headers = (
        {"Range": f"bytes={partial.have}-", "If-Range": partial.validator} if partial.have else {}
    )
    for _ in range(REDIRECTS + 1):
        async with client.stream("GET", url, headers=headers) as response:
            if response.is_redirect:
                url = _redirected(url, response.headers.get("Location", ""))
                continue
            _judge(response, url)
            _begin(response, partial)
            limits.check_bytes(partial.total or 0)
            await _store(response, to, partial, limits, on_bytes)
            return
    raise Permanent("The address redirects in circles. Check it.", reason="too-many-redirects")


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    if urlsplit(target).scheme not in ("http", "https"):
        raise Permanent(
            "The address redirects to something that is not http or https.",
            reason="forbidden-address",
        )
    return target


def _judge(response: httpx.Response, url: str) -> None:
    status = response.status_code
    host = urlsplit(url).hostname
    if status in (200, 206):
        if response.headers.get("Content-Type", "").lower().startswith(PAGES):
            raise Permanent(
                "This address is a web page, not a video file. Give the address of the file "
                "itself, or upload it.",
                reason="web-page",
            )
        return
    if status in (408, 425, 429) or status >= 500:
        raise Transient(f"{host} cannot deliver the video just now (it answered {status}).")
    what = {
        401: "asks for a login",
        403: "refuses to hand it out",
        404: "has no such file",
        410: "has removed the file",
    }.get(status, f"answered {status}")
    raise Permanent(
        f"We could not fetch the video: {host} {what}. Check the address, or upload the file.",
        reason=f"http-{status}",
    )


def _begin(response: httpx.Response, partial: _Partial) -> None:
    """Go on where we were, or begin anew where the server sends the whole."""
    length = response.headers.get("Content-Length", "")
    if response.status_code == 200:
        partial.have = 0
    size = int(length) if length.isdigit() else None
    partial.total = partial.have + size if size is not None else None
    etag = response.headers.get("ETag", "")
    strong = etag if etag and not etag.startswith("W/") else ""
    partial.validator = strong or response.headers.get("Last-Modified", "")


async def _store(
    response: httpx.Response, to: Path, partial: _Partial, limits: Limits, on_bytes: OnBytes
) -> None:
    loop = asyncio.get_running_loop()
    window_began, window_had = loop.time(), partial.have
    with to.open("r+b" if partial.have else "wb") as file:
        file.truncate(partial.have)
        file.seek(partial.have)
        async for block in response.aiter_raw(BLOCK):
            await asyncio.to_thread(file.write, block)
            partial.have += len(block)
            limits.check_bytes(partial.have)
            on_bytes(partial.have, partial.total)
            if loop.time() - window_began > SLOW_WINDOW_SECONDS:
                if partial.have - window_had < SLOW_BYTES:
                    raise Transient("The server sends the video too slowly. Upload the file.")
                window_began, window_had = loop.time(), partial.have
    if partial.total is not None and partial.have < partial.total:
        raise httpx.ReadError("the connection ended early", request=response.request)


def _unreachable(url: str, error: Exception) -> Transient:
    host = urlsplit(url).hostname
    if "resolved" in str(error):
        return Transient(f"There is no server called {host}. Check the address.")
    if isinstance(error, httpx.TimeoutException):
        return Transient(f"{host} does not answer in time. Try again later, or upload the file.")
    return Transient(f"{host} cannot be reached. Check the address, or upload the file.")
