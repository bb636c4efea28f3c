"""One delivery as JetStream hands it over. What it says of itself stands in its reply subject."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from clipforge_contracts import subjects
from clipforge_runtime.bus import Headers
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.connection import Connection


@dataclass(frozen=True)
class Receipt:
    """What a reply subject tells of the message that it came with."""

    consumer: str
    deliveries: int
    sequence: int
    nanoseconds: int

    @property
    def time(self) -> datetime:
        """When the log stored it."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.nanoseconds // 1000)

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
        return cls(consumer, int(deliveries), int(sequence), int(nanoseconds))


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
        return self.receipt.sequence

    @property
    def deliveries(self) -> int:
        return self.receipt.deliveries

    @cached_property
    def receipt(self) -> Receipt:
        return Receipt.read(self.message.reply)

    async def ack(self) -> None:
        await self.connection.publish(self.message.reply, b"+ACK")

    async def in_progress(self) -> None:
        await self.connection.publish(self.message.reply, b"+WPI")
