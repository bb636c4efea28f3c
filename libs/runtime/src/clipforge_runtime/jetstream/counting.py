"""The numbers of a queue, from the leaders: what waits, runs, and waits for its time."""

import asyncio
from typing import Any

from clipforge_contracts import subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Priority, deferrable
from clipforge_runtime.bus import Counts, Wait
from clipforge_runtime.jetstream import consumers, progress
from clipforge_runtime.jetstream.connection import Connection
from clipforge_runtime.jetstream.schedules import Schedules, subjects_of


async def counts(
    connection: Connection, stage: Stage, schedules: Schedules
) -> dict[Priority, Counts]:
    """See Reader.counts. What is held back under load is deferred, though it lies in the queue."""
    scheduled, deferring, *each = await asyncio.gather(
        schedules.count(stage),
        progress.is_deferring(connection, stage.name),
        *(_consumers(connection, stage, priority) for priority in Priority),
    )
    found = {}
    for priority, infos in zip(Priority, each, strict=True):
        waiting = sum(int(info["num_pending"]) for info in infos)
        paused = [info for info in infos if info.get("paused")]
        held = waiting if deferring and priority is deferrable(stage.name) else 0
        found[priority] = Counts(
            waiting=waiting - held,
            active=sum(int(info["num_ack_pending"]) for info in infos),
            delayed=scheduled.delayed[priority],
            deferred=scheduled.deferred[priority] + held,
            paused=len(paused) == len(infos),
            partly_paused=0 < len(paused) < len(infos),
        )
    return found


async def outstanding(connection: Connection, stage: Stage) -> int:
    """See JetStream.outstanding."""
    infos = await asyncio.gather(
        *(consumers.info(connection, name) for name in subjects.durables(stage))
    )
    return sum(int(info["num_pending"]) + int(info["num_ack_pending"]) for info in infos)


async def wait(connection: Connection, stage: Stage, *, priority: Priority, about: str) -> Wait:
    """See Reader.wait. `about`: the last tokens of the job's retries."""
    scheduled = await subjects_of(
        connection, subjects.STREAM, f"schedules.{stage.name}.*.*.{about}.*"
    )
    if scheduled:
        return "deferred" if any(map(subjects.is_deferred, scheduled)) else "delayed"
    if priority is deferrable(stage.name) and await progress.is_deferring(connection, stage.name):
        return "deferred"
    return "waiting"


async def _consumers(
    connection: Connection, stage: Stage, priority: Priority
) -> list[dict[str, Any]]:
    """What the leaders of a priority's consumers say of them, one a lane."""
    names = [subjects.durable(stage, priority, lane) for lane in Lane]
    return await asyncio.gather(*(consumers.info(connection, name) for name in names))
