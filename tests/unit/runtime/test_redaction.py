"""Secrets that we know by their form stay out of the logs."""

import pytest

from clipforge_runtime.logs import redact


@pytest.mark.parametrize(
    ("secret", "left"),
    [
        ("cf_0123456789abcdefghij_-", "cf_***"),
        ("whsec_0123456789abcdef+/ghijklmnopqrstuvwxyz0123=", "whsec_***"),
        ("nats://gateway:hunter2@host:4222", "nats://gateway:***@host:4222"),
        ("https://s3/key?X-Amz-Signature=0123&b=c", "https://s3/key?X-Amz-Signature=***&b=c"),
    ],
)
def test_a_secret_is_not_written(secret: str, left: str) -> None:
    assert redact(f"it said '{secret}', and no more") == f"it said '{left}', and no more"
