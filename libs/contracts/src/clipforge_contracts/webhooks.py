"""What is told to webhooks, and the secrets that it is signed with. Pure.

A secret is kept nowhere: it follows from a key of the installation, the endpoint's id and a
version.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from clipforge.v1.facts_pb2 import WebhookSecret

PROJECT_READY: Final = "project.ready"
PROJECT_FAILED: Final = "project.failed"
EXPORT_COMPLETED: Final = "export.completed"
EXPORT_FAILED: Final = "export.failed"
TEST: Final = "webhook.test"
EVENTS: Final = (PROJECT_READY, PROJECT_FAILED, EXPORT_COMPLETED, EXPORT_FAILED)
"""Those that an endpoint may ask for. A test comes to whoever asks for one."""

SHORTEST_KEY: Final = 32  # characters: of random ones, more than 128 bits


class BadKeys(ValueError):
    """The keys of the installation cannot be used; the text says why, without them."""


@dataclass(frozen=True, repr=False)
class Keyring:
    """The keys of the installation by their ids. The first makes new secrets."""

    keys: Mapping[str, bytes]

    @classmethod
    def read(cls, setting: str) -> "Keyring":
        """One key, or several by commas. BadKeys where one is too short to be random."""
        keys = [one.strip().encode() for one in setting.split(",") if one.strip()]
        if not keys or any(len(key) < SHORTEST_KEY for key in keys):
            raise BadKeys(f"must be one or more keys of at least {SHORTEST_KEY} random characters")
        return cls({_key_id(key): key for key in keys})

    def newest(self, version: int) -> WebhookSecret:
        """A secret that follows from the first key."""
        return WebhookSecret(version=version, key_id=next(iter(self.keys)))

    def holds(self, secret: WebhookSecret) -> bool:
        """Whether the key is there that this secret follows from."""
        return secret.key_id in self.keys

    def reveal(self, webhook_id: str, secret: WebhookSecret) -> bytes:
        """32 bytes. LookupError where the key that they follow from is gone."""
        name = f"webhook-secret/{webhook_id}/{secret.version}"
        return hmac.digest(self.keys[secret.key_id], name.encode(), "sha256")


def shown(secret: bytes) -> str:
    """As its owner keeps it: whsec_ and base64 (Standard Webhooks)."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def valid(secrets: Iterable[WebhookSecret], *, at: datetime) -> list[WebhookSecret]:
    """Those that are signed with at a time, newest first."""
    now_ms = at.timestamp() * 1000
    return [one for one in secrets if not one.valid_until_ms or one.valid_until_ms > now_ms]


def body(message_id: str, event: str, happened: datetime, data: Mapping[str, Any]) -> bytes:
    """What is sent: the same event, the same bytes."""
    whole = {
        "id": message_id,
        "type": event,
        "timestamp": happened.astimezone(UTC).isoformat(timespec="milliseconds"),
        "data": {name: data[name] for name in sorted(data)},
    }
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def _key_id(key: bytes) -> str:
    """Names a key in the log and in rows, and tells nothing about it."""
    return hashlib.sha256(b"webhooks-key/" + key).hexdigest()[:8]
