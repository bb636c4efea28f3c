"""Films from http(s) addresses: streamed to disk, resumed after breaks, bounded in every way."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx

from clipforge_import.limits import Limits
from clipforge_import.sources import answers
from clipforge_import.sources.answers import Partial
from clipforge_runtime import outbound
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.outbound import Allowed, Unresolved

log = logging.getLogger(__name__)

REDIRECTS: Final = 5
RESTARTS: Final = 1  # from the first byte, where a server cannot go on in the middle
GAIN: Final = 16 * 1024 * 1024  # after so many new bytes the count of breaks begins anew
AGENT: Final = "ClipForge/0.1"

OnBytes = Callable[[int, int | None], None]
"""`on_bytes(have, total)`; total is None where the server does not say."""


@dataclass(frozen=True)
class Patience:
    """How long we bear with a server. Seconds, bytes and times."""

    connect: float = 10
    silence: float = 30  # between two pieces
    window: float = 30  # in which at least `window_bytes` must come ...
    window_bytes: int = 64 * 1024  # ... or an hour of film would take days
    breaks: int = 5
    pause: float = 1  # before going on, doubled each time


async def fetch(
    url: str,
    to: Path,
    *,
    limits: Limits,
    allowed: Allowed,
    on_bytes: OnBytes,
    patience: Patience = Patience(),
    headers: Mapping[str, str] | None = None,
) -> None:
    """Fetch into a file. Permanent for what will not change, Transient for the weather."""
    partial, breaks, restarts, furthest = Partial(), 0, 0, 0
    async with _client(allowed, patience, headers or {}) as client:
        while True:
            try:
                await _fetch_once(client, url, to, partial, limits, on_bytes, patience)
                return
            except (httpx.TransportError, answers.Unwell, answers.Changed) as error:
                if "location header" in str(error):  # httpx reads it before we can
                    raise _no_address() from error
                if not partial.have:
                    raise _unreachable(url, error) from error
                breaks = 1 if partial.have >= furthest + GAIN else breaks + 1
                furthest = max(furthest, partial.have)
                if not partial.resumable:
                    partial.have = 0
                    restarts += 1
                if breaks > patience.breaks or restarts > RESTARTS:
                    raise _unreachable(url, error) from error
                log.info("going on at byte %d after %r", partial.have, error)
            await asyncio.sleep(patience.pause * 2 ** (breaks - 1))
            on_bytes(partial.have, partial.total)  # a pause is no standstill


def _client(allowed: Allowed, patience: Patience, headers: Mapping[str, str]) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=outbound.transport(allowed),
        timeout=httpx.Timeout(patience.silence, connect=patience.connect),
        follow_redirects=False,
        headers={
            "User-Agent": AGENT,
            **headers,
            "Accept": "*/*",
            "Accept-Encoding": "identity",  # a compressed film would have other bytes and lengths
        },
        trust_env=False,  # a proxy of the environment would connect where we may not
    )


async def _fetch_once(
    client: httpx.AsyncClient,
    url: str,
    to: Path,
    partial: Partial,
    limits: Limits,
    on_bytes: OnBytes,
    patience: Patience,
) -> None:
    address = _parse(url)
    for _ in range(REDIRECTS + 1):
        async with client.stream("GET", address, headers=partial.request) as response:
            if response.is_redirect:
                address = _parse(response.headers.get("Location", ""), str(address))
                continue
            answers.judge(response, partial)
            if partial.complete:
                return
            limits.check_bytes(partial.total or 0)
            await _store(response, to, partial, limits, on_bytes, patience)
            return
    raise Permanent("The address redirects in circles. Check it.", reason="too-many-redirects")


def _parse(url: str, base: str = "") -> httpx.URL:
    try:
        address = httpx.URL(urljoin(base, url))
    except (httpx.InvalidURL, ValueError) as error:
        raise _no_address() from error
    if address.scheme not in ("http", "https") or not address.host:
        raise Permanent(
            "The address, or one that it redirects to, is not http or https. "
            "Give one that is, or upload the file.",
            reason="forbidden-address",
        )
    return address


def _no_address() -> Permanent:
    return Permanent(
        "The address, or one that it redirects to, is not a web address. Check it.",
        reason="bad-address",
    )


async def _store(
    response: httpx.Response,
    to: Path,
    partial: Partial,
    limits: Limits,
    on_bytes: OnBytes,
    patience: Patience,
) -> None:
    loop = asyncio.get_running_loop()
    window_began, window_had = loop.time(), partial.have
    with to.open("r+b" if partial.have else "wb") as file:
        file.truncate(partial.have)
        file.seek(partial.have)
        # Pieces as they come: gathering them would hide how slowly they do.
        async for block in response.aiter_raw():
            limits.check_bytes(partial.have + len(block))
            await asyncio.to_thread(file.write, block)
            partial.have += len(block)
            on_bytes(partial.have, partial.total)
            if loop.time() - window_began > patience.window:
                if partial.have - window_had < patience.window_bytes:
                    raise Transient(
                        f"{response.url.host} sends the video too slowly. Upload the file instead."
                    )
                window_began, window_had = loop.time(), partial.have
    if partial.total is not None and partial.have < partial.total:
        raise httpx.ReadError("the connection ended early", request=response.request)


def _unreachable(url: str, error: Exception) -> Transient:
    host = httpx.URL(url).host
    if isinstance(error, Transient):
        return error
    if isinstance(error.__cause__, Unresolved):
        return Transient(f"There is no server called {host}. Check the address.")
    if isinstance(error, httpx.TimeoutException):
        return Transient(f"{host} does not answer in time. Try again later, or upload the file.")
    if isinstance(error, httpx.ConnectError) and "ssl" in repr(error.__cause__).lower():
        return Transient(
            f"{host} has no valid certificate, or does not speak https. Upload the file instead."
        )
    if isinstance(error, httpx.ConnectError):
        return Transient(f"{host} cannot be reached. Check the address, or upload the file.")
    return Transient(f"{host} breaks off in the middle of the video. Upload the file instead.")
