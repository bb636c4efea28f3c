"""What the routes work with, made once at start, and how a route asks for it."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope

from clipforge_catalog.database import Sessions
from clipforge_gateway.auth import Authenticator, Caller
from clipforge_gateway.event_lines import EventLines
from clipforge_gateway.feed import Feed
from clipforge_gateway.health import Health
from clipforge_gateway.load import Load
from clipforge_gateway.nearby import Nearby
from clipforge_gateway.outlook import Outlook
from clipforge_gateway.pace import Paces
from clipforge_gateway.problems import FORBIDDEN, UNAUTHENTICATED, Problem
from clipforge_gateway.rates import Rates
from clipforge_gateway.reads import Reads
from clipforge_gateway.repeats import Repeats, Seed
from clipforge_gateway.settings import Settings
from clipforge_gateway.submissions import Submissions
from clipforge_runtime.bus import Publisher, Reader, Shared
from clipforge_runtime.storage import ObjectStore


class Log(Publisher, Reader, Shared, Protocol):
    """The log, to state facts and to read, and what replicas know together."""


@dataclass(frozen=True)
class Parts:
    """Everything a route may touch."""

    settings: Settings
    log: Log
    store: ObjectStore
    sessions: Sessions
    authenticator: Authenticator
    feed: Feed
    event_lines: EventLines
    submissions: Submissions
    outlook: Outlook
    health: Health
    paces: Paces
    repeats: Repeats
    rates: Rates
    load: Load
    near: Nearby
    reads: Reads


_bearer = HTTPBearer(auto_error=False, description="An API key: `Authorization: Bearer cf_...`")


def parts_of_app(scope: Scope) -> Parts:
    """The parts of the application that a request came to."""
    parts: Parts = scope["app"].state.parts
    return parts


async def caller_or_none(request: Request) -> Caller | None:
    """Who asks, for what every request passes; whoever is nobody is told so by the route."""
    try:
        return await _caller_of(request, _sent_key(request))
    except Problem:
        return None


# A dependency that is no coroutine would be called in a thread, which costs more than it does.
async def _parts(request: Request) -> Parts:
    return parts_of_app(request.scope)


async def _caller(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    return await _caller_of(request, _sent_key(request))


def _sent_key(request: Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")


async def _caller_of(request: Request, key: str) -> Caller:
    """Found once a request, whoever asks."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        if not key:
            raise Problem(UNAUTHENTICATED, "Send `Authorization: Bearer <API key>`.")
        authenticator = parts_of_app(request.scope).authenticator
        known = request.state.caller = await authenticator.caller(key)
    return known


async def _admin(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    if caller.role != "admin":
        raise Problem(FORBIDDEN, "This needs an API key of the role admin.")
    return caller


async def _operator(caller: Annotated[Caller, Depends(_admin)]) -> Caller:
    if not caller.operates:
        raise Problem(FORBIDDEN, "This is for the admins of the installation's own tenant.")
    return caller


async def _seed(request: Request) -> Seed:
    return Seed(getattr(request.state, "seed", ""))


PartsDep = Annotated[Parts, Depends(_parts)]
SeedDep = Annotated[Seed, Depends(_seed)]
CallerDep = Annotated[Caller, Depends(_caller)]
AdminDep = Annotated[Caller, Depends(_admin)]
OperatorDep = Annotated[Caller, Depends(_operator)]
