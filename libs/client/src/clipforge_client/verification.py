"""For receivers of webhooks: whether a request is from ClipForge, and new.

Signatures are those of https://www.standardwebhooks.com, so any library for that does as well.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

TOLERANCE_SECONDS: Final = 5 * 60  # clocks differ, and requests are on their way for a while
PREFIX: Final = "whsec_"


class NotAuthentic(Exception):
    """The request is not from whoever has the secret, was changed, or is an old one again.

    Answer it with 400, and do nothing that it says.
    """


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    secret: str,
    *,
    now: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """The event, where the request is authentic. NotAuthentic, in words, where it is not.

    `body` is what came, byte by byte: JSON that was read and written again has another signature.
    The same event may come twice: remember `event["id"]`, which is the header `webhook-id`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("id", "timestamp", "signature") if f"webhook-{name}" not in given]
    if missing:
        raise NotAuthentic(f"The header webhook-{missing[0]} is missing.")
    _check_time(given["webhook-timestamp"], now())
    signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + body
    wanted = hmac.digest(_key(secret), signed, hashlib.sha256)
    if not any(hmac.compare_digest(wanted, one) for one in _signatures(given["webhook-signature"])):
        raise NotAuthentic("No signature fits: the body was changed, or the secret is another one.")
    event: dict[str, Any] = json.loads(body)
    return event


def _check_time(timestamp: str, now: float) -> None:
    try:
        sent = int(timestamp)
    except ValueError as error:
        raise NotAuthentic("The header webhook-timestamp is no number of seconds.") from error
    if abs(now - sent) > TOLERANCE_SECONDS:
        raise NotAuthentic("It was signed more than five minutes ago, or the clocks differ.")


def _signatures(header: str) -> list[bytes]:
    """Those of version 1: while a secret is rotated there are two."""
    found = []
    for one in header.split():
        version, _, signature = one.partition(",")
        if version == "v1":
            try:
                found.append(base64.b64decode(signature, validate=True))
            except ValueError:
                continue  # not ours: none of ours is malformed
    return found


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("the secret is not one of ClipForge's: it begins with whsec_") from error
