"""Webhooks as requests and answers: both clients drive these."""

from collections.abc import Mapping
from typing import Any

from clipforge_client.calls import Call, id_in_path, nothing, page_of
from clipforge_client.models import (
    NewWebhook,
    Page,
    Webhook,
    WebhookDelivery,
    WebhookDeliveryDetail,
)


def create_webhook(wanted: Mapping[str, Any]) -> Call[NewWebhook]:
    return Call(
        "POST",
        "/v1/webhooks",
        NewWebhook.model_validate,
        body=dict(wanted),
        repeatable=False,  # sent twice, there were two, one of which nobody has the secret of
    )


def list_webhooks(cursor: str, limit: int) -> Call[Page[Webhook]]:
    return Call("GET", "/v1/webhooks", Page[Webhook].model_validate, page_of(cursor, limit))


def get_webhook(webhook: str) -> Call[Webhook]:
    return Call("GET", _path(webhook), Webhook.model_validate)


def update_webhook(webhook: str, changes: Mapping[str, Any], if_match: str) -> Call[Webhook]:
    given = {name: value for name, value in changes.items() if value is not None}
    headers = {"If-Match": if_match}
    return Call("PATCH", _path(webhook), Webhook.model_validate, body=given, headers=headers)


def delete_webhook(webhook: str) -> Call[None]:
    return Call("DELETE", _path(webhook), nothing)


def rotate_webhook_secret(webhook: str) -> Call[NewWebhook]:
    return Call("POST", f"{_path(webhook)}/rotate", NewWebhook.model_validate, repeatable=False)


def send_test(webhook: str, key: str) -> Call[WebhookDelivery]:
    return Call(
        "POST",
        f"{_path(webhook)}/test",
        WebhookDelivery.model_validate,
        headers={"Idempotency-Key": key},
    )


def list_deliveries(
    webhook: str, state: str, event: str, cursor: str, limit: int
) -> Call[Page[WebhookDelivery]]:
    wanted = {"state": state, "event": event}
    params = page_of(cursor, limit) | {name: value for name, value in wanted.items() if value}
    return Call("GET", f"{_path(webhook)}/deliveries", Page[WebhookDelivery].model_validate, params)


def get_delivery(webhook: str, delivery: str) -> Call[WebhookDeliveryDetail]:
    path = f"{_path(webhook)}/deliveries/{id_in_path(delivery)}"
    return Call("GET", path, WebhookDeliveryDetail.model_validate)


def redeliver(webhook: str, delivery: str, key: str) -> Call[WebhookDelivery]:
    return Call(
        "POST",
        f"{_path(webhook)}/deliveries/{id_in_path(delivery)}/redeliver",
        WebhookDelivery.model_validate,
        headers={"Idempotency-Key": key},
    )


def _path(webhook: str) -> str:
    return f"/v1/webhooks/{id_in_path(webhook)}"
