"""Seats: so many jobs of a tenant run at once in a stage, over all replicas.

A seat is a key in the bucket of progress. Whoever writes it first has it: the leader decides, so no
two have the same, and no more run than there are seats. It is kept by the heartbeat, and goes by
itself 45 s after the last. A worker that was frozen for longer may sit beside its successor.
"""

import json
import random
from dataclasses import dataclass
from typing import Final

from clipforge_contracts.pipeline import Stage
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream import progress
from clipforge_runtime.jetstream.connection import NOT_READY, ApiError, Connection, raise_error

TRIES: Final = 3  # free seats that somebody else was quicker to take
GONE_AFTER: Final = "1s"  # a seat that was left: the shortest that the server knows
TAKEN: Final = {10071, 10164}  # by somebody quicker


@dataclass(frozen=True)
class Seat:
    """A seat that is taken. `subject` is where it lies."""

    subject: str
    owner: str


async def take(
    connection: Connection, stage: Stage, whose: str, *, limit: int, owner: str
) -> Seat | None:
    """A free one of a tenant's seats, or of a group of jobs; None where all are taken."""
    row = f"$KV.{progress.BUCKET}.seats.{stage.name}.{whose}"
    taken = await _taken(connection, row)
    free = [n for n in range(limit) if f"{row}.{n}" not in taken]
    for n in random.sample(free, min(TRIES, len(free))):  # apart, so that few want the same
        seat = Seat(f"{row}.{n}", owner)
        if await _sit(connection, seat):
            return seat
    return None


async def keep(connection: Connection, seat: Seat) -> None:
    """Say that it is still taken. Not confirmed: the next beat repeats it."""
    await connection.publish(seat.subject, seat.owner.encode())


async def leave(connection: Connection, seat: Seat) -> None:
    """It is free a second from now."""
    await connection.publish(seat.subject, headers={"KV-Operation": "DEL", "Nats-TTL": GONE_AFTER})


async def _taken(connection: Connection, row: str) -> set[str]:
    try:
        info = await connection.api(
            f"STREAM.INFO.{progress.STREAM}", {"subjects_filter": f"{row}.*"}
        )
    except ApiError as error:
        if error.code == progress.MISSING:  # a new server: nobody sits
            return set()
        raise
    return set(info["state"].get("subjects") or {})


async def _sit(connection: Connection, seat: Seat) -> bool:
    answer = await connection.request(
        seat.subject, seat.owner.encode(), headers={"Nats-Expected-Last-Subject-Sequence": "0"}
    )
    try:
        raise_error(json.loads(answer.data))
    except ApiError as error:
        if error.err_code in TAKEN:
            return False
        if error.code == NOT_READY:
            raise Unavailable(str(error)) from error
        raise
    return True
