"""The connection to NATS, and requests to the JetStream API.

nats-py drops what it does not know of a consumer's configuration, and its fetch() cancels pulls, so
only its core is used: publish, subscribe, request, reconnect.
"""

import asyncio
import json
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.client import Client, Message, NatsError
from clipforge_runtime.jetstream.replies import Replies

log = logging.getLogger(__name__)

REQUEST_SECONDS: Final = 5.0
NOT_READY: Final = 503  # no leader, no quorum, or no room just now
NO_PEERS: Final = 10005  # an err_code; so it is while servers begin, and know little of each other
END_SECONDS: Final = 2.0  # for what is under way when a subscription ends
RECONNECT_SECONDS: Final = 0.25  # between two tries; a restarted server is back in 20 ms
# A server that answers no ping is left after 8 to 12 s, well within a lease. Two may be late: an
# event loop that was blocked for long hears its pong after the next ping.
PING_SECONDS: Final = 4
PINGS_LATE: Final = 2
# One that answers pings and nothing else is cut off from the others: longer than an election.
LEAVE_SECONDS: Final = 10.0


class ApiError(Exception):
    """The JetStream API answered with an error."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({err_code})")
        self.code = code
        self.err_code = err_code


class Connection:
    """One connection to NATS, under one service's name."""

    def __init__(self, client: Client, inbox_prefix: str) -> None:
        self._client = client
        self._inbox_prefix = inbox_prefix
        self._replies: Replies[Message] = Replies(self.new_inbox(), seconds=REQUEST_SECONDS)
        self._deaf_since: float | None = None  # since when the server has answered nothing
        self._back = asyncio.Event()
        self.reconnected: list[Callable[[], None]] = [self._back.set]

    @property
    def connected(self) -> bool:
        return bool(self._client.is_connected)

    def new_inbox(self) -> str:
        """A subject that only this connection listens to."""
        return f"{self._inbox_prefix}.{self._client.name_of_its_own}"

    async def publish(
        self,
        subject: str,
        body: bytes = b"",
        *,
        reply: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send and forget. Unavailable where the connection is lost for good."""
        try:
            await self._client.send(subject, body, reply=reply, headers=headers)
        except NatsError as error:
            raise Unavailable(str(error)) from error

    async def request(
        self, subject: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> Message:
        """Send and wait for the one answer. Unavailable where none comes, or none can come.

        While the connection is lost nothing is sent: it would come true once it is back, when
        whoever asked has been told that it did not.
        """
        if not self.connected and not self._client.is_closed:
            await self._wait_for_it(subject)
        inbox, answer = self._replies.expect()
        try:
            await self._client.send(subject, body, reply=inbox, headers=headers)
            message = await answer
        except (NatsError, TimeoutError, ConnectionError) as error:
            raise Unavailable(f"{subject}: {type(error).__name__}") from error
        finally:
            self._replies.forget(inbox)
        if message.status == str(NOT_READY):
            raise Unavailable(f"{subject}: nobody answers")
        return message

    async def _wait_for_it(self, subject: str) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._back.wait()
        except TimeoutError as error:
            raise Unavailable(f"{subject}: the log is away") from error

    async def _unanswered(self, began: float) -> None:
        """Go on at another server, where there is one, once this one has been deaf for long.

        Its connection is well, so nothing else would end it before a partition does.
        """
        now = asyncio.get_running_loop().time()
        if self._deaf_since is None:
            self._deaf_since = began
        if (
            self.connected
            and now - self._deaf_since > LEAVE_SECONDS
            and len(self._client.servers) > 1
        ):
            self._deaf_since = None
            log.warning(
                "the log's server has answered nothing for %.0f s: leaving it", LEAVE_SECONDS
            )
            await self._client.leave()

    def lost(self) -> None:
        """What was asked of a server that is gone will not be answered: it can be asked anew."""
        self._deaf_since = None
        self._back.clear()
        self._client.forget_unsent()
        self._replies.fail(lambda: ConnectionResetError("the connection was lost"))

    @asynccontextmanager
    async def answered(self) -> AsyncGenerator[None]:
        """Hear the answers to requests while the body runs."""
        await self._client.hear(self._replies.subject, self._replies.came)
        try:
            yield
        finally:
            self._replies.close()

    async def api(self, call: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call `$JS.API.<call>`. ApiError where it refuses, Unavailable where it is not ready."""
        began = asyncio.get_running_loop().time()
        try:
            answer = await self.request(
                f"$JS.API.{call}", json.dumps(body).encode() if body else b""
            )
            reply: dict[str, Any] = json.loads(answer.data)
            raise_error(reply)
        except Unavailable:
            await self._unanswered(began)
            raise
        except ApiError as error:
            if error.code == NOT_READY or error.err_code == NO_PEERS:
                await self._unanswered(began)
                raise Unavailable(str(error)) from error
            raise
        self._deaf_since = None
        return reply

    async def subscribe(
        self, subject: str, on_message: Callable[[Message], None]
    ) -> Callable[[], Awaitable[None]]:
        """Call `on_message` for each message; the result ends it, once all that came was heard."""
        stop = await self._client.hear(subject, on_message)

        async def end() -> None:
            try:
                async with asyncio.timeout(END_SECONDS):
                    await stop()
            except (NatsError, TimeoutError) as error:
                log.debug("ended a subscription without the server: %s", error)

        return end

    async def flush(self) -> None:
        """Wait until the server has seen everything sent, and we what it had to say to that.

        Unavailable where the connection is lost meanwhile.
        """
        try:
            await self._client.flushed()
        except (NatsError, TimeoutError) as error:
            raise Unavailable(str(error)) from error


@asynccontextmanager
async def connect(url: str, name: str) -> AsyncGenerator[Connection]:
    """Connect as `name`, and stay connected: lost connections are made anew for ever.

    `url` may name several servers, by commas; the user and password of the first are for all.

    Unavailable, raised into the block, where the server closes the connection for good.
    """
    inbox_prefix = f"_INBOX_{name}"
    closing = closed_for_good = False
    last_said = ""
    owner = asyncio.current_task()

    async def on_error(error: Exception) -> None:
        # A publish that is not permitted shows here, and as a timeout at the caller.
        nonlocal last_said
        said = str(error) or type(error).__name__
        if said != last_said:  # four times a second while the server is away
            log.warning("the log's connection says: %s", said)
        last_said = said

    async def on_disconnect() -> None:
        if not closing:
            log.warning("lost the connection to the log")
            connection.lost()

    async def on_closed() -> None:
        # By the server, e.g. for a password that is not valid any more: it is never made anew.
        nonlocal closed_for_good
        if not closing and owner is not None:
            closed_for_good = True
            owner.cancel()

    async def on_reconnect() -> None:
        nonlocal last_said
        last_said = ""
        log.info("connected to the log again")
        for listener in connection.reconnected:
            listener()

    urls = url.split(",")
    address = urlsplit(urls[0])
    client = Client()
    await client.connect(
        # Each process begins at another one; the client goes on to the next in turn, so that what
        # it leaves is what it comes to last.
        random.sample(urls, len(urls)),
        dont_randomize=True,
        # Not only in the address: those of a cluster's other servers, which the first one tells of,
        # come without.
        user=unquote(address.username) if address.username else None,
        password=unquote(address.password) if address.password else None,
        name=name,
        inbox_prefix=inbox_prefix.encode(),
        connect_timeout=5,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_SECONDS,  # type: ignore[arg-type]  # it only sleeps so long
        ping_interval=PING_SECONDS,
        max_outstanding_pings=PINGS_LATE,
        error_cb=on_error,
        disconnected_cb=on_disconnect,
        reconnected_cb=on_reconnect,
        closed_cb=on_closed,
    )
    connection = Connection(client, inbox_prefix)
    try:
        async with connection.answered():
            yield connection
    except asyncio.CancelledError:
        if closed_for_good and owner is not None:
            owner.uncancel()
            raise Unavailable(f"the log has closed the connection: {last_said}") from None
        raise
    finally:
        closing = True
        if client.is_connected:
            await _ended_well(client.flushed)  # what was acknowledged last, nobody has confirmed
        # Not drain(): it waits out its whole timeout, 30 s, on an open pull.
        await _ended_well(client.close)


async def _ended_well(step: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(END_SECONDS):
            await step()
    except (OSError, TimeoutError, NatsError) as error:  # it was lost just now, say
        log.warning("the log's connection did not close well: %r", error)


def raise_error(reply: Mapping[str, Any]) -> None:
    """Raise what the JetStream API complains of, if it does."""
    if error := reply.get("error"):
        raise ApiError(
            int(error.get("code", 0)), int(error.get("err_code", 0)), str(error.get("description"))
        )
