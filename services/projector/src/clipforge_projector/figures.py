"""How far behind rows and queues are: what alerts ask for, measured by the one active projector."""

import asyncio
import contextlib
import logging
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import distinct
from sqlmodel import col, func, select

from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Position, Usage
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
QUEUED: Final = Gauge(
    "clipforge_queue_jobs",
    "Deliveries of a queue: waiting, active, delayed (a retry) or deferred (a limit, or load)",
    ["queue", "state"],
)
STATES: Final = ("waiting", "active", "delayed", "deferred")
ACTIVE: Final = Gauge(
    "clipforge_tenants_active", "Tenants that used anything in the last 30 days, counted each hour"
)
EVERY_SECONDS: Final = 10.0  # an autoscaler looks every 15
MONTH: Final = timedelta(days=30)
TENANTS_EVERY_SECONDS: Final = 3600.0


async def keep_figures(sessions: Sessions, bus: JetStream) -> None:
    """For ever, by the one active projector."""
    loop = asyncio.get_running_loop()
    count_at = loop.time()
    try:
        while True:
            try:
                await measure(sessions, bus)
                if loop.time() >= count_at:
                    await count_tenants(sessions, bus)
                    count_at = loop.time() + TENANTS_EVERY_SECONDS
            except Unavailable as error:
                log.warning("could not measure how far behind rows and queues are: %s", error)
                _forget()
                for stage in PIPELINE:
                    UNKNOWN.labels(stage.queue).set(1)
            # Ages grow by themselves; nothing announces them.
            await asyncio.sleep(EVERY_SECONDS)
    finally:
        _forget()  # on standby: another tells it


async def measure(sessions: Sessions, bus: JetStream) -> None:
    """Set the figures anew, in the log's time."""
    async with sessions() as session:
        found = await session.get(Position, subjects.STREAM)
    now = await bus.clock.true()
    BEHIND.set(_age(await bus.next_fact(found.seq if found else 0), now))
    for stage in PIPELINE:
        await _queue(bus, stage, now)


async def count_tenants(sessions: Sessions, bus: JetStream) -> None:
    """Set how many tenants used anything in the month before now, in the log's time."""
    since = await bus.clock.true() - MONTH
    used = select(func.count(distinct(col(Usage.tenant_id)))).where(col(Usage.at) >= since)
    async with sessions() as session:
        ACTIVE.set((await session.exec(used)).one())


def _forget() -> None:
    """Old numbers would mislead autoscalers and alerts: none is better."""
    for gauge in (OUTSTANDING, QUEUED, OLDEST, UNKNOWN):
        gauge.clear()
    BEHIND.set(0)
    ACTIVE.set(0)


async def _queue(bus: JetStream, stage: Stage, now: datetime) -> None:
    try:
        oldest = await bus.oldest_waiting(stage)
        outstanding = await bus.outstanding(stage)
        counts = (await bus.counts(stage)).values()
    except Unavailable as error:
        log.error("nobody knows what waits in %s: %s", stage.queue, error)
        UNKNOWN.labels(stage.queue).set(1)
        # An autoscaler without a number leaves everything as it is; an old one would mislead it.
        with contextlib.suppress(KeyError):
            OUTSTANDING.remove(stage.name)
            for state in STATES:
                QUEUED.remove(stage.queue, state)
        return
    OUTSTANDING.labels(stage.name).set(outstanding)
    for state in STATES:
        QUEUED.labels(stage.queue, state).set(sum(getattr(each, state) for each in counts))
    UNKNOWN.labels(stage.queue).set(0)
    OLDEST.labels(stage.queue).set(_age(oldest, now))


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
