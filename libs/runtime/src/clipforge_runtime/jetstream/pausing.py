"""Pause and resume a stage: all of its consumers, as an operator means the queue as a whole."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from clipforge_contracts import subjects
from clipforge_contracts.pipeline import Stage
from clipforge_runtime.bus import DoneInPart, Unavailable
from clipforge_runtime.jetstream.connection import ApiError, Connection

FAR: Final = timedelta(days=3650)  # a pause has an end in JetStream; resume comes first
TRIES: Final = 3  # of each consumer, before the whole is said to be done in part
AGAIN_SECONDS: Final = 0.5


async def pause(connection: Connection, stage: Stage) -> None:
    """Nothing more is started, by no worker. Twice is no error. DoneInPart, Unavailable."""
    await _until(connection, stage, {"pause_until": (datetime.now(UTC) + FAR).isoformat()})


async def resume(connection: Connection, stage: Stage) -> None:
    """The same the other way."""
    await _until(connection, stage, None)


async def _until(connection: Connection, stage: Stage, wanted: dict[str, str] | None) -> None:
    """At once, and each whatever becomes of the others: one that is missing hinders none."""
    durables = subjects.durables(stage)
    ends = await asyncio.gather(
        *(_ask(connection, durable, wanted) for durable in durables), return_exceptions=True
    )
    failed = [end for end in ends if isinstance(end, BaseException)]
    for error in failed:
        if not isinstance(error, Unavailable | ApiError):
            raise error
    if len(failed) == len(durables):
        raise Unavailable(str(failed[0])) from failed[0]
    if failed:
        raise DoneInPart(
            f"{len(failed)} of the {len(durables)} consumers of {stage.queue} did not take it: "
            f"{failed[0]}"
        ) from failed[0]


async def _ask(connection: Connection, durable: str, wanted: dict[str, str] | None) -> None:
    for left in reversed(range(TRIES)):
        try:
            await connection.api(f"CONSUMER.PAUSE.{subjects.STREAM}.{durable}", wanted)
        except Unavailable:
            if not left:
                raise
            await asyncio.sleep(AGAIN_SECONDS)  # nothing announces the log's return
        else:
            return
