"""Entity tags: what has not changed is not sent again (304), what has is not overwritten (412).

Every answer to a GET under /v1 has one. A route that sets none has the hash of its body; one whose
thing is edited says `of_sequence`, and its edit begins with `require_match`.
"""

import hashlib
from typing import Annotated, Final

from fastapi import Header
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipforge_gateway.problems import CHANGED, UNCONDITIONAL, Problem

LONGEST: Final = 1024  # characters of the header: a dozen tags
ANY: Final = "*"
DIGEST_BYTES: Final = 16  # nobody gains by a collision: whoever asks has seen both bodies
# What a 304 leaves out, as it is of the body that is not sent (RFC 9110, 15.4.5).
OF_THE_BODY: Final = ("content-length", "content-type")

IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        max_length=LONGEST,
        description="The `ETag` of what you have read and are about to change; `*`: whatever it is",
    ),
]


def of_body(body: bytes) -> str:
    """The tag of an answer by its bytes."""
    return f'"{_digest(body)}"'


def of_sequence(incarnation: str, sequence: int) -> str:
    """The tag of a thing by the fact that changed it last.

    Sequences begin anew with the log, so the log's incarnation (`feed.incarnation`) is in the tag.
    """
    return f'"{incarnation}-{sequence}"'


def of_version(version: int, body: str) -> str:
    """The tag of a thing that moves by itself while people edit it.

    The whole tag changes with each answer. For an edit its version is enough (`require_version`),
    or nobody could edit what does not stand still.
    """
    return f'"{version}-{_digest(body.encode())}"'


def require_match(sent: str, current: str) -> None:
    """Go on where the client has seen what it is about to change.

    `sent` is its If-Match. A Problem: 428 where it says none, 412 where the thing has changed.
    """
    _require(sent, seen=_among(current, sent, weak=False))


def require_version(sent: str, version: int) -> None:
    """The same for a tag that `of_version` made."""
    seen = any(one.strip().startswith(f'"{version}-') for one in sent.split(","))
    _require(sent, seen=seen or sent.strip() == ANY)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[: 2 * DIGEST_BYTES]


def _require(sent: str, *, seen: bool) -> None:
    if not sent:
        raise Problem(
            UNCONDITIONAL,
            "Send `If-Match` with the ETag of what you have read, or `*` to overwrite whatever "
            "it is.",
        )
    if not seen:
        raise Problem(
            CHANGED, "It has changed since you read it: read it again, then change what it is now."
        )


class EntityTags:
    """ASGI middleware: tags answers to GET, and leaves out bodies that the client has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not _tagged(scope["path"]):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")[:LONGEST]
        start: Message | None = None

        async def tagging(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200:
                start = message  # held back until its body is there
                return
            if start is not None:
                held, start = start, None
                whole = not message.get("more_body", False)
                if await _answer_for(held, message.get("body", b""), whole, known, send):
                    return
            await send(message)

        await self._app(scope, receive, tagging)


async def _answer_for(start: Message, body: bytes, whole: bool, known: str, send: Send) -> bool:
    """Send the beginning of an answer; True where that is all there is to send."""
    headers = MutableHeaders(scope=start)
    if whole and "etag" not in headers:
        headers["ETag"] = of_body(body)
    unchanged = bool(known) and "etag" in headers and _among(headers["etag"], known, weak=True)
    if not (whole and unchanged):
        await send(start)
        return False
    for name in OF_THE_BODY:
        del headers[name]
    await send({**start, "status": 304})
    await send({"type": "http.response.body", "body": b""})
    return True


def _tagged(path: str) -> bool:
    return path.startswith("/v1/")


def _among(current: str, sent: str, *, weak: bool) -> bool:
    """Whether a header names this tag. A tag of ours holds no comma."""
    if sent.strip() == ANY:
        return True
    each = [one.strip() for one in sent.split(",")]
    return current in ([one.removeprefix("W/") for one in each] if weak else each)
