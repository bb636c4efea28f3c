"""How answers are read: a body judged, an event stream parsed. Knows no network."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pydantic import ValidationError

from clipforge_client.calls import Call
from clipforge_client.errors import ClientError, NotClipForge, error_of
from clipforge_client.models import Event, Tagged

T = TypeVar("T")
STRANGER = "is CLIPFORGE_URL right, or the profile in use? `clipforge up` prints an address"


def read(call: Call[T], status: int, headers: Mapping[str, str], body: bytes) -> T:
    """What a call gives. Raises the ApiError of a problem, or NotClipForge."""
    if status >= 300 and status not in call.good:
        raise refusal(status, headers, body)
    kind = headers.get("content-type", "")
    try:
        found = call.read(json.loads(body) if "json" in kind and body else body.decode())
    except (ValueError, TypeError, ValidationError) as error:
        raise NotClipForge(
            f"The answer to {call.method} {call.path} is not ClipForge's: {STRANGER}."
        ) from error
    return found.tagged(headers.get("etag", "")) if isinstance(found, Tagged) else found


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ClientError:
    """The error that a bad answer stands for."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "title" in problem:
        return error_of(status, problem, retry_after(headers))
    if status in (429, 502, 503, 504):  # a proxy speaks for ClipForge
        title = {"title": f"The proxy before ClipForge answered {status}"}
        return error_of(status, title, retry_after(headers))
    return NotClipForge(f"It answered {status}, but not as ClipForge does: {STRANGER}.")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks us to wait (RFC 9110: a number of seconds, or a date)."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        at = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())


class EventParser:
    """Lines of an event stream (WHATWG) as events."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id  # where to go on: some ids come without an event
        self._name = "message"
        self._id = ""
        self._data: list[str] = []

    def feed(self, line: str) -> Iterator[Event]:
        """Take a line; gives an event at its end."""
        if not line:
            self.last_id = self._id or self.last_id
            if self._data:
                yield Event(name=self._name, id=self._id, data=json.loads("\n".join(self._data)))
            self._name, self._id, self._data = "message", "", []
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "id":
            self._id = value
        elif name == "data":
            self._data.append(value)
