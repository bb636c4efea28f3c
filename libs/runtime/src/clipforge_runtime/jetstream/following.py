"""Follow the log in order without acknowledging: for the projector and for events to browsers.

Not nats-py's ordered consumer: it stalled 18 s when its node died. Pulls with heartbeats of a
second, and a new consumer from the last sequence + 1 after three seconds of silence.
"""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Final

from clipforge_contracts import subjects
from clipforge_contracts.facts import Unreadable, decode
from clipforge_runtime.bus import Entry, Reborn, Unavailable
from clipforge_runtime.jetstream import headers
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.connection import ApiError, Connection
from clipforge_runtime.jetstream.delivery import Receipt

log = logging.getLogger(__name__)

BATCH: Final = 200
POLL_SECONDS: Final = 10
SILENCE_SECONDS: Final = 3.0  # three missed heartbeats
INACTIVE_SECONDS: Final = 30  # the server forgets a follower that is gone
NANOSECONDS: Final = 1_000_000_000


async def follow(
    connection: Connection, name: str, *, after: int, filters: tuple[str, ...]
) -> AsyncGenerator[Entry]:
    """See Reader.follow."""
    position = after
    created = ""
    while True:
        try:
            created = await _still_the_same(connection, created, position)
            # aclosing: else whoever stops reading leaves the consumer and its inbox behind.
            async with aclosing(
                _follow_one_consumer(connection, name, position, filters)
            ) as entries:
                async for entry in entries:
                    position = entry.sequence
                    yield entry
        except (Unavailable, ApiError) as error:
            log.warning("following the log anew from %d: %s", position + 1, error)
            # Between two tries to reach a log that is away; nothing announces its return.
            await asyncio.sleep(0.5)


async def _still_the_same(connection: Connection, created: str, position: int) -> str:
    """When the stream was made. Reborn where it was another one, or held more, before."""
    info = await connection.api(f"STREAM.INFO.{subjects.STREAM}")
    now, last = str(info["created"]), int(info["state"]["last_seq"])
    if (created and now != created) or position > last:
        raise Reborn(f"read up to {position}; the log is of {now} now, and ends at {last}")
    return now


async def _follow_one_consumer(
    connection: Connection, name: str, after: int, filters: tuple[str, ...]
) -> AsyncGenerator[Entry]:
    """Until the consumer falls silent (Unavailable)."""
    arrived: asyncio.Queue[Message] = asyncio.Queue()  # bounded by BATCH: one pull at a time
    inbox = connection.new_inbox()
    consumer = f"{name}-follow-{inbox.rsplit('.', 1)[-1].lower()}"

    end = await connection.subscribe(inbox, arrived.put_nowait)
    try:
        await _create(connection, consumer, after, filters)
        while True:
            await connection.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{subjects.STREAM}.{consumer}",
                json.dumps(
                    {
                        "batch": BATCH,
                        "expires": POLL_SECONDS * NANOSECONDS,
                        "idle_heartbeat": NANOSECONDS,
                    }
                ).encode(),
                reply=inbox,
            )
            left = BATCH
            while left:
                message = await _next(arrived)
                if message.status == "100":
                    continue
                if message.status in ("404", "408"):
                    break
                if message.status:
                    raise Unavailable(f"{message.status} {message.headers.get('Description')}")
                left -= 1
                yield _delivered(message)
    finally:
        await end()
        await _delete(connection, consumer)


async def _next(arrived: "asyncio.Queue[Message]") -> Message:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await arrived.get()
    except TimeoutError:
        raise Unavailable("the log has fallen silent") from None


async def _create(
    connection: Connection, consumer: str, after: int, filters: tuple[str, ...]
) -> None:
    config = {
        "name": consumer,
        "ack_policy": "none",
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": after + 1,
        "filter_subjects": list(filters),
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": INACTIVE_SECONDS * NANOSECONDS,
    }
    await connection.api(
        f"CONSUMER.CREATE.{subjects.STREAM}.{consumer}",
        {"stream_name": subjects.STREAM, "config": config, "action": "create"},
    )


async def _delete(connection: Connection, consumer: str) -> None:
    """Politeness only: the server forgets an idle follower by itself."""
    if not connection.connected:
        return
    try:
        await connection.api(f"CONSUMER.DELETE.{subjects.STREAM}.{consumer}")
    except (Unavailable, ApiError) as error:
        log.debug("could not delete %s: %s", consumer, error)


def _delivered(message: Message) -> Entry:
    receipt = Receipt.read(message.reply)
    return entry(
        sequence=receipt.sequence,
        subject=message.subject,
        time=receipt.time,
        headers=dict(message.headers),
        body=message.data,
    )


def stored(message: dict[str, str]) -> Entry:
    """An Entry from an answer of STREAM.MSG.GET."""
    return entry(
        sequence=int(message["seq"]),
        subject=message["subject"],
        time=datetime.fromisoformat(message["time"][:26].rstrip("Z") + "+00:00"),
        headers=headers.read(base64.b64decode(message.get("hdrs", ""))),
        body=base64.b64decode(message.get("data", "")),
    )


def entry(
    *, sequence: int, subject: str, time: datetime, headers: dict[str, str], body: bytes
) -> Entry:
    """A message of the log as a reader sees it."""
    try:
        if subjects.forged(subject, headers.get("Nats-Scheduler", "")):
            raise Unreadable("it came by the schedule of a service that may not state it")
        fact = decode(headers.get("ce-type", ""), body)
    except Unreadable as error:
        log.warning("message %d of the log cannot be read: %s", sequence, error)
        fact = None
    return Entry(sequence, subject, time, headers.get("ce-id", ""), fact, headers)
