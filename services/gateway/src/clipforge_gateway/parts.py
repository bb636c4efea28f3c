"""What the routes work with, made once at start, and how a route asks for it."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from clipforge_catalog.database import Sessions
from clipforge_gateway.auth import Authenticator, Caller
from clipforge_gateway.feed import Feed
from clipforge_gateway.outlook import Outlook
from clipforge_gateway.problems import UNAUTHENTICATED, Problem
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


PartsDep = Annotated[Parts, Depends(_parts)]
CallerDep = Annotated[Caller, Depends(_caller)]
