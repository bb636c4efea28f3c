"""From rows to what clients see of webhooks; and rows that are to come, from their facts."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.json_format import ParseDict

from clipforge.v1.facts_pb2 import WebhookDue, WebhookSaved, WebhookSecret
from clipforge_catalog.tables import DeliveryState, Webhook, WebhookAttempt, WebhookDelivery
from clipforge_contracts.documents import as_dict
from clipforge_contracts.webhooks import body
from clipforge_gateway.webhook_schemas import (
    AttemptView,
    DeliveryDetailView,
    DeliveryFailure,
    DeliveryView,
    Disabled,
    WebhookView,
)


def webhook(row: Webhook) -> WebhookView:
    why = None
    if row.disabled_reason and not row.enabled:
        why = Disabled(reason=row.disabled_reason, sentence=row.disabled_sentence or "")
    ends = [one.valid_until_ms for one in secrets(row) if one.valid_until_ms]
    until = datetime.fromtimestamp(max(ends) / 1000, UTC) if ends else None
    return WebhookView(
        id=row.id,
        url=row.url,
        events=row.events,
        description=row.description,
        enabled=row.enabled,
        disabled=why,
        failing_since=row.failing_since,
        accepted_at=row.accepted_at,
        former_secret_until=until if until and until > datetime.now(UTC) else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def secrets(row: Webhook) -> list[WebhookSecret]:
    """Which secrets it has, newest first."""
    return [ParseDict(one, WebhookSecret()) for one in row.secrets]


def to_come(fact: WebhookSaved, time: datetime) -> Webhook:
    """An endpoint whose row is behind."""
    return Webhook(
        id=fact.webhook_id,
        tenant_id=fact.project.tenant_id,
        url=fact.url,
        events=list(fact.events),
        description=fact.description,
        enabled=fact.enabled,
        revision=fact.revision,
        secrets=[as_dict(one) for one in fact.secrets],
        sequence=0,
        created_at=time,
        updated_at=time,
    )


def changed(row: Webhook, fact: WebhookSaved, time: datetime) -> Webhook:
    """An endpoint as it is once its row has caught up with a change."""
    new = to_come(fact, time)
    new.created_at, new.accepted_at = row.created_at, row.accepted_at
    if new.url == row.url and (row.enabled or not new.enabled):
        new.failing_since = row.failing_since
        new.disabled_reason, new.disabled_sentence = row.disabled_reason, row.disabled_sentence
    return new


def delivery(row: WebhookDelivery) -> DeliveryView:
    failure = None
    if row.reason:
        failure = DeliveryFailure(reason=row.reason, sentence=row.sentence or "")
    return DeliveryView(
        id=row.id,
        webhook_id=row.webhook_id,
        message_id=row.message_id,
        event=row.event,
        state=DeliveryState(row.state),
        attempt_count=row.attempts,
        next_attempt_at=row.next_at,
        failure=failure,
        redelivery_of=row.redelivery_of or None,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def detail(row: WebhookDelivery, attempts: Sequence[WebhookAttempt]) -> DeliveryDetailView:
    return DeliveryDetailView(
        **delivery(row).model_dump(),
        payload=json.loads(body(row.message_id, row.event, row.happened_at, row.data)),
        attempts=[
            AttemptView(
                n=one.n,
                at=one.at,
                status=one.status or None,
                duration_ms=one.duration_ms,
                error=one.error,
                answer=one.answer,
            )
            for one in attempts
        ],
    )


def delivery_to_come(fact: WebhookDue, time: datetime) -> WebhookDelivery:
    """A delivery whose row is behind."""
    told = json.loads(fact.body)
    return WebhookDelivery(
        id=fact.delivery_id,
        tenant_id=fact.project.tenant_id,
        webhook_id=fact.endpoint.webhook_id,
        message_id=fact.message_id,
        event=fact.event,
        happened_at=datetime.fromisoformat(told["timestamp"]),
        data=told["data"],
        redelivery_of=fact.redelivery_of,
        sequence=0,
        created_at=time,
    )
