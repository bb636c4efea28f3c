"""Connections whose other end is too slow: a request does not arrive, or an answer is not taken.

uvicorn bounds the pause between two requests, and nothing else: a client that sends a header a
minute holds its connection for ever. Bodies that a route waits for are bounded by limits.py.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal, get_args

import h11
from prometheus_client import Counter
from uvicorn.protocols.http.h11_impl import H11Protocol

from clipforge_runtime.telemetry import at_nothing

# For a request line and headers, and from the connection to its first byte.
HEAD_SECONDS: Final = 10.0
LEFT_OVER_SECONDS: Final = 10.0  # for the rest of a body whose request was answered without it
TAKE_SECONDS: Final = 60.0  # for a client to take something of what waits for it
Slowness = Literal["no head", "left over", "not taken", "body"]
DROPPED: Final = Counter(
    "clipforge_slow_clients_total",
    "Connections ended for their slowness: no head, left over (the rest of a body), not taken (an "
    "answer); requests refused for it: body",
    ["what"],
)
at_nothing(DROPPED, get_args(Slowness))


class Patient(H11Protocol):
    """HTTP/1.1 with an end to our patience."""

    _due: asyncio.TimerHandle | None = None
    _due_for: Slowness = "no head"
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for a request, from now on."""
        super().connection_made(transport)
        self._expect("no head", HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """A request is answered, whether or not all of it came."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._expect_nothing()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes less than we send."""
        super().pause_writing()
        self._stuck = self._later(TAKE_SECONDS, self._drop_untaken)

    def resume_writing(self) -> None:
        """It has taken most of it."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _look(self) -> None:
        """What this connection waits for, by what came of it."""
        theirs, ours = self.conn.their_state, self.conn.our_state
        if theirs is h11.IDLE and self.conn.trailing_data[0]:
            self._expect("no head", HEAD_SECONDS)
        elif theirs is h11.SEND_BODY and ours in (h11.DONE, h11.MUST_CLOSE):
            self._expect("left over", LEFT_OVER_SECONDS)
        else:
            self._expect_nothing()

    def _expect(self, what: Slowness, seconds: float) -> None:
        """From its first byte on: another byte is no more time."""
        if self._due is None or self._due_for != what:
            self._expect_nothing()
            self._due, self._due_for = self._later(seconds, self._drop_late), what

    def _expect_nothing(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _drop_late(self) -> None:
        self._drop(self._due_for)

    def _drop_untaken(self) -> None:
        self._drop("not taken")

    def _drop(self, what: Slowness) -> None:
        if not self.transport.is_closing():
            DROPPED.labels(what).inc()
        self.transport.abort()

    def _later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, call)
