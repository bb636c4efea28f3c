"""What every request passes: a request id, a bounded body, and safe headers."""

from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipforge_gateway.problems import TOO_LARGE, Problem, answer

MAX_BODY: Final = 1024 * 1024  # bytes; media never comes through here
MAX_URL: Final = 8 * 1024
SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


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

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY:  # sent in chunks, without a declared length
                raise Problem(TOO_LARGE, f"At most {MAX_BODY} bytes a request.")
            return message

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                sent["X-Request-Id"] = request_id
                for name, value in SAFE.items():
                    sent.setdefault(name, value)
            await send(message)

        declared = headers.get("content-length", "0")
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL or (
            declared.isdigit() and int(declared) > MAX_BODY
        ):
            refusal = answer(Request(scope), TOO_LARGE, f"At most {MAX_BODY} bytes a request.")
            await refusal(scope, receive, safe)
            return
        await self._app(scope, bounded, safe)


def _request_id(asked: str) -> str:
    """The caller's own, where it is harmless in logs; else a new one."""
    harmless = 0 < len(asked) <= 64 and asked.replace("-", "").replace("_", "").isalnum()
    return asked if harmless and asked.isascii() else uuid4().hex
