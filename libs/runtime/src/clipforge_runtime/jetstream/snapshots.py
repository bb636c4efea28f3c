"""Snapshots of the log, by the server's own API: messages, consumers and what they have settled.

The server sends a snapshot in pieces and waits for replies, so neither side holds more than a
window of them. It takes it in the same way, under the name of a stream that does not exist yet.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from clipforge_contracts import subjects
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.connection import Connection, raise_error

PIECE_BYTES: Final = 128 * 1024
SILENCE_SECONDS: Final = 30.0  # without a piece: the server copies a large log before the first


class Broken(Exception):
    """The server ended a snapshot before it was whole, or does not take it; the text says why."""


async def taken(connection: Connection) -> tuple[dict[str, Any], AsyncGenerator[bytes]]:
    """What the server says of the log now, and the snapshot in pieces. Read all, or close it."""
    pieces: asyncio.Queue[Message] = asyncio.Queue()  # bounded by the server's window
    inbox = connection.new_inbox()
    end = await connection.subscribe(inbox, pieces.put_nowait)
    try:
        about = await connection.api(
            f"STREAM.SNAPSHOT.{subjects.STREAM}",
            {"deliver_subject": inbox, "chunk_size": PIECE_BYTES, "jsck": True},
        )
    except BaseException:
        await end()
        raise

    async def read() -> AsyncGenerator[bytes]:
        try:
            while True:
                piece = await _next(pieces)
                if not piece.data:
                    _look_at_the_end(piece)
                    return
                yield piece.data
                if piece.reply:
                    await connection.publish(piece.reply)  # more may come
        finally:
            await end()

    return {"config": about["config"], "state": about["state"]}, read()


async def given(connection: Connection, about: dict[str, Any], pieces: AsyncIterator[bytes]) -> int:
    """Bring the log back from a snapshot, where there is none; how many messages it holds."""
    begun = await connection.api(f"STREAM.RESTORE.{subjects.STREAM}", about)
    to = begun["deliver_subject"]
    async for piece in pieces:
        answer = await connection.request(to, piece)
        if answer.data:
            _look_at(json.loads(answer.data))
    restored: dict[str, Any] = json.loads((await connection.request(to)).data)
    _look_at(restored)
    return int(restored["state"]["messages"])


async def _next(pieces: "asyncio.Queue[Message]") -> Message:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await pieces.get()
    except TimeoutError:
        raise Unavailable(f"no piece of the snapshot came for {SILENCE_SECONDS:g} s") from None


def _look_at_the_end(last: Message) -> None:
    """The end is an empty piece; where it is not the whole, a status says so."""
    status, said = last.headers.get("Status", ""), last.headers.get("Description", "")
    if status and status != "204":
        raise Broken(f"The server broke the snapshot off: {status} {said}".strip())


def _look_at(reply: dict[str, Any]) -> None:
    try:
        raise_error(reply)
    except Exception as error:
        raise Broken(f"The server does not take this snapshot: {error}") from error
