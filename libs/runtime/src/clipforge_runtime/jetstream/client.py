"""The one client of NATS, made lean. The only file that imports nats.

nats-py's own way of a message costs more than the work on it: a queue and a task for each
subscription, a check of every header and subject. Its connection is kept, with all that it knows of
servers and reconnecting; what goes over it is written and heard here. See ADR 19.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from nats.aio.client import Client as NatsClient
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError, OutboundBufferLimitError, StaleConnectionError
from nats.errors import Error as NatsError

from clipforge_runtime.jetstream import headers as blocks

__all__ = ["Client", "Message", "NatsError"]

log = logging.getLogger(__name__)

NO_HEADERS: Final[dict[str, str]] = {}


class Message(NamedTuple):
    """A message as it came from the wire."""

    subject: str
    reply: str
    data: bytes
    headers: Mapping[str, str]

    @property
    def status(self) -> str:
        """`404`, `408`, `409`, `100`, ... of a message by the server itself; empty for others."""
        return self.headers.get(blocks.STATUS, "") if not self.data else ""


class Client(NatsClient):
    """A connection to NATS that hands messages over in the moment they come in."""

    def __init__(self) -> None:
        super().__init__()
        self._hearers: dict[int, Callable[[Message], None]] = {}

    @property
    def name_of_its_own(self) -> str:
        """Letters that nobody else uses, for an inbox."""
        return str(self._nuid.next().decode())

    async def send(
        self, subject: str, body: bytes, *, reply: str, headers: Mapping[str, str] | None
    ) -> None:
        """Write a message, together with all that is written in the same turn of the loop.

        NatsError where the connection is closed, or away with more waiting than it may hold.
        """
        if self.is_closed:
            raise ConnectionClosedError
        if headers:
            block = blocks.write(headers)
            sizes = f"{len(block)} {len(block) + len(body)}"
            frame = b"HPUB %b\r\n%b%b\r\n" % (
                f"{subject} {reply} {sizes}".encode(),
                block,
                body,
            )
        else:
            frame = b"PUB %b\r\n%b\r\n" % (f"{subject} {reply} {len(body)}".encode(), body)
        waiting = self._pending_data_size + len(frame)
        if not self.is_connected and waiting > self._max_pending_size:
            raise OutboundBufferLimitError
        await self._send_command(frame)
        if self._flush_queue is not None and self._flush_queue.empty():
            await self._flush_pending()

    async def hear(
        self, subject: str, on_message: Callable[[Message], None]
    ) -> Callable[[], Awaitable[None]]:
        """Call `on_message` for each message; the result ends it, once all that came was heard."""
        subscription = await self.subscribe(subject)
        self._hearers[subscription._id] = on_message

        async def end() -> None:
            await self._hear_no_more(subscription)

        return end

    async def flushed(self) -> None:
        """Wait until the server has seen everything sent, and we what it had to say to that.

        NatsError or TimeoutError where the connection is lost meanwhile.
        """
        # The client's own flush sends its ping past what is still in its buffer.
        await self._flush_pending(force_flush=True)
        await self.flush()

    def forget_unsent(self) -> None:
        """Of a connection that is lost: whoever wrote it is told that it was not sent."""
        self._pending.clear()
        self._pending_data_size = 0

    async def leave(self) -> None:
        """Go on at another server."""
        await self._process_op_err(StaleConnectionError())

    async def _process_op_err(self, e: Exception) -> None:
        # Else it waits, before it connects anew, until the old server has taken what was written.
        writer: asyncio.StreamWriter | None = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()
        await super()._process_op_err(e)

    async def _hear_no_more(self, subscription: Subscription) -> None:
        try:
            if self.is_connected:
                await self._send_unsubscribe(subscription._id)
                await self.flushed()
        finally:  # also where the connection is lost: else it comes back with it
            self._hearers.pop(subscription._id, None)
            subscription._closed = True
            self._remove_sub(subscription._id)

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: Any
    ) -> None:
        on_message = self._hearers.get(sid)
        if on_message is None:  # one that has just ended
            return
        read = blocks.read(headers) if headers else NO_HEADERS
        try:
            on_message(Message(subject.decode(), reply.decode(), data, read))
        except Exception:  # of ours: it must not end the reading of all the others
            log.exception("a message on %s was not heard", subject.decode(errors="replace"))
