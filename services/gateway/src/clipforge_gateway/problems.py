"""Every way a request can fail, as RFC 9457 problems with stable types."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from clipforge_catalog.database import AWAY
from clipforge_contracts.validation import Invalid
from clipforge_runtime.bus import Contradicted, Unavailable
from clipforge_runtime.errors import Transient
from clipforge_runtime.storage import NotFound

log = logging.getLogger(__name__)

BASE: Final = "/problems/"  # of this gateway: the type of a problem is where its page is
MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5


@dataclass(frozen=True)
class Kind:
    """One entry of the catalogue."""

    code: str
    status: int
    title: str


UNAUTHENTICATED = Kind("unauthenticated", 401, "This request needs a valid API key")
FORBIDDEN = Kind("forbidden", 403, "This API key may not do that")
NOT_FOUND = Kind("not-found", 404, "There is no such thing")
METHOD = Kind("method-not-allowed", 405, "This address does not take that method")
TOO_SLOW = Kind("too-slow", 408, "The request did not arrive in time")
CONFLICT = Kind("conflict", 409, "The state of the thing does not allow this")
IN_PROGRESS = Kind("request-in-progress", 409, "The same request is being answered")
NOT_REPEATABLE = Kind("answer-not-repeatable", 409, "This was done, and is not answered twice")
GONE = Kind("gone", 410, "It was there, and is gone")
CHANGED = Kind("precondition-failed", 412, "It has changed since it was read")
TOO_LARGE = Kind("too-large", 413, "The request is too large")
TOO_LONG = Kind("address-too-long", 414, "The address is too long")
INVALID = Kind("invalid", 422, "The request is not valid")
KEY_REUSED = Kind("idempotency-key-reused", 422, "This Idempotency-Key came with another request")
UNCONDITIONAL = Kind("precondition-required", 428, "This needs the header If-Match")
BACKLOG = Kind("backlog-full", 429, "Too much of your work is not done yet")
NO_ROOM = Kind("no-room", 503, "There is no room for new work just now")
HEADERS_TOO_LARGE = Kind("headers-too-large", 431, "The headers are too large")
RATE_LIMITED = Kind("rate-limited", 429, "You ask more often than your plan has it")
AT_ONCE = Kind("too-many-at-once", 429, "Too many of your requests are open at once")
INTERNAL = Kind("internal", 500, "Something went wrong on our side")
OVERLOADED = Kind("overloaded", 503, "This gateway has more to do than it can answer in time")
UNAVAILABLE = Kind("unavailable", 503, "A part of ClipForge does not answer just now")

CATALOGUE: Final = (
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD,
    TOO_SLOW,
    CONFLICT,
    IN_PROGRESS,
    NOT_REPEATABLE,
    GONE,
    CHANGED,
    TOO_LARGE,
    TOO_LONG,
    INVALID,
    KEY_REUSED,
    UNCONDITIONAL,
    BACKLOG,
    RATE_LIMITED,
    AT_ONCE,
    HEADERS_TOO_LARGE,
    INTERNAL,
    UNAVAILABLE,
    OVERLOADED,
    NO_ROOM,
)
# Seconds until it is worth another try: an outage may be over soon, a backlog is not.
AFTER: Final = {
    IN_PROGRESS: 1,
    AT_ONCE: 1,
    OVERLOADED: 1,
    UNAVAILABLE: RETRY_SECONDS,
    BACKLOG: 30,
    NO_ROOM: 60,
}
BY_STATUS: Final = {kind.status: kind for kind in reversed(CATALOGUE)}
_IN_WORDS: Final = {  # what the framework says of itself tells nobody what to do
    NOT_FOUND.status: "Nothing has this address. /docs lists those that there are.",
    METHOD.status: "The header `Allow` lists the methods of this address.",
    400: "The body could not be read: send JSON in UTF-8.",
}


class Fault(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemBody(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Fault] = []


class Problem(Exception):
    """A refusal. `detail` says what to do, to the person who reads it."""

    def __init__(
        self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}


def documented(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route, for the OpenAPI document; see openapi.document."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in (UNAUTHENTICATED, *kinds, INVALID, UNAVAILABLE):
        tell(responses, kind.status, kind)
    return responses


def tell(responses: dict[Any, dict[str, Any]], status: int | str, kind: Kind) -> None:
    """Add a problem to the responses of a route, beside others of the same status."""
    response = responses.setdefault(status, {})
    content = response.setdefault("content", {}).setdefault(MEDIA_TYPE, {})
    examples = content.setdefault("examples", {})
    examples[kind.code] = {"summary": kind.title, "value": _shown(kind)}
    titles = [one["summary"] for one in examples.values()]
    response["description"] = "; ".join(titles)


def _shown(kind: Kind) -> dict[str, Any]:
    """A problem as it may be answered."""
    shown = ProblemBody(
        type=BASE + kind.code,
        title=kind.title,
        status=kind.status,
        detail="What is wrong with this request, and what to do.",
        request_id="3f0c9a7e5d1b4c2f8e6a0b9d7c5e3f1a",
        errors=[Fault(field="body.title", message="too long")] if kind is INVALID else [],
    )
    return shown.model_dump()


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> JSONResponse:
        refusal = answer(request, error.kind, error.detail)
        refusal.headers.update(error.headers)
        return refusal

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            Fault(field=".".join(str(part) for part in fault["loc"]), message=fault["msg"])
            for fault in error.errors()[:20]
        ]
        return answer(request, INVALID, "See `errors` for each field.", faults)

    @app.exception_handler(Invalid)
    async def broken_rule(request: Request, error: Invalid) -> JSONResponse:
        return answer(request, INVALID, str(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        kind = BY_STATUS.get(error.status_code, INVALID)
        said = str(error.detail)
        phrase = error.status_code == 400 or said == HTTPStatus(error.status_code).phrase
        refusal = answer(request, kind, _IN_WORDS.get(error.status_code, said) if phrase else said)
        refusal.headers.update(error.headers or {})
        if kind is METHOD:  # the framework names those of the first route only
            refusal.headers["Allow"] = ", ".join(_methods_at(app, request.url.path))
        return refusal

    @app.exception_handler(Contradicted)
    async def contradicted(request: Request, error: Contradicted) -> JSONResponse:
        return answer(request, CONFLICT, "Another request was first. Read the thing and try again.")

    @app.exception_handler(NotFound)
    async def gone(request: Request, error: NotFound) -> JSONResponse:
        return answer(request, NOT_FOUND, "What this refers to is no longer stored.")

    for error, name in (
        *((error, "database") for error in AWAY),
        (Unavailable, "log"),
        (Transient, "object store"),
        (TimeoutError, "part of ClipForge that was asked"),
    ):
        app.add_exception_handler(error, partial(_unavailable, away=name))


def _methods_at(app: FastAPI, path: str) -> list[str]:
    """What may be done at an address. One that is spelled out is not what a template means."""
    paths = app.openapi()["paths"]
    templates = [path] if path in paths else paths
    return sorted(
        method.upper()
        for template in templates
        if compile_path(template)[0].match(path)
        for method in paths[template]
    )


def answer(
    request: Request, kind: Kind, detail: str, errors: list[Fault] | None = None
) -> JSONResponse:
    """One problem as a response."""
    body = ProblemBody(
        type=BASE + kind.code,
        title=kind.title,
        status=kind.status,
        detail=detail,
        request_id=getattr(request.state, "request_id", ""),
        errors=errors or [],
    )
    headers = {"Retry-After": str(AFTER[kind])} if kind in AFTER else {}
    if kind is UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        body.model_dump(exclude_defaults=False),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


async def _unavailable(request: Request, error: Exception, *, away: str) -> JSONResponse:
    log.warning("the %s is away: %s", away, type(error).__name__, exc_info=error)
    sentence = f"The {away} does not answer just now. Try again in {RETRY_SECONDS} seconds."
    return answer(request, UNAVAILABLE, sentence)
