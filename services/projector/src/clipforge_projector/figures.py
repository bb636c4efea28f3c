"""How far behind rows and queues are: what alerts ask for, measured by the one active projector."""

import asyncio
import contextlib
import logging
from datetime import datetime
from typing import Final

from prometheus_client import Gauge

from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Position
from clipforge_contracts import subjects
from clipforge_contracts.pipeline import PIPELINE, Stage
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream import JetStream

log = logging.getLogger(__name__)

BEHIND: Final = Gauge(
    "clipforge_projector_behind_seconds", "Age of the oldest fact that is no row yet; 0: none is"
)
OLDEST: Final = Gauge(
    "clipforge_queue_oldest_seconds",
    "Age of what waits for the longest; 0: nothing does",
    ["queue"],
)
UNKNOWN: Final = Gauge(
    "clipforge_queue_unknown",
    "1 where the log cannot say what waits in a queue: it is away, or a consumer is missing",
    ["queue"],
)
OUTSTANDING: Final = Gauge(
    "clipforge_stage_outstanding",
    "Deliveries of a stage that wait or run: what its autoscaler goes by; none where unknown",
    ["stage"],
)
EVERY_SECONDS: Final = 10.0  # an autoscaler looks every 15


async def keep_figures(sessions: Sessions, bus: JetStream) -> None:
    """For ever, by the one active projector."""
    try:
        while True:
            try:
                await measure(sessions, bus)
            except Unavailable as error:
                log.warning("could not measure how far behind rows and queues are: %s", error)
                OUTSTANDING.clear()
            # Ages grow by themselves; nothing announces them.
            await asyncio.sleep(EVERY_SECONDS)
    finally:
        OUTSTANDING.clear()  # on standby: another tells it


async def measure(sessions: Sessions, bus: JetStream) -> None:
    """Set the figures anew, in the log's time."""
    async with sessions() as session:
        found = await session.get(Position, subjects.STREAM)
    now = await bus.clock.true()
    BEHIND.set(_age(await bus.next_fact(found.seq if found else 0), now))
    for stage in PIPELINE:
        await _queue(bus, stage, now)


async def _queue(bus: JetStream, stage: Stage, now: datetime) -> None:
    try:
        oldest = await bus.oldest_waiting(stage)
        outstanding = await bus.outstanding(stage)
    except Unavailable as error:
        log.error("nobody knows what waits in %s: %s", stage.queue, error)
        UNKNOWN.labels(stage.queue).set(1)
        # An autoscaler without a number leaves everything as it is; an old one would mislead it.
        with contextlib.suppress(KeyError):
            OUTSTANDING.remove(stage.name)
        return
    OUTSTANDING.labels(stage.name).set(outstanding)
    UNKNOWN.labels(stage.queue).set(0)
    OLDEST.labels(stage.queue).set(_age(oldest, now))


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
