"""The public keys of an issuer of tokens: fetched when they are needed, kept, and rotated."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

import httpx

from clipforge_gateway.problems import UNAVAILABLE, Problem

log = logging.getLogger(__name__)

FETCH_SECONDS: Final = 5.0
KEPT_SECONDS: Final = 600.0  # then they are fetched anew, and kept on where nobody answers
APART_SECONDS: Final = 10.0  # between two fetches, whatever ids tokens come with
MOST_BYTES: Final = 256 * 1024
MOST_KEYS: Final = 100
DISCOVERY: Final = "/.well-known/openid-configuration"


class KeySet:
    """The keys of one issuer, by their ids."""

    def __init__(self, issuer: str, url: str = "") -> None:
        self._issuer = issuer.rstrip("/")
        self._url = url  # empty: the issuer's own discovery document names it
        self._keys: Mapping[str, dict[str, Any]] = {}
        self._fetched = self._tried = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, kid: str) -> dict[str, Any] | None:
        """A key by its id; None where the issuer has none. A Problem: nobody answers."""
        loop = asyncio.get_running_loop()
        async with self._fetching:  # one fetches, the others wait for what it has
            old = loop.time() - self._fetched > KEPT_SECONDS
            if (old or kid not in self._keys) and loop.time() - self._tried > APART_SECONDS:
                self._tried = loop.time()
                await self._fetch()
        if not self._keys:
            raise Problem(UNAVAILABLE, "The issuer of this token does not answer just now.")
        return self._keys.get(kid)

    async def _fetch(self) -> None:
        try:
            async with (
                asyncio.timeout(FETCH_SECONDS),
                httpx.AsyncClient(timeout=FETCH_SECONDS) as http,
            ):
                if not self._url:
                    found = await _document(http, self._issuer + DISCOVERY)
                    if str(found.get("issuer", "")).rstrip("/") != self._issuer:
                        raise ValueError("its discovery document is of another issuer")
                    self._url = str(found["jwks_uri"])
                keys = (await _document(http, self._url))["keys"]
            self._keys = {str(key["kid"]): key for key in keys[:MOST_KEYS] if "kid" in key}
            self._fetched = self._tried
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as error:
            log.warning("the keys of the issuer cannot be read: %r", error)


async def _document(http: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """A JSON object, of bounded size. Redirects are not followed."""
    body = bytearray()
    async with http.stream("GET", url) as response:
        response.raise_for_status()
        async for block in response.aiter_bytes():
            body += block
            if len(body) > MOST_BYTES:
                raise ValueError(f"{url} answers more than {MOST_BYTES} bytes")
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError(f"{url} answers no object")
    return found
