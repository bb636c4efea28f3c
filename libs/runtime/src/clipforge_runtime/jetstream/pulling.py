"""Pull deliveries from several durable consumers, in shares of their weights.

While work waits, each free slot asks the consumers in smooth weighted order, one message at a time.
When nothing waits, one long poll stays open at each. A pull is never cancelled: its message would
be lost until the lease ends. What arrives late is kept, and whoever stops hands it back.
"""

import asyncio
import itertools
import json
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from clipforge_contracts import subjects
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.connection import Connection, Message
from clipforge_runtime.jetstream.delivery import JetStreamDelivery, Receipt
from clipforge_runtime.jetstream.turns import Turns

log = logging.getLogger(__name__)

LONG_POLL_SECONDS: Final = 20.0
HEARTBEAT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 2.0  # for a pull that does not wait; misses take 0.2 ms


@dataclass
class _Source:
    """One durable consumer, and whether a long poll is open at it."""

    durable: str
    poll: str = ""  # token of the open long poll
    heard: float = 0.0


@dataclass
class Pulls:
    """The pulls of one worker. Use as a context manager."""

    connection: Connection
    shares: Sequence[tuple[str, int]]
    _sources: list[_Source] = field(init=False)
    _arrived: deque[JetStreamDelivery] = field(default_factory=deque, init=False)
    _answer: asyncio.Future[Message | None] | None = field(default=None, init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _tokens: "itertools.count[int]" = field(default_factory=itertools.count, init=False)

    def __post_init__(self) -> None:
        self._sources = [_Source(durable) for durable, _ in self.shares]
        self._turns = Turns([weight for _, weight in self.shares])

    async def __aenter__(self) -> "Pulls":
        # Two inboxes: a delivery keeps its own subject, so the inbox alone tells what it answers.
        self._asked = self.connection.new_inbox()
        self._polled = self.connection.new_inbox()
        self._ends = [
            await self.connection.subscribe(f"{self._asked}.*", self._on_answer),
            await self.connection.subscribe(f"{self._polled}.*", self._on_poll),
        ]
        self.connection.reconnected.append(self._forget_polls)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> list[JetStreamDelivery]:
        """Ask for nothing more. What was under way has arrived by then, and is the result."""
        if self._forget_polls in self.connection.reconnected:
            self.connection.reconnected.remove(self._forget_polls)
        while self._ends:
            await self._ends.pop()()
        return self.surplus()

    def surplus(self) -> list[JetStreamDelivery]:
        """What has arrived and was not taken by `next`: hand it back."""
        late = list(self._arrived)
        self._arrived.clear()
        return late

    async def late(self) -> None:
        """Wait until there is a surplus."""
        while not self._arrived:
            self._news.clear()
            await self._news.wait()

    async def next(self) -> JetStreamDelivery:
        """The next delivery. Cancelling the wait loses nothing: it shows up in surplus()."""
        while True:
            if self._arrived:
                return self._arrived.popleft()
            if delivery := await self._ask_each():
                return delivery
            await self._open_polls()
            await self._wait_for_news()

    async def _ask_each(self) -> JetStreamDelivery | None:
        """One pull that does not wait at each consumer, until one has something."""
        # What has a poll open is empty: the poll would have brought what waits there.
        empty = {n for n, source in enumerate(self._sources) if source.poll}
        for n in self._turns.order():
            if n in empty:
                continue
            answer = await self._pull(self._sources[n].durable)
            if answer is not None:
                self._turns.took(n, empty)
                return JetStreamDelivery(answer, self.connection)
            empty.add(n)
        self._turns.took(None, empty)
        return None

    async def _pull(self, durable: str) -> Message | None:
        answer = self._answer = asyncio.get_running_loop().create_future()
        try:
            await self._send(durable, self._asked, {"batch": 1, "no_wait": True})
            await asyncio.wait((answer,), timeout=ANSWER_SECONDS)
        except Unavailable:
            return None
        except asyncio.CancelledError:
            if answer.done() and (message := answer.result()) is not None:
                self._keep(message)
            raise
        finally:
            self._answer = None  # should it come yet, _on_answer keeps it
        return answer.result() if answer.done() else None

    async def _open_polls(self) -> None:
        for source in self._sources:
            if source.poll:
                continue
            source.poll = str(next(self._tokens))
            source.heard = asyncio.get_running_loop().time()
            nanoseconds = 1_000_000_000
            request = {
                "batch": 1,
                "expires": int(LONG_POLL_SECONDS * nanoseconds),
                "idle_heartbeat": int(HEARTBEAT_SECONDS * nanoseconds),
            }
            try:
                await self._send(source.durable, self._polled, request, source.poll)
            except Unavailable:
                source.poll = ""

    async def _wait_for_news(self) -> None:
        """Until something arrives, a poll ends, or the server has fallen silent."""
        self._news.clear()
        if self._arrived:
            return
        try:
            async with asyncio.timeout(2 * HEARTBEAT_SECONDS):
                await self._news.wait()
        except TimeoutError:
            now = asyncio.get_running_loop().time()
            for source in self._sources:
                if source.poll and now - source.heard > 2 * HEARTBEAT_SECONDS:
                    source.poll = ""

    async def _send(
        self, durable: str, inbox: str, request: Mapping[str, object], poll: str = "0"
    ) -> None:
        await self.connection.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{subjects.STREAM}.{durable}",
            json.dumps(request).encode(),
            reply=f"{inbox}.{poll}",
        )

    async def _on_answer(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None if message.status else message)
        elif not message.status:
            self._keep(message)

    async def _on_poll(self, message: Message) -> None:
        now = asyncio.get_running_loop().time()
        if not message.status:
            for source in self._sources:
                if source.durable == Receipt.read(message.reply).consumer:
                    source.poll = ""
            self._keep(message)
            return
        for source in self._sources:
            if source.poll and message.subject.endswith(f".{source.poll}"):
                source.heard = now
                if message.status != "100":
                    source.poll = ""
                    self._news.set()
        if message.status not in ("100", "404", "408"):
            log.info("a pull ended: %s %s", message.status, message.headers.get("Description"))

    def _keep(self, message: Message) -> None:
        self._arrived.append(JetStreamDelivery(message, self.connection))
        self._news.set()

    def _forget_polls(self) -> None:
        """The server forgets its pulls with the connection."""
        for source in self._sources:
            source.poll = ""
        self._news.set()
