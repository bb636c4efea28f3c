"""One delivery as JetStream hands it over. What it says of itself stands in its reply subject."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from clipforge_contracts import subjects
from clipforge_runtime.bus import Headers, Unavailable
from clipforge_runtime.jetstream.connection import Connection, Message

ACK_SECONDS: Final = 15.0  # longer than the election of a new leader
ASK_AGAIN_SECONDS: Final = 0.25


@dataclass(frozen=True)
class Receipt:
    """What a reply subject tells of the message that it came with."""

    consumer: str
    deliveries: int
    sequence: int
    time: datetime

    @classmethod
    def read(cls, reply: str) -> "Receipt":
        """Parse `$JS.ACK[.<domain>.<account>].<stream>.<consumer>.<deliveries>.<sequence>...`."""
        tokens = reply.split(".")
        if tokens[:2] != ["$JS", "ACK"] or len(tokens) < 9:
            raise ValueError(f"{reply!r} acknowledges nothing")
        # Nine tokens, or eleven and more where domain and account come first.
        _, consumer, deliveries, sequence, _, nanoseconds, *_ = tokens[
            2 if len(tokens) == 9 else 4 :
        ]
        since = timedelta(microseconds=int(nanoseconds) // 1000)
        return cls(
            consumer, int(deliveries), int(sequence), datetime(1970, 1, 1, tzinfo=UTC) + since
        )


@dataclass(frozen=True)
class JetStreamDelivery:
    """A Delivery on JetStream."""

    message: Message
    connection: Connection

    @property
    def subject(self) -> str:
        return self.message.subject

    @property
    def data(self) -> bytes:
        return self.message.data

    @property
    def headers(self) -> Headers:
        return self.message.headers

    @property
    def stream(self) -> str:
        return subjects.STREAM

    @property
    def sequence(self) -> int:
        return Receipt.read(self.message.reply).sequence

    @property
    def deliveries(self) -> int:
        return Receipt.read(self.message.reply).deliveries

    async def ack(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ACK_SECONDS
        while True:
            try:
                await self.connection.request(self.message.reply, b"+ACK")
                return
            except Unavailable:
                if loop.time() > deadline:
                    raise
                # A restarting server refuses at once; nothing announces that it is ready.
                await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def in_progress(self) -> None:
        await self.connection.publish(self.message.reply, b"+WPI")
