"""Where the jobs of a queue are: running, waiting for their time, or waiting for the longest."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from clipforge.v1.facts_pb2 import ChunkCut
from clipforge_contracts import subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Priority, deferrable
from clipforge_runtime.bus import Entry, Wait
from clipforge_runtime.cause import percent
from clipforge_runtime.jetstream import consumers, following, progress
from clipforge_runtime.jetstream.connection import ApiError, Connection
from clipforge_runtime.jetstream.publishing import NO_MESSAGE
from clipforge_runtime.jetstream.schedules import subjects_of


async def running(connection: Connection) -> set[str]:
    """Jobs that show signs of life, or did in the last 45 seconds."""
    try:
        found = await subjects_of(connection, progress.STREAM, f"$KV.{progress.BUCKET}.*.*")
    except ApiError as error:
        if error.code == progress.MISSING:  # the server is new, and nobody has reported yet
            return set()
        raise
    return {key.split(".")[2] for key in found}


async def scheduled(connection: Connection, stage: Stage) -> dict[str, Wait]:
    """Jobs that wait for their time, and whether they failed or were held back."""
    found = await subjects_of(connection, subjects.STREAM, subjects.delayed(stage))
    return {
        subjects.parse(one).about: "deferred" if subjects.is_deferred(one) else "delayed"
        for one in found
    }


async def reached(last: Callable[[str], Awaitable[Entry | None]], filters: Iterable[str]) -> float:
    """See Reader.reached. `last` reads the newest message under a filter."""
    found = await asyncio.gather(*map(last, filters))
    retries = [one for one in found if one is not None and not isinstance(one.fact, ChunkCut)]
    return max((percent(one.headers) for one in retries), default=0.0)


async def held_back(connection: Connection, stage: Stage) -> Priority | None:
    """The priority whose work is not started just now, though it lies in the queue."""
    deferring = await progress.is_deferring(connection, stage.name)
    return deferrable(stage.name) if deferring else None


async def oldest(connection: Connection, stage: Stage) -> datetime | None:
    """When the log stored the message that has waited for the longest; None: nothing waits."""
    found = await asyncio.gather(
        *(_oldest(connection, stage, priority, lane) for priority in Priority for lane in Lane)
    )
    return min(filter(None, found), default=None)


async def _oldest(
    connection: Connection, stage: Stage, priority: Priority, lane: Lane
) -> datetime | None:
    name = subjects.durable(stage, priority, lane)
    info = await consumers.info(connection, name)
    if not info["num_pending"]:
        return None
    after = int(info["delivered"]["stream_seq"])
    found = await asyncio.gather(
        *(_next(connection, after + 1, each) for each in subjects.work(stage, priority, lane))
    )
    return min(filter(None, found), default=None)


async def _next(connection: Connection, sequence: int, pattern: str) -> datetime | None:
    try:
        reply = await connection.api(
            f"STREAM.MSG.GET.{subjects.STREAM}", {"seq": sequence, "next_by_subj": pattern}
        )
    except ApiError as error:
        if error.err_code == NO_MESSAGE:
            return None
        raise
    return following.stored(reply["message"]).time
