"""Webhooks: a part of the client; `webhooks.py` is its twin."""

from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

from clipforge_client import tags, webhook_calls
from clipforge_client.async_wire import AsyncWire
from clipforge_client.models import NewWebhook, Webhook, WebhookDelivery, WebhookDeliveryDetail


class AsyncWebhooks:
    """Calls about webhooks."""

    _wire: AsyncWire

    async def create_webhook(
        self,
        url: str,
        events: Sequence[str],
        *,
        description: str = "",
        enabled: bool = True,
    ) -> NewWebhook:
        """Have events sent to an address. The answer has the secret, this once."""
        wanted = {
            "url": url,
            "events": list(events),
            "description": description,
            "enabled": enabled,
        }
        return await self._wire.do(webhook_calls.create_webhook(wanted))

    async def webhook(self, webhook_id: str) -> Webhook:
        """One webhook."""
        return await self._wire.do(webhook_calls.get_webhook(webhook_id))

    def webhooks(self, *, limit: int = 20) -> AsyncIterator[Webhook]:
        """All webhooks, newest first, fetched in pages of `limit`."""
        return self._wire.pages(lambda cursor: webhook_calls.list_webhooks(cursor, limit))

    async def update_webhook(
        self,
        webhook: str | Webhook,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
        if_match: str = "",
    ) -> Webhook:
        """Change what is named. Of a webhook that was read: Changed where it is another one now."""
        webhook_id, tag = tags.edit_of(webhook, if_match)
        changes = {
            "url": url,
            "events": list(events) if events is not None else None,
            "description": description,
            "enabled": enabled,
        }
        return await self._wire.do(webhook_calls.update_webhook(webhook_id, changes, tag))

    async def delete_webhook(self, webhook_id: str) -> None:
        """Send it nothing more, and forget what was delivered."""
        await self._wire.do(webhook_calls.delete_webhook(webhook_id))

    async def rotate_webhook_secret(self, webhook_id: str) -> NewWebhook:
        """A new secret, shown this once; for 24 hours events are signed with the former, too."""
        return await self._wire.do(webhook_calls.rotate_webhook_secret(webhook_id))

    async def send_test_event(
        self, webhook_id: str, *, idempotency_key: str = ""
    ) -> WebhookDelivery:
        """Have a `webhook.test` sent; `webhook_delivery` tells what came of it."""
        key = idempotency_key or uuid4().hex
        return await self._wire.do(webhook_calls.send_test(webhook_id, key))

    def webhook_deliveries(
        self, webhook_id: str, *, state: str = "", event: str = "", limit: int = 20
    ) -> AsyncIterator[WebhookDelivery]:
        """What was delivered, newest first, fetched in pages of `limit`."""
        return self._wire.pages(
            lambda cursor: webhook_calls.list_deliveries(webhook_id, state, event, cursor, limit)
        )

    async def webhook_delivery(self, webhook_id: str, delivery_id: str) -> WebhookDeliveryDetail:
        """One delivery, with its payload and each attempt."""
        return await self._wire.do(webhook_calls.get_delivery(webhook_id, delivery_id))

    async def redeliver(
        self, webhook_id: str, delivery_id: str, *, idempotency_key: str = ""
    ) -> WebhookDelivery:
        """Deliver it once more: the same message, as a delivery of its own."""
        key = idempotency_key or uuid4().hex
        return await self._wire.do(webhook_calls.redeliver(webhook_id, delivery_id, key))
