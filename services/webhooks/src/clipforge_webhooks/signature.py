"""The headers of a webhook, as https://www.standardwebhooks.com has them. Pure."""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime


def headers(
    message_id: str, body: bytes, secrets: Sequence[bytes], *, now: datetime
) -> dict[str, str]:
    """Who sends which message when, signed with each secret: one of them the receiver has."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = (
        base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
