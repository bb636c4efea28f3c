"""What was delivered to a webhook: listed, looked into, done once more; and tests."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import WebhookDue
from clipforge_catalog.queries import webhooks
from clipforge_catalog.tables import DeliveryState, Webhook, WebhookDelivery
from clipforge_contracts import ids, subjects
from clipforge_contracts.webhooks import TEST, body
from clipforge_gateway import cursors, rows, schemas, webhook_views
from clipforge_gateway.auth import Caller
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import CallerDep, Parts, PartsDep, SeedDep
from clipforge_gateway.problems import CONFLICT, NOT_FOUND, Problem, documented
from clipforge_gateway.routes.webhooks import WebhookId, row_of, saved
from clipforge_gateway.webhook_schemas import AnyEvent, DeliveryDetailView, DeliveryView
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/webhooks/{webhook_id}", tags=["webhooks"])

DeliveryId = Annotated[str, Path(max_length=64, pattern=r"^dlv_[a-z0-9]{26}$")]


@router.post(
    "/test",
    operation_id="testWebhook",
    summary="Send a test event",
    status_code=202,
    responses=documented(NOT_FOUND, CONFLICT),
)
async def test(
    webhook_id: WebhookId, parts: PartsDep, caller: CallerDep, seed: SeedDep, response: Response
) -> DeliveryView:
    """A `webhook.test`, whichever events it hears of. What came of it: see the delivery."""
    row = await row_of(parts, caller, webhook_id)
    now, message_id = datetime.now(UTC), seed.id("evt")
    payload = body(message_id, TEST, now, {"webhook_id": row.id, "sentence": "This is a test."})
    due = _due(caller, row, seed.id("dlv"), message_id, TEST, payload)
    return await _deliver(parts, row, due, response)


@router.get(
    "/deliveries",
    operation_id="listWebhookDeliveries",
    summary="What was delivered, newest first",
    responses=documented(NOT_FOUND),
)
async def list_deliveries(
    webhook_id: WebhookId,
    parts: PartsDep,
    caller: CallerDep,
    state: DeliveryState | None = None,
    event: AnyEvent | None = None,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[DeliveryView]:
    """Kept for 30 days, unless the operator has said otherwise."""
    await row_of(parts, caller, webhook_id)
    async with parts.sessions() as session:
        page = await webhooks.deliveries(
            session,
            webhook_id,
            state=state,
            event=event,
            after=cursors.read(cursor),
            limit=limit,
        )
    return schemas.PageView(
        items=[webhook_views.delivery(row) for row in page.rows], next=cursors.write(page.next)
    )


@router.get(
    "/deliveries/{delivery_id}",
    operation_id="getWebhookDelivery",
    summary="A delivery, with each attempt",
    responses=documented(NOT_FOUND),
)
async def get_delivery(
    webhook_id: WebhookId, delivery_id: DeliveryId, parts: PartsDep, caller: CallerDep
) -> DeliveryDetailView:
    row = await _delivery(parts, caller, webhook_id, delivery_id)
    async with parts.sessions() as session:
        attempts = await webhooks.attempts(session, row.id)
    return webhook_views.detail(row, attempts)


@router.post(
    "/deliveries/{delivery_id}/redeliver",
    operation_id="redeliverWebhookDelivery",
    summary="Deliver it once more",
    status_code=202,
    responses=documented(NOT_FOUND, CONFLICT),
)
async def redeliver(
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
    parts: PartsDep,
    caller: CallerDep,
    seed: SeedDep,
    response: Response,
) -> DeliveryView:
    """The same message, with the same `webhook-id`, as a delivery of its own."""
    former = await _delivery(parts, caller, webhook_id, delivery_id)
    row = await row_of(parts, caller, webhook_id)
    payload = body(former.message_id, former.event, former.happened_at, former.data)
    due = _due(caller, row, seed.id("dlv"), former.message_id, former.event, payload)
    due.redelivery_of = former.id
    return await _deliver(parts, row, due, response)


async def _delivery(
    parts: Parts, caller: Caller, webhook_id: str, delivery_id: str
) -> WebhookDelivery:
    await row_of(parts, caller, webhook_id)
    async with parts.sessions() as session:
        row = await webhooks.delivery(session, webhook_id, delivery_id)
    if row is not None:
        return row
    entry = await parts.log.last(
        WebhookDue, tenant=caller.tenant_id, project=None, about=delivery_id
    )
    fact = entry.fact if entry else None
    if entry and isinstance(fact, WebhookDue) and fact.endpoint.webhook_id == webhook_id:
        return webhook_views.delivery_to_come(fact, entry.time)
    raise Problem(NOT_FOUND, "There is no delivery of this id to this webhook.")


def _due(
    caller: Caller, row: Webhook, delivery_id: str, message_id: str, event: str, payload: bytes
) -> WebhookDue:
    return WebhookDue(
        project=ProjectRef(
            tenant_id=caller.tenant_id, project_id=subjects.NOTHING, plan=caller.plan.wire
        ),
        delivery_id=delivery_id,
        message_id=message_id,
        event=event,
        body=payload,
        endpoint=saved(caller, row, revision=row.revision),
    )


async def _deliver(
    parts: Parts, row: Webhook, fact: WebhookDue, response: Response
) -> DeliveryView:
    """Have it sent: stated twice, it is the same delivery."""
    if not row.enabled:
        raise Problem(CONFLICT, "The webhook is disabled: enable it first.")
    stated = await parts.log.state(
        fact,
        fact_id=ids.derive("evt", fact.delivery_id, "due"),
        headers=trace_headers(),
        once=True,
    )
    await rows.caught_up(parts, stated.sequence)
    response.headers["Location"] = f"/v1/webhooks/{row.id}/deliveries/{fact.delivery_id}"
    return webhook_views.delivery(webhook_views.delivery_to_come(fact, datetime.now(UTC)))
