"""Facts about webhooks: the endpoints, what is to be told to them, and what became of it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.queries import webhooks
from clipforge_catalog.tables import (
    DeliveryState,
    Export,
    JobState,
    Project,
    ProjectState,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
)
from clipforge_contracts import ids
from clipforge_contracts.documents import as_dict
from clipforge_contracts.pipeline import WEBHOOKS
from clipforge_contracts.webhooks import (
    EXPORT_COMPLETED,
    EXPORT_FAILED,
    PROJECT_FAILED,
    PROJECT_READY,
)
from clipforge_runtime.bus import Entry


async def saved(session: AsyncSession, fact: facts.WebhookSaved, entry: Entry) -> None:
    row = await session.get(Webhook, fact.webhook_id)
    if row is None:
        row = Webhook(
            id=fact.webhook_id,
            tenant_id=fact.project.tenant_id,
            url=fact.url,
            events=[],
            enabled=fact.enabled,
            revision=0,
            secrets=[],
            sequence=entry.sequence,
            created_at=entry.time,
            updated_at=entry.time,
        )
        session.add(row)
    if row.deleted_at is not None or fact.revision <= row.revision:
        return  # a restored log tells of it once more
    begins_anew = fact.url != row.url or (fact.enabled and not row.enabled)
    row.url, row.events, row.description = fact.url, list(fact.events), fact.description
    row.enabled, row.revision, row.updated_at = fact.enabled, fact.revision, entry.time
    row.secrets = [as_dict(secret) for secret in fact.secrets]
    if begins_anew:
        row.failing_since = row.disabled_reason = row.disabled_sentence = None


async def deleted(session: AsyncSession, fact: facts.WebhookDeleted, entry: Entry) -> None:
    """Its log goes with it; what waits is given up by its worker."""
    row = await session.get(Webhook, fact.webhook_id)
    if row is None or row.deleted_at is not None:
        return
    row.deleted_at, row.enabled = entry.time, False
    theirs = select(WebhookDelivery.id).where(WebhookDelivery.webhook_id == row.id)
    await session.exec(delete(WebhookAttempt).where(col(WebhookAttempt.delivery_id).in_(theirs)))
    await session.exec(delete(WebhookDelivery).where(col(WebhookDelivery.webhook_id) == row.id))


async def disabled(session: AsyncSession, fact: facts.WebhookDisabled, entry: Entry) -> None:
    row = await session.get(Webhook, fact.webhook_id)
    if row is None or row.deleted_at is not None or row.revision != fact.revision:
        return
    row.enabled, row.updated_at = False, entry.time
    row.disabled_reason, row.disabled_sentence = fact.reason, fact.sentence


async def project_ready(session: AsyncSession, fact: facts.ClipsDetected, entry: Entry) -> None:
    """Where this fact, and no other, has made the project ready."""
    project = await session.get(Project, fact.project.project_id)
    if project is not None and _just(project, ProjectState.READY, entry):
        await _tell(
            session,
            project.tenant_id,
            PROJECT_READY,
            {"project_id": project.id, "state": project.state, "clip_count": len(fact.clips)},
            entry,
        )


async def export_completed(session: AsyncSession, fact: facts.ClipExported, entry: Entry) -> None:
    export = await session.get(Export, fact.export_id)
    if export is not None and _just(export, JobState.COMPLETED, entry):
        shape = {
            name: getattr(fact.record, name) for name in ("width", "height", "duration_ms", "bytes")
        }
        await _tell(session, export.tenant_id, EXPORT_COMPLETED, _export(export) | shape, entry)


async def failed(session: AsyncSession, fact: facts.StageFailed, entry: Entry) -> None:
    """A project, an export or a delivery has failed for good."""
    why = {"stage": fact.stage, "reason": fact.reason, "sentence": fact.sentence}
    if fact.stage == WEBHOOKS.name:
        await _given_up(session, fact, entry)
        return
    project = await session.get(Project, fact.about)
    if project is not None and _just(project, ProjectState.FAILED, entry):
        about = {"project_id": project.id, "state": project.state}
        await _tell(session, project.tenant_id, PROJECT_FAILED, about | {"failure": why}, entry)
    export = await session.get(Export, fact.about)
    if export is not None and _just(export, JobState.FAILED, entry):
        about = _export(export)
        await _tell(session, export.tenant_id, EXPORT_FAILED, about | {"failure": why}, entry)


async def due(session: AsyncSession, fact: facts.WebhookDue, entry: Entry) -> None:
    """It is on its way. Of a test or a redelivery, this is the first that is heard."""
    row = await session.get(WebhookDelivery, fact.delivery_id)
    if row is None:
        endpoint = await session.get(Webhook, fact.endpoint.webhook_id)
        if endpoint is None or endpoint.deleted_at is not None:
            return
        told = json.loads(fact.body)
        row = WebhookDelivery(
            id=fact.delivery_id,
            tenant_id=endpoint.tenant_id,
            webhook_id=endpoint.id,
            message_id=fact.message_id,
            event=fact.event,
            happened_at=datetime.fromisoformat(told["timestamp"]),
            data=told["data"],
            redelivery_of=fact.redelivery_of,
            sequence=entry.sequence,
            created_at=entry.time,
        )
        session.add(row)
    row.due_sequence = entry.sequence


async def attempted(session: AsyncSession, fact: facts.WebhookAttempted, entry: Entry) -> None:
    row = await session.get(WebhookDelivery, fact.delivery_id)
    if row is None or row.state != DeliveryState.WAITING:
        return
    await _keep(session, row, fact.attempt, fact.attempt.n)
    row.next_at = _time(fact.next_at_ms) if fact.next_at_ms else None
    endpoint = await session.get(Webhook, row.webhook_id)
    if endpoint is not None and endpoint.failing_since is None:
        endpoint.failing_since = entry.time


async def delivered(session: AsyncSession, fact: facts.WebhookDelivered, entry: Entry) -> None:
    row = await session.get(WebhookDelivery, fact.delivery_id)
    if row is None or row.state == DeliveryState.DELIVERED:
        return
    await _keep(session, row, fact.attempt, int(entry.headers.get("cf-attempt", "1")))
    row.state, row.finished_at = DeliveryState.DELIVERED, entry.time
    row.next_at = row.reason = row.sentence = None
    endpoint = await session.get(Webhook, row.webhook_id)
    if endpoint is not None:
        endpoint.failing_since, endpoint.accepted_at = None, entry.time


async def _given_up(session: AsyncSession, fact: facts.StageFailed, entry: Entry) -> None:
    row = await session.get(WebhookDelivery, fact.about)
    if row is None or row.state != DeliveryState.WAITING:
        return
    row.state, row.finished_at, row.next_at = DeliveryState.FAILED, entry.time, None
    row.reason, row.sentence = fact.reason, fact.sentence


async def _tell(
    session: AsyncSession, tenant: str, event: str, data: Mapping[str, Any], entry: Entry
) -> None:
    """A delivery for each endpoint that hears of it; see webhooks.py for how they become due."""
    message_id = ids.derive("evt", entry.fact_id, event)
    for endpoint in await webhooks.that_hear(session, tenant, event):
        delivery_id = ids.derive("dlv", endpoint.id, message_id)
        if await session.get(WebhookDelivery, delivery_id) is None:
            session.add(
                WebhookDelivery(
                    id=delivery_id,
                    tenant_id=tenant,
                    webhook_id=endpoint.id,
                    message_id=message_id,
                    event=event,
                    happened_at=entry.time,
                    data=dict(data),
                    sequence=entry.sequence,
                    created_at=entry.time,
                )
            )


async def _keep(
    session: AsyncSession, row: WebhookDelivery, attempt: facts.WebhookAttempt, n: int
) -> None:
    row.attempts = max(row.attempts, n)
    await session.merge(
        WebhookAttempt(
            delivery_id=row.id,
            n=n,
            at=_time(attempt.at_ms),
            status=attempt.status,
            duration_ms=attempt.duration_ms,
            error=attempt.error,
            answer=attempt.answer,
        )
    )


def _just(row: Project | Export, state: str, entry: Entry) -> bool:
    """Whether this very fact has ended it so. Those that come later find it ended."""
    return row.state == state and row.finished_at == entry.time


def _export(export: Export) -> dict[str, Any]:
    return {
        "export_id": export.id,
        "project_id": export.project_id,
        "clip_id": export.clip_id,
        "state": export.state,
        "aspect": export.aspect,
    }


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
