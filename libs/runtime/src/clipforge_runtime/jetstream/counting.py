"""The numbers of a queue, from the leaders: what waits, runs, and waits for its time."""

import asyncio
from collections import Counter
from typing import Any

from clipforge_contracts import subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Priority, deferrable
from clipforge_runtime.bus import Counts, Wait
from clipforge_runtime.jetstream import progress
from clipforge_runtime.jetstream.connection import Connection


async def counts(connection: Connection, stage: Stage) -> dict[Priority, Counts]:
    """See Reader.counts. What is held back under load is deferred, though it lies in the queue."""
    (delayed, deferred), deferring, *each = await asyncio.gather(
        _scheduled(connection, stage),
        progress.is_deferring(connection, stage.name),
        *(_consumers(connection, stage, priority) for priority in Priority),
    )
    found = {}
    for priority, infos in zip(Priority, each, strict=True):
        waiting = sum(int(info["num_pending"]) for info in infos)
        held = waiting if deferring and priority is deferrable(stage.name) else 0
        found[priority] = Counts(
            waiting=waiting - held,
            active=sum(int(info["num_ack_pending"]) for info in infos),
            delayed=delayed[priority],
            deferred=deferred[priority] + held,
            paused=all(info.get("paused", False) for info in infos),
        )
    return found


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
    return await asyncio.gather(
        *(connection.api(f"CONSUMER.INFO.{subjects.STREAM}.{name}") for name in names)
    )


async def _scheduled(
    connection: Connection, stage: Stage
) -> tuple[Counter[Priority], Counter[Priority]]:
    """The delayed and the deferred."""
    delayed: Counter[Priority] = Counter()
    deferred: Counter[Priority] = Counter()
    for subject in await subjects_of(connection, subjects.STREAM, subjects.delayed(stage)):
        kind = deferred if subjects.is_deferred(subject) else delayed
        kind[subjects.parse(subject).priority] += 1
    return delayed, deferred


async def subjects_of(connection: Connection, stream: str, pattern: str) -> list[str]:
    """Every subject of a stream under a filter."""
    found: list[str] = []
    while True:  # the server answers with at most 100,000 subjects a page
        info = await connection.api(
            f"STREAM.INFO.{stream}", {"subjects_filter": pattern, "offset": len(found)}
        )
        page = info["state"].get("subjects") or {}
        found += page
        if not page or len(found) >= int(info.get("total", 0)):
            return found
