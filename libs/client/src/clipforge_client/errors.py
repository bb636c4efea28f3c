"""What a call can raise.

* ClientError
  + Unreachable      nobody answers at the address
  + ApiError         ClipForge answered with a problem (RFC 9457)
    - Unauthenticated   the API key is missing or wrong
    - NotFound          there is no such thing
    - Conflict          the state of the thing does not allow it
    - Invalid           the request is wrong; `errors` names the fields
    - Unavailable       try again later
"""

from typing import Any


class ClientError(Exception):
    """Base of every error of this client."""


class Unreachable(ClientError):
    """Nobody answers. Is the address right, and ClipForge running?"""


class ApiError(ClientError):
    """A problem, as ClipForge describes it."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.type = str(problem.get("type", ""))
        self.title = str(problem.get("title", f"status {status}"))
        self.detail = str(problem.get("detail", ""))
        self.request_id = str(problem.get("request_id", ""))
        self.errors: list[dict[str, str]] = list(problem.get("errors", []))
        fields = "".join(f"\n  {one.get('field')}: {one.get('message')}" for one in self.errors)
        super().__init__(f"{self.title}. {self.detail}{fields}".strip())


class Unauthenticated(ApiError):
    """The API key is missing or wrong."""


class NotFound(ApiError):
    """There is no such thing, or it is not yours."""


class Conflict(ApiError):
    """The state of the thing does not allow this."""


class Invalid(ApiError):
    """The request is wrong."""


class Unavailable(ApiError):
    """A part of ClipForge does not answer just now."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: Unauthenticated,
    403: Unauthenticated,
    404: NotFound,
    409: Conflict,
    413: Invalid,
    422: Invalid,
    429: Unavailable,
    503: Unavailable,
}


def error_of(status: int, problem: dict[str, Any]) -> ApiError:
    """The error of a response."""
    return _BY_STATUS.get(status, ApiError)(status, problem)
