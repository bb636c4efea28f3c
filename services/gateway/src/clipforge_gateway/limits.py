"""What every request passes: a request id, a bounded size, safe headers, an answer to any error."""

import asyncio
import contextlib
import logging
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipforge_gateway.depth import MAX_DEPTH, Depth
from clipforge_gateway.problems import (
    HEADERS_TOO_LARGE,
    INTERNAL,
    INVALID,
    TOO_LARGE,
    TOO_LONG,
    TOO_SLOW,
    Kind,
    answer,
)
from clipforge_gateway.slow_clients import DROPPED

log = logging.getLogger(__name__)

MAX_BODY: Final = 1024 * 1024  # bytes; media never comes through here
BODY_SECONDS: Final = 30.0  # for all of it: 1 MiB at 35 kB a second
MAX_URL: Final = 8 * 1024
# What is too large is read on for a while: a client that still sends does not read our answer.
DRAINED: Final = 16 * MAX_BODY
DRAIN_SECONDS: Final = 5.0
SLOW: Final = "The body did not arrive in time. Send it in one go."
LARGE: Final = f"At most {MAX_BODY} bytes a request. Films go to the addresses of an upload."
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 32 * 1024  # all together
MAX_PARAMETERS: Final = 50
SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",  # where TLS ends at the edge
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",  # a tenant's own, with links that open without a key
}


# The page at /docs begins by a script of its own in the page; nothing that anybody sends is on it.
DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


class Limits:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        received = 0
        whole = False
        until = asyncio.get_running_loop().time() + BODY_SECONDS
        depth = Depth()
        begun = False

        async def bounded() -> Message:
            nonlocal received, whole
            # What comes after the body is the end of the connection, in its own time.
            message = await receive() if whole else await _in_time(receive, until)
            whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > MAX_BODY:  # sent in chunks, without a declared length
                await _drain(receive)
                raise HTTPException(TOO_LARGE.status, LARGE)
            depth.feed(message.get("body", b""))
            if depth.deepest > MAX_DEPTH:
                raise HTTPException(INVALID.status, f"At most {MAX_DEPTH} levels of JSON.")
            return message

        async def safe(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                sent["X-Request-Id"] = request_id
                if scope["path"].startswith("/docs"):
                    sent.setdefault("Content-Security-Policy", DOCS_POLICY)
                for name, value in SAFE.items():
                    sent.setdefault(name, value)
            await send(message)

        async def refuse(kind: Kind, detail: str) -> None:
            await answer(Request(scope), kind, detail)(scope, receive, safe)

        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL:
            await refuse(TOO_LONG, f"At most {MAX_URL} bytes of an address.")
            return
        if _size(scope) > MAX_HEADER_BYTES or len(scope["headers"]) > MAX_HEADERS:
            sentence = f"At most {MAX_HEADERS} headers with {MAX_HEADER_BYTES} bytes together."
            await refuse(HEADERS_TOO_LARGE, sentence)
            return
        if scope["query_string"].count(b"&") >= MAX_PARAMETERS:
            await refuse(INVALID, f"At most {MAX_PARAMETERS} parameters of an address.")
            return
        if _declared(headers) > MAX_BODY:
            await _drain(receive)
            await refuse(TOO_LARGE, LARGE)
            return
        try:
            await self._app(scope, bounded, safe)
        except Exception:
            if begun:
                raise
            log.exception("unhandled: request %s", request_id)
            await refuse(INTERNAL, "Please report the request_id to the operator.")


def _size(scope: Scope) -> int:
    return sum(len(name) + len(value) for name, value in scope["headers"])


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


async def _in_time(receive: Receive, until: float) -> Message:
    try:
        async with asyncio.timeout_at(until):
            return await receive()
    except TimeoutError:
        DROPPED.labels("body").inc()
        # Closed, as the rest of the body would be read as the next request.
        raise HTTPException(TOO_SLOW.status, SLOW, {"Connection": "close"}) from None


async def _drain(receive: Receive) -> None:
    """Read a body on and forget it, up to a bound."""
    left = DRAINED
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _request_id(asked: str) -> str:
    """The caller's own, where it is harmless in logs; else a new one."""
    harmless = 0 < len(asked) <= 64 and asked.replace("-", "").replace("_", "").isalnum()
    return asked if harmless and asked.isascii() else uuid4().hex
