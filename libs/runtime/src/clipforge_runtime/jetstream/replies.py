"""Answers to requests, by an integer at the end of one inbox: a dictionary of futures, no tasks.

The client's own request makes a task, a timer and a random name for each; measured, that was more
than half of what a delivery cost.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Answer(Protocol):
    """What comes, and where."""

    @property
    def subject(self) -> str: ...


M = TypeVar("M", bound=Answer)

LOOK_SECONDS = 0.5


class Replies(Generic[M]):
    """Requests that wait for their one answer."""

    def __init__(self, inbox: str, *, seconds: float) -> None:
        """`seconds`: how long an answer may take. TimeoutError, raised at whoever asks, after."""
        self._inbox = inbox
        self._seconds = seconds
        self._waiting: dict[str, asyncio.Future[M]] = {}
        self._deadlines: deque[tuple[float, str]] = deque()  # in the order of asking
        self._numbers = itertools.count()
        self._loop = asyncio.get_running_loop()
        self._looking: asyncio.TimerHandle | None = None

    @property
    def subject(self) -> str:
        """Where answers come, all of them."""
        return f"{self._inbox}.*"

    def expect(self) -> tuple[str, asyncio.Future[M]]:
        """Where one answer is to come, and the answer."""
        token = str(next(self._numbers))
        answer: asyncio.Future[M] = self._loop.create_future()
        self._waiting[token] = answer
        self._deadlines.append((self._loop.time() + self._seconds, token))
        if self._looking is None:
            self._looking = self._loop.call_later(LOOK_SECONDS, self._look)
        return f"{self._inbox}.{token}", answer

    def forget(self, inbox: str) -> None:
        """Nobody waits for it any more."""
        self._waiting.pop(inbox.rsplit(".", 1)[-1], None)

    def came(self, message: M) -> None:
        """An answer. One that nobody waits for is late, and dropped."""
        answer = self._waiting.pop(message.subject.rsplit(".", 1)[-1], None)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def fail(self, error: Callable[[], Exception]) -> None:
        """No answer comes to any of them."""
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(error())

    def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        """One timer for all: an answer may be given up half a second late."""
        now = self._loop.time()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, token = self._deadlines.popleft()
            answer = self._waiting.pop(token, None)
            if answer is not None and not answer.done():
                answer.set_exception(TimeoutError())
        self._looking = self._loop.call_later(LOOK_SECONDS, self._look) if self._deadlines else None
