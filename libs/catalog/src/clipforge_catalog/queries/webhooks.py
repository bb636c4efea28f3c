"""Webhooks of a tenant, what was delivered to them, and what is due."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, exists, func, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries.page import Cursor, Page, page
from clipforge_catalog.tables import (
    DeliveryState,
    Tenant,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
)


async def get(session: AsyncSession, tenant: str, webhook: str) -> Webhook | None:
    row = await session.get(Webhook, webhook)
    return row if row and row.tenant_id == tenant and row.deleted_at is None else None


async def of_tenant(
    session: AsyncSession, tenant: str, *, after: Cursor | None = None, limit: int = 20
) -> Page[Webhook]:
    """Newest first."""
    where = (col(Webhook.tenant_id) == tenant, col(Webhook.deleted_at).is_(None))
    return await page(session, Webhook, *where, after=after, limit=limit)


async def that_hear(session: AsyncSession, tenant: str, event: str) -> Sequence[Webhook]:
    """The endpoints that are to be told of an event."""
    statement = select(Webhook).where(
        Webhook.tenant_id == tenant,
        col(Webhook.enabled).is_(True),
        col(Webhook.deleted_at).is_(None),
    )
    return [row for row in (await session.exec(statement)).all() if event in row.events]


async def deliveries(
    session: AsyncSession,
    webhook: str,
    *,
    state: DeliveryState | None = None,
    event: str | None = None,
    after: Cursor | None = None,
    limit: int = 20,
) -> Page[WebhookDelivery]:
    """Newest first."""
    where = [col(WebhookDelivery.webhook_id) == webhook]
    if state is not None:
        where.append(col(WebhookDelivery.state) == state)
    if event is not None:
        where.append(col(WebhookDelivery.event) == event)
    return await page(session, WebhookDelivery, *where, after=after, limit=limit)


async def delivery(session: AsyncSession, webhook: str, delivery: str) -> WebhookDelivery | None:
    row = await session.get(WebhookDelivery, delivery)
    return row if row and row.webhook_id == webhook else None


async def attempts(session: AsyncSession, delivery: str) -> Sequence[WebhookAttempt]:
    """The first one first. A policy has ten at most."""
    statement = select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery)
    return (await session.exec(statement.order_by(col(WebhookAttempt.n)).limit(100))).all()


async def to_state(
    session: AsyncSession, *, after: Cursor | None, limit: int
) -> Sequence[tuple[WebhookDelivery, Webhook, Tenant | None]]:
    """Deliveries that nothing brings to a worker yet, oldest first: what is told, where, whose."""
    place = tuple_(col(WebhookDelivery.sequence), col(WebhookDelivery.id))
    statement = (
        select(WebhookDelivery, Webhook, Tenant)
        .join(Webhook, col(Webhook.id) == col(WebhookDelivery.webhook_id))
        .outerjoin(Tenant, col(Tenant.id) == col(WebhookDelivery.tenant_id))
        .where(col(WebhookDelivery.due_sequence).is_(None))
        .order_by(col(WebhookDelivery.sequence), col(WebhookDelivery.id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(place > (after.sequence, after.id))
    return (await session.exec(statement)).all()


async def failing(
    session: AsyncSession, *, since: datetime, limit: int
) -> Sequence[tuple[Webhook, Tenant | None]]:
    """Endpoints that have accepted nothing since a time, and of which a delivery was given up."""
    given_up = exists().where(
        col(WebhookDelivery.webhook_id) == col(Webhook.id),
        col(WebhookDelivery.state) == DeliveryState.FAILED,
        col(WebhookDelivery.finished_at) >= col(Webhook.failing_since),
    )
    statement = (
        select(Webhook, Tenant)
        .outerjoin(Tenant, col(Tenant.id) == col(Webhook.tenant_id))
        .where(
            col(Webhook.enabled).is_(True),
            col(Webhook.deleted_at).is_(None),
            col(Webhook.failing_since) < since,
            given_up,
        )
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def count_disabled(session: AsyncSession) -> int:
    """How many endpoints were disabled, and not by their owners."""
    statement = select(func.count()).where(
        col(Webhook.disabled_reason).is_not(None),
        col(Webhook.enabled).is_(False),
        col(Webhook.deleted_at).is_(None),
    )
    return (await session.exec(statement)).one()


async def ended_before(session: AsyncSession, time: datetime, *, limit: int) -> Sequence[str]:
    """Deliveries that are over, and began before a time."""
    statement = select(WebhookDelivery.id).where(
        col(WebhookDelivery.created_at) < time,
        col(WebhookDelivery.state) != DeliveryState.WAITING,
    )
    return (await session.exec(statement.limit(limit))).all()
