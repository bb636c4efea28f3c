"""When a request is sent again, and after which pause. Pure, but for dice and clock."""

import math
import random
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx

from clipforge_client.calls import Call
from clipforge_client.connection import WAIT
from clipforge_client.errors import StillRunning, TooManyRequests, Unavailable

TRIES: Final = 6  # some 15 s in all: a gateway that is started anew is back by then
FIRST_TRIES: Final = 2  # where nobody has ever answered, the address is the likelier mistake
FIRST_PAUSE: Final = 0.5  # seconds between two tries, doubled each time
LONGEST_PAUSE: Final = 60.0  # seconds; a server that asks for more is not waited for
_NOTHING_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def headers_of(call: Call[Any]) -> dict[str, str]:
    """The headers of all tries of a call: what is asked for is done once, however often sent."""
    once = {"Idempotency-Key": uuid4().hex} if call.method == "POST" else {}
    return {**once, **call.headers}


def may_repeat(call: Call[Any], error: Exception) -> bool:
    """Whether sending it again cannot do it twice."""
    if call.repeatable or isinstance(error, TooManyRequests):
        return True
    return isinstance(error, _NOTHING_SENT)


def pause(attempt: int, error: Exception) -> float | None:
    """Seconds before the next try: what the server asks for, else doubling, with jitter.

    None where the server asks for more than anybody waits for.
    """
    if isinstance(error, Unavailable) and error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_PAUSE else None
    return FIRST_PAUSE * float(2**attempt) * random.uniform(0.75, 1.25)  # noqa: S311  (no secret)


def store_may_recover(error: httpx.HTTPError) -> bool:
    """Whether the object store may take next time what it has not taken now."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code in (408, 429)
    return True


@dataclass(frozen=True)
class Deadline:
    """When a wait ends; never, without seconds."""

    at: float | None

    @classmethod
    def after(cls, seconds: float | None) -> "Deadline":
        return cls(None if seconds is None else time.monotonic() + seconds)

    def hold(self) -> int:
        """Seconds that the server may hold a question."""
        if self.at is None:
            return WAIT
        return max(0, min(WAIT, math.ceil(self.at - time.monotonic())))

    def check(self, about: str) -> None:
        """Raise StillRunning once it is over."""
        if self.at is not None and time.monotonic() >= self.at:
            raise StillRunning(f"{about} is not over yet. It goes on: wait for it again.")
