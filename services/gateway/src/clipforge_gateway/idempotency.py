"""Idempotency-Key, on every POST: the same key and body, the same answer, for a day.

What is kept of an answer holds no secret. Links that open without a key are made anew, and what is
shown once is not shown twice: then the repeated request is told so (409).
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import caller_or_none, parts_of_app
from clipforge_gateway.problems import GONE, INVALID, NOT_REPEATABLE, Problem
from clipforge_gateway.repeats import Kept, Left

HEADER: Final = "idempotency-key"
_KEY: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
MOST_KEPT: Final = 8 * 1024  # bytes of a body; a longer one is read anew where it has an address
SHOWN_ONCE: Final = frozenset({"key", "secret"})
"""Fields of answers that are secrets. A test finds those that are not named here."""
LINK: Final = b"X-Amz-Signature="
REPLAYED: Final = (b"idempotency-replayed", b"true")
_OF_THE_REQUEST: Final = {b"content-length", b"content-type", HEADER.encode(), b"if-none-match"}


def kept_under(caller: Caller, path: str, key: str) -> str:
    """Where a key of a caller is kept, and what ids follow from.

    Whose it is stands in front, the rest says nothing of the key.
    """
    of = f"{caller.role}\n{path}\n{key}"
    return f"{caller.tenant_id}.{hashlib.sha256(of.encode()).hexdigest()[:32]}"


class Idempotency:
    """ASGI middleware. Inside of whatever counts requests: a repeated one counts, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key(scope)
        caller = await caller_or_none(Request(scope)) if key else None
        if caller is None:  # the route says that it is nobody
            await self._app(scope, receive, send)
            return
        repeats = parts_of_app(scope).repeats
        body = await _whole(receive)
        name = kept_under(caller, scope["path"], key)
        begun = await repeats.begin(name, _fingerprint(scope, body))
        if isinstance(begun, Kept):
            await self._again(scope, begun, send)
            return
        # For ids: what is done under this key has the same ones, however often it is begun.
        scope["state"]["seed"] = begun.name
        answer = Answer()
        try:
            await self._app(scope, _sent(body, receive), answer.take)
        except BaseException:
            await repeats.release(begun)
            raise
        if answer.status < 300:
            await repeats.finish(begun, answer.kept())
        else:  # nothing was done, and the cause may go
            await repeats.release(begun)
        for message in answer.messages:
            await send(message)

    async def _again(self, scope: Scope, kept: Kept, send: Send) -> None:
        """The answer as it was, where what it is about is still there."""
        if kept.left_out == "secret":
            raise Problem(
                NOT_REPEATABLE,
                "This was done before, and its secret was shown that once: remove what was made, "
                "and make another one with a new Idempotency-Key.",
            )
        body = kept.body.encode()
        if location := kept.headers.get("location"):
            now = Answer()
            await self._app(_read_of(scope, location), _nothing, now.take)
            if now.status in (404, 410):
                raise Problem(
                    GONE,
                    "What was made under this Idempotency-Key has been deleted: use a new key.",
                )
            if kept.left_out:
                body = now.body
        elif kept.left_out:
            raise Problem(
                NOT_REPEATABLE,
                "This was done before, and its answer was too long to be kept: read what was made.",
            )
        headers = [(name.encode(), value.encode()) for name, value in kept.headers.items()]
        await send(
            {
                "type": "http.response.start",
                "status": kept.status,
                "headers": [*headers, (b"content-length", str(len(body)).encode()), REPLAYED],
            }
        )
        await send({"type": "http.response.body", "body": body})


class Answer:
    """An answer on its way out."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    def kept(self) -> Kept:
        """What may be given again."""
        headers = Headers(raw=self.messages[0]["headers"])
        kept = {name: headers[name] for name in ("location", "content-type") if name in headers}
        left_out = _left_out(self.body)
        return Kept(self.status, kept, "" if left_out else self.body.decode(), left_out)


def _left_out(body: bytes) -> Left:
    if SHOWN_ONCE & set(_fields(json.loads(body or b"null"))):
        return "secret"
    if LINK in body:
        return "links"
    return "long" if len(body) > MOST_KEPT else ""


def _fields(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
        for value in node.values():
            yield from _fields(value)
    elif isinstance(node, list):
        for value in node:
            yield from _fields(value)


def _key(scope: Scope) -> str:
    """The key of a request that has one. A Problem where it is none."""
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/v1/"):
        return ""
    sent = Headers(scope=scope).get(HEADER)
    if sent is None:
        return ""
    if not _KEY.fullmatch(sent):
        raise Problem(
            INVALID, "An Idempotency-Key has 1 to 255 characters of ASCII: a random UUID is good."
        )
    return sent


def _fingerprint(scope: Scope, body: bytes) -> str:
    """What a key is used for: blanks and the order of fields do not matter."""
    try:
        said = json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        said = body
    return hashlib.sha256(scope["query_string"] + b"\n" + said).hexdigest()


async def _whole(receive: Receive) -> bytes:
    """The body; its size is bounded further out."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _sent(body: bytes, receive: Receive) -> Receive:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        message = next(messages, None)
        return message if message is not None else await receive()

    return again


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _read_of(scope: Scope, location: str) -> Scope:
    """The same caller, who reads what was made."""
    path, _, query = location.partition("?")
    headers = [pair for pair in scope["headers"] if pair[0].lower() not in _OF_THE_REQUEST]
    return {
        **scope,
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
    }
