"""What a call can raise.

* ClientError
  + Unreachable        nobody answers at the address, or no address was given
  + NotClipForge       somebody answers, but not as ClipForge does
  + StillRunning       a wait was over before the work was
  + TransferFailed     the object store refused or lost an upload or a download
  + ApiError           ClipForge answered with a problem (RFC 9457)
    - Unauthenticated    the API key is missing, wrong or revoked
    - Forbidden          the API key is good, but may not do this
    - NotFound           there is no such thing
      . Gone               it was there, and has expired or was deleted
    - Conflict           the state of the thing does not allow it
      . Changed            it has changed since it was read
    - Invalid            the request is wrong; `errors` names the fields
      . Unconditional      an edit that does not say what it changes
    - Unavailable        a part of ClipForge is away; `retry_after` says for how long
      . TooManyRequests    this key asks more often than its plan allows
      . InProgress         the same request is at work; it is asked for again
"""

from typing import Any


class ClientError(Exception):
    """Base of every error of this client."""


class Unreachable(ClientError):
    """Nobody answers. Is the address right, and ClipForge running?"""


class NotClipForge(ClientError):
    """Somebody else answers at this address."""


class StillRunning(ClientError):
    """The time of a wait is over; the work goes on."""


class TransferFailed(ClientError):
    """An upload or a download did not come through."""


class ApiError(ClientError):
    """A problem, as ClipForge describes it."""

    def __init__(
        self, status: int, problem: dict[str, Any], retry_after: float | None = None
    ) -> None:
        self.status = status
        self.problem = problem  # as it was answered
        self.type = str(problem.get("type", ""))
        self.title = str(problem.get("title", f"ClipForge answered {status}"))
        self.detail = str(problem.get("detail", ""))
        self.request_id = str(problem.get("request_id", ""))
        self.errors: list[dict[str, str]] = list(problem.get("errors") or [])
        self.retry_after = retry_after  # seconds
        fields = "".join(f"\n  {one.get('field')}: {one.get('message')}" for one in self.errors)
        super().__init__(f"{self.title}. {self.detail}{fields}".strip())


class Unauthenticated(ApiError):
    """The API key is missing, wrong or revoked."""


class Forbidden(ApiError):
    """This API key may not do that."""


class NotFound(ApiError):
    """There is no such thing, or it is not yours."""


class Conflict(ApiError):
    """The state of the thing does not allow this."""


class Gone(NotFound):
    """It was there, and has expired or was deleted."""


class Changed(Conflict):
    """It has changed since it was read: read it again."""


class Invalid(ApiError):
    """The request is wrong."""


class Unconditional(Invalid):
    """An edit has to say what it changes, by the tag of what was read."""


class Unavailable(ApiError):
    """A part of ClipForge does not answer just now."""


class TooManyRequests(Unavailable):
    """Asked more often than the plan allows."""


class InProgress(Unavailable):
    """The same request is being answered, under the same Idempotency-Key."""


_BY_TYPE: dict[str, type[ApiError]] = {"request-in-progress": InProgress}
_BY_STATUS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: Changed,
    413: Invalid,
    422: Invalid,
    428: Unconditional,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(status: int, problem: dict[str, Any], retry_after: float | None = None) -> ApiError:
    """The error of a response."""
    named = _BY_TYPE.get(str(problem.get("type", "")).rpartition("/")[2])
    return (named or _BY_STATUS.get(status, ApiError))(status, problem, retry_after)
