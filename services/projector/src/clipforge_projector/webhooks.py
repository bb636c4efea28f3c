"""What webhooks are owed: deliveries become due, dead endpoints are disabled, old entries go.

A row of a delivery is written with what it tells of, in one transaction. Here it is stated, which
brings it to a worker; stated twice, it is the same fact.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Gauge
from sqlmodel import col, delete, select

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ClipExported, ClipsDetected, StageFailed, WebhookDisabled
from clipforge_catalog.database import Sessions
from clipforge_catalog.queries import webhooks
from clipforge_catalog.queries.page import Cursor
from clipforge_catalog.tables import Job, Webhook, WebhookAttempt, WebhookDelivery
from clipforge_contracts import ids
from clipforge_contracts.lanes import lane_of
from clipforge_contracts.pipeline import WEBHOOKS
from clipforge_projector.causes import of_no_project, webhook_due
from clipforge_runtime.bus import Entry, Unavailable
from clipforge_runtime.jetstream import JetStream

log = logging.getLogger(__name__)

DISABLED: Final = Gauge(
    "clipforge_webhooks_disabled", "Endpoints that were disabled for failing, or said they are gone"
)

EVERY_SECONDS: Final = 30.0
AT_ONCE: Final = 200  # rows looked at together
DEAD_AFTER: Final = timedelta(days=5)  # of failures only, a delivery that was given up among them
GIVEN_UP: Final = (
    "It has accepted nothing for {days} days, and at least one delivery was given up. "
    "Mend it, then enable it again; what was missed can be redelivered."
)
OF_INTEREST: Final = (ClipsDetected, ClipExported, StageFailed)


class Webhooks:
    """Rounds: one every half minute, and one at once when something may be owed."""

    def __init__(self, sessions: Sessions, bus: JetStream, kept: timedelta) -> None:
        self._sessions = sessions
        self._bus = bus
        self._kept = kept
        self._wake = asyncio.Event()

    def hear(self, entries: Sequence[Entry]) -> None:
        """Facts that have just become rows."""
        if any(isinstance(entry.fact, OF_INTEREST) for entry in entries):
            self._wake.set()

    async def work(self) -> None:
        """For ever, by the one active projector."""
        tidy_at = 0.0
        now = asyncio.get_running_loop().time
        while True:
            self._wake.clear()
            try:
                await state_due(self._sessions, self._bus)
                if now() >= tidy_at:
                    tidy_at = now() + EVERY_SECONDS
                    true = await self._bus.clock.true()
                    await disable_dead(self._sessions, self._bus, now=true)
                    await forget(self._sessions, before=true - self._kept)
            except Unavailable as error:
                log.warning("could not state what webhooks are owed: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._wake.wait()


async def state_due(sessions: Sessions, bus: JetStream) -> int:
    """State the deliveries that nothing brings to a worker yet; how many there were."""
    lanes: Counter[str] = Counter()
    after: Cursor | None = None
    while True:
        async with sessions() as session:
            found = await webhooks.to_state(session, after=after, limit=AT_ONCE)
        for row, endpoint, tenant in found:
            fact = webhook_due(row, endpoint, tenant)
            lane = lane_of(lanes[row.tenant_id])
            await bus.state(fact, fact_id=ids.derive("evt", row.id, "due"), lane=lane, once=True)
            lanes[row.tenant_id] += 1
            after = Cursor(row.sequence, row.id)
        if len(found) < AT_ONCE:
            return lanes.total()


async def disable_dead(sessions: Sessions, bus: JetStream, *, now: datetime) -> int:
    """Say of endpoints that have failed for days that they are disabled; how many there were."""
    async with sessions() as session:
        dead = await webhooks.failing(session, since=now - DEAD_AFTER, limit=AT_ONCE)
        DISABLED.set(await webhooks.count_disabled(session))
    for row, tenant in dead:
        whose = of_no_project(row.tenant_id, tenant)
        fact = WebhookDisabled(
            project=ProjectRef(tenant_id=whose.tenant_id, plan=whose.plan),
            webhook_id=row.id,
            revision=row.revision,
            reason="failing",
            sentence=GIVEN_UP.format(days=DEAD_AFTER.days),
        )
        await bus.state(fact, fact_id=ids.derive("evt", row.id, "disabled", row.revision))
        log.warning("webhook %s of %s is disabled: it fails for days", row.id, row.tenant_id)
    return len(dead)


async def forget(sessions: Sessions, *, before: datetime) -> int:
    """Remove what ended before a time from the delivery log, some at a time; how much."""
    async with sessions.begin() as session:
        old = await webhooks.ended_before(session, before, limit=AT_ONCE)
        ended = select(Job.id).where(Job.stage == WEBHOOKS.name, col(Job.finished_at) < before)
        await session.exec(delete(Job).where(col(Job.id).in_(ended.limit(AT_ONCE))))
        await session.exec(delete(WebhookAttempt).where(col(WebhookAttempt.delivery_id).in_(old)))
        await session.exec(delete(WebhookDelivery).where(col(WebhookDelivery.id).in_(old)))
        await session.exec(delete(Webhook).where(col(Webhook.deleted_at) < before))
    return len(old)
