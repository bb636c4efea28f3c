"""Pull deliveries from the many durable consumers of a stage, in shares of their weights.

While work waits, each free slot asks the consumer whose turn it is, for one message; those that ask
the same one in the same turn of the loop ask together. A consumer that has nothing is not asked
again: one long poll stays open there, and brings what comes. So a fetch costs the same however many
consumers are empty. A pull is never cancelled: its message would
be lost until the lease ends. What a poll brings while no slot is free is handed back.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from clipforge_contracts import subjects
from clipforge_runtime import telemetry
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.connection import Connection
from clipforge_runtime.jetstream.delivery import JetStreamDelivery, Receipt
from clipforge_runtime.jetstream.turns import GroupedTurns, Queue

log = logging.getLogger(__name__)

NANOSECONDS: Final = 1_000_000_000
LONG_POLL_SECONDS: Final = 20
HEARTBEAT_SECONDS: Final = 5
SILENCE_SECONDS: Final = 2.0 * HEARTBEAT_SECONDS  # after that a poll is taken for lost
ANSWER_SECONDS: Final = 2.0  # for a pull that does not wait; misses take 0.2 ms
REST_SECONDS: Final = 1.0  # for a consumer that cannot be asked just now
ENDED: Final = ("404", "408")  # nothing there; the poll's time is over

ANSWERS: Final = ("hit", "miss", "polled", "expired")  # asked twice, polled twice

POLL: Final = json.dumps(
    {
        "batch": 1,
        "expires": LONG_POLL_SECONDS * NANOSECONDS,
        "idle_heartbeat": HEARTBEAT_SECONDS * NANOSECONDS,
    }
).encode()


class Closed(Exception):
    """Nothing more is fetched: the worker stops."""


@dataclass
class _Ask:
    """A slot that waits for a message, or for the word that there is none."""

    asked_at: float
    answer: asyncio.Future[Message | None]
    last: bool = False  # of those that asked together: the server's word that it is all is theirs


@dataclass
class _Source:
    """One durable consumer: who asks it, and whether it is known to be empty."""

    durable: str
    asks: deque[_Ask] = field(default_factory=deque)  # in the order of asking, and of answers
    unsent: int = 0  # of the asks, the last so many
    polled: bool = False  # a poll is open: it would have brought what waits there
    heard: float = 0.0  # the poll's last sign of life
    rests_until: float = 0.0

    def is_open(self, now: float) -> bool:
        """Whether it may have something that a pull would find."""
        return not self.polled and now >= self.rests_until


class Pulls:
    """The pulls of one worker's slots. Use as an async context manager."""

    def __init__(
        self,
        connection: Connection,
        stage: str,
        durables: Sequence[Sequence[str]],
        turns: GroupedTurns,
        late: Callable[[JetStreamDelivery], None] | None = None,
    ) -> None:
        """`durables` by group and member. `late` takes what arrives and no slot waits for."""
        self._connection = connection
        self._came = {answer: telemetry.PULLS.labels(stage, answer) for answer in ANSWERS}
        self._turns = turns
        self._late = late
        self._sources = {
            Queue(group, member): _Source(durable)
            for group, members in enumerate(durables)
            for member, durable in enumerate(members)
        }
        self._by_name = {source.durable: source for source in self._sources.values()}
        self._arrived: deque[JetStreamDelivery] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._wanting = 0
        self._held: frozenset[int] = frozenset()
        self._closed = False
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> "Pulls":
        # Two inboxes: a delivery keeps its own subject, so the inbox alone tells what it answers.
        self._asked = self._connection.new_inbox()
        self._polled = self._connection.new_inbox()
        self._ends = [
            await self._connection.subscribe(f"{self._asked}.*", self._on_answer),
            await self._connection.subscribe(f"{self._polled}.*", self._on_poll),
        ]
        self._connection.reconnected.append(self._forget_polls)
        self._look()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> list[JetStreamDelivery]:
        """Ask for nothing more. What was under way and nobody took has arrived: the result."""
        self._closed = True
        self._looking.cancel()
        if self._forget_polls in self._connection.reconnected:
            self._connection.reconnected.remove(self._forget_polls)
        while self._ends:
            await self._ends.pop()()
        for source in self._sources.values():
            self._answer_all(source)
        self._wake(len(self._waiting))
        left = list(self._arrived)
        self._arrived.clear()
        return left

    async def next(self) -> JetStreamDelivery:
        """The next delivery. Every free slot may wait for one. Closed once it is closed."""
        self._wanting += 1
        try:
            while not self._closed:
                if self._arrived:
                    self._wake()  # where this one came from there may be more
                    return self._arrived.popleft()
                now = self._loop.time()
                contenders = [
                    one
                    for one, source in self._sources.items()
                    if one.group not in self._held and source.is_open(now)
                ]
                if not contenders:
                    await self._news()
                    continue
                turn = self._turns.take(contenders)
                if message := await self._ask(self._sources[turn]):
                    return JetStreamDelivery(message, self._connection)
                self._turns.give_back(turn, contenders)
            raise Closed
        finally:
            self._wanting -= 1
            self._hand_back_surplus()

    def hold(self, groups: Collection[int]) -> None:
        """Ask nothing of these for now. What a poll that is open brings from there still counts."""
        if groups != self._held:
            self._held = frozenset(groups)
            self._wake()

    async def _ask(self, source: _Source) -> Message | None:
        """One pull that does not wait; where it finds nothing, one that does is left open."""
        ask = _Ask(self._loop.time(), self._loop.create_future())
        source.asks.append(ask)
        source.unsent += 1
        try:
            if source.unsent == 1:
                try:
                    await asyncio.sleep(0)  # whoever asks in this turn of the loop asks with it
                finally:  # the others count on it, also where this one is cancelled
                    await self._send_asks(source)
            message = await ask.answer
            if message is None and source.is_open(self._loop.time()) and not self._closed:
                source.polled = True
                source.heard = self._loop.time()
                await self._send(source, self._polled, POLL)
            return message
        except Unavailable:
            self._rest(source)
            self._answer_all(source)
            return None
        except asyncio.CancelledError:
            if ask.answer.done() and not ask.answer.cancelled() and (found := ask.answer.result()):
                self._keep(found)
            raise

    async def _send_asks(self, source: _Source) -> None:
        count, source.unsent = source.unsent, 0
        if not count:  # they have been told that there is no answer
            return
        source.asks[-1].last = True
        request = json.dumps({"batch": count, "no_wait": True}).encode()
        await self._send(source, self._asked, request)

    async def _send(self, source: _Source, inbox: str, request: bytes) -> None:
        await self._connection.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{subjects.STREAM}.{source.durable}",
            request,
            reply=f"{inbox}.{source.durable}",
        )

    async def _news(self) -> None:
        """Until something arrives, or a consumer may have something."""
        waiting = self._loop.create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._wake()  # it was meant for whoever waits
            raise

    def _on_answer(self, message: Message) -> None:
        source = self._of(message)
        if message.status and message.status not in ENDED:
            self._refused(source, message)
        self._came["miss" if message.status else "hit"].inc()
        if message.status:
            self._no_more(source)
        elif not self._answer(source, message):
            self._keep(message)

    def _on_poll(self, message: Message) -> None:
        source = self._of(message)
        if message.status == "100":
            source.heard = self._loop.time()
            return
        source.polled = False
        self._came["expired" if message.status else "polled"].inc()
        if not message.status:
            self._keep(message)
            return
        if message.status not in ENDED:
            self._refused(source, message)
        self._wake()

    def _of(self, message: Message) -> _Source:
        """Where it comes from: a delivery says so in its reply, a status in its subject."""
        if message.status:
            return self._by_name[message.subject.rsplit(".", 1)[-1]]
        return self._by_name[Receipt.read(message.reply).consumer]

    @staticmethod
    def _answer(source: _Source, message: Message) -> bool:
        """Give it to whoever asked first; False where nobody does, or does not wait any more."""
        if not source.asks:
            return False
        ask = source.asks.popleft()
        if ask.answer.done():
            return False
        ask.answer.set_result(message)
        return True

    @staticmethod
    def _no_more(source: _Source) -> None:
        """Those that asked together and have no message yet get none."""
        while source.asks:
            ask = source.asks.popleft()
            if not ask.answer.done():
                ask.answer.set_result(None)
            if ask.last:
                return

    def _answer_all(self, source: _Source) -> None:
        """Nobody will answer them."""
        source.unsent = 0
        while source.asks:
            self._no_more(source)

    def _refused(self, source: _Source, message: Message) -> None:
        log.info("a pull ended: %s %s", message.status, message.headers.get("Description"))
        self._rest(source)

    def _rest(self, source: _Source) -> None:
        """Do not ask it at once again: it would refuse as fast as it is asked."""
        source.rests_until = self._loop.time() + REST_SECONDS

    def _keep(self, message: Message) -> None:
        self._arrived.append(JetStreamDelivery(message, self._connection))
        self._wake()
        self._hand_back_surplus()

    def _hand_back_surplus(self) -> None:
        while self._late is not None and not self._closed and len(self._arrived) > self._wanting:
            self._late(self._arrived.pop())

    def _wake(self, count: int = 1) -> None:
        while count and self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                count -= 1

    def _look(self) -> None:
        """Once a second: what has fallen silent is taken for lost, and asked anew."""
        now = self._loop.time()
        for source in self._sources.values():
            if source.polled and now - source.heard > SILENCE_SECONDS:
                source.polled = False
            while source.asks and now - source.asks[0].asked_at > ANSWER_SECONDS:
                self._no_more(source)
        if any(source.is_open(now) for source in self._sources.values()):
            self._wake()
        self._looking = self._loop.call_later(1.0, self._look)

    def _forget_polls(self) -> None:
        """The server forgets its pulls with the connection."""
        for source in self._sources.values():
            source.polled = False
            self._answer_all(source)
        self._wake()
