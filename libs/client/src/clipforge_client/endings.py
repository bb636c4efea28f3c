"""How the command ends: its exit code, what to do about an error, and the error as a problem."""

from typing import Any, Final

from clipforge_client.errors import (
    ApiError,
    ClientError,
    Forbidden,
    NotClipForge,
    NotFound,
    StillRunning,
    TransferFailed,
    Unauthenticated,
    Unreachable,
)

FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
KEY: Final = 4
CANCELLED: Final = 130  # as shells say of Ctrl-C
EXITS: Final = (
    "Exit codes: 0 done; 1 failed or refused, stderr says why; 2 wrong usage; "
    "3 ClipForge does not answer; 4 the API key is missing, wrong or not enough; 130 Ctrl-C."
)
URN: Final = "urn:clipforge:client:"  # of problems that no gateway has answered
TITLES: Final[dict[type[ClientError], tuple[str, str]]] = {
    Unreachable: ("unreachable", "ClipForge does not answer"),
    NotClipForge: ("not-clipforge", "Somebody else answers"),
    StillRunning: ("still-running", "It goes on"),
    TransferFailed: ("transfer-failed", "A transfer did not come through"),
}


def code_of(error: ClientError) -> int:
    """The exit code that an error stands for."""
    if isinstance(error, Unreachable | NotClipForge):
        return UNREACHABLE
    if isinstance(error, Unauthenticated | Forbidden):
        return KEY
    return FAILED


def remedy_of(error: ClientError) -> str:
    """What to do about an error, where its own words do not say so."""
    if isinstance(error, Unreachable):
        return (
            "Start ClipForge with `clipforge up`: commands find it. Or name another one: "
            "`clipforge login ADDRESS`, or CLIPFORGE_URL and CLIPFORGE_API_KEY."
        )
    if isinstance(error, Unauthenticated):
        return (
            "Name a key of this ClipForge, by `clipforge login ADDRESS` or as CLIPFORGE_API_KEY: "
            "`clipforge up` prints one."
        )
    if isinstance(error, Forbidden):
        return "Use a key of the role admin: CLIPFORGE_API_KEY, or another profile."
    if isinstance(error, NotFound):
        return "`clipforge projects list` and `clipforge clips PROJECT` show the ids there are."
    if isinstance(error, ApiError) and error.status >= 500 and error.request_id:
        return f"The id of this request, for the logs: {error.request_id}"
    return ""


def problem_of(error: ClientError) -> dict[str, Any]:
    """The error for programs: the problem (RFC 9457) that was answered, or one of our own."""
    remedy = {"remedy": remedy_of(error)} if remedy_of(error) else {}
    if isinstance(error, ApiError):
        return {"status": error.status, **error.problem, **remedy}
    name, title = TITLES.get(type(error), ("failed", "It did not work"))
    return {**own_problem(name, title, str(error)), **remedy}


def own_problem(name: str, title: str, detail: str) -> dict[str, Any]:
    """A problem of this machine, of which no gateway knows."""
    return {"type": f"{URN}{name}", "title": title, "detail": detail}
