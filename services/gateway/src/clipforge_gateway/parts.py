"""What the routes work with, made once at start, and how a route asks for it."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from clipforge_catalog.database import Sessions
from clipforge_gateway.auth import Authenticator, Caller
from clipforge_gateway.feed import Feed
from clipforge_gateway.outlook import Outlook
from clipforge_gateway.pace import Paces
from clipforge_gateway.problems import FORBIDDEN, UNAUTHENTICATED, Problem
from clipforge_gateway.settings import Settings
from clipforge_gateway.submissions import Submissions
from clipforge_runtime.bus import Publisher, Reader
from clipforge_runtime.storage import ObjectStore


class Log(Publisher, Reader, Protocol):
    """The log, to state facts and to read."""


@dataclass(frozen=True)
class Parts:
    """Everything a route may touch."""

    settings: Settings
    log: Log
    store: ObjectStore
    sessions: Sessions
    authenticator: Authenticator
    feed: Feed
    submissions: Submissions
    outlook: Outlook
    paces: Paces


_bearer = HTTPBearer(auto_error=False, description="An API key: `Authorization: Bearer cf_...`")


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def _caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    key = bearer.credentials if bearer else request.headers.get("X-API-Key", "")
    if not key:
        raise Problem(UNAUTHENTICATED, "Send `Authorization: Bearer <API key>`.")
    return await _parts(request).authenticator.caller(key)


async def _admin(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    if caller.role != "admin":
        raise Problem(FORBIDDEN, "This needs an API key of the role admin.")
    return caller


async def _operator(caller: Annotated[Caller, Depends(_admin)]) -> Caller:
    if not caller.operates:
        raise Problem(FORBIDDEN, "This is for the admins of the installation's own tenant.")
    return caller


PartsDep = Annotated[Parts, Depends(_parts)]
CallerDep = Annotated[Caller, Depends(_caller)]
AdminDep = Annotated[Caller, Depends(_admin)]
OperatorDep = Annotated[Caller, Depends(_operator)]
