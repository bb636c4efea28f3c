"""Signatures by the specification: another's implementation, ours, and what is not authentic."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from clipforge_client import NotAuthentic, verify_webhook
from clipforge_contracts import ids
from clipforge_contracts.webhooks import BadKeys, Keyring, body, shown, valid
from clipforge_webhooks.signature import headers

KEYRING = Keyring.read("k" * 32)
WEBHOOK = ids.derive("whk", "mine")
MESSAGE = ids.derive("evt", "it")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = body(MESSAGE, "project.ready", NOW, {"project_id": "prj_1", "title": "Größe \U0001f3ac"})


def secret(version: int = 1, keyring: Keyring = KEYRING) -> bytes:
    return keyring.reveal(WEBHOOK, keyring.newest(version))


def verified(
    signed: dict[str, str], by: bytes, told: bytes = BODY, now: datetime = NOW
) -> dict[str, Any]:
    return verify_webhook(signed, told, shown(by), now=now.timestamp)


@given(st.binary(min_size=24, max_size=64), st.dictionaries(st.text(), st.integers()))
def test_another_implementation_accepts_what_is_signed(key: bytes, data: dict[str, Any]) -> None:
    told = body(MESSAGE, "webhook.test", NOW, data)

    now = datetime.now(UTC)  # the other implementation reads the clock itself

    signed = headers(MESSAGE, told, [key], now=now)

    assert Webhook(shown(key)).verify(told, signed) == json.loads(told)
    assert verified(signed, key, told, now) == json.loads(told)


def test_ours_accepts_what_another_implementation_signs() -> None:
    text = BODY.decode()
    signature = Webhook(shown(secret())).sign(MESSAGE, NOW, text)
    signed = {
        "Webhook-Id": MESSAGE,
        "Webhook-Timestamp": str(int(NOW.timestamp())),
        "Webhook-Signature": f"v1a,unknown v1,!!! {signature}",
    }

    event = verified(signed, secret())

    assert event["id"] == MESSAGE


def test_while_a_secret_is_rotated_either_checks_it() -> None:
    signed = headers(MESSAGE, BODY, [secret(2), secret(1)], now=NOW)

    for version in (1, 2):
        assert verified(signed, secret(version))["type"] == "project.ready"
    with pytest.raises(NotAuthentic, match="No signature fits"):
        verified(signed, secret(3))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"webhook-id": "evt_other"}, "No signature fits"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, "No signature fits"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) - 301)}, "five minutes"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) + 310)}, "five minutes"),
        ({"webhook-timestamp": "soon"}, "no number"),
        ({"webhook-signature": ""}, "No signature fits"),
        ({"webhook-signature": "v2,AAAA v1"}, "No signature fits"),
    ],
)
def test_what_is_not_authentic_is_refused_in_words(change: dict[str, str], words: str) -> None:
    signed = headers(MESSAGE, BODY, [secret()], now=NOW) | change

    with pytest.raises(NotAuthentic, match=words):
        verified(signed, secret())


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_named(name: str) -> None:
    signed = headers(MESSAGE, BODY, [secret()], now=NOW)
    del signed[name]

    with pytest.raises(NotAuthentic, match=name):
        verified(signed, secret())


def test_a_body_of_which_one_letter_was_changed_is_refused() -> None:
    signed = headers(MESSAGE, BODY, [secret()], now=NOW)

    with pytest.raises(NotAuthentic, match="No signature fits"):
        verified(signed, secret(), BODY.replace(b"prj_1", b"prj_2"))


def test_a_secret_that_is_none_is_told_apart_from_a_forgery() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify_webhook(
            headers(MESSAGE, BODY, [secret()], now=NOW), BODY, "my secret!", now=NOW.timestamp
        )


def test_each_endpoint_version_and_key_has_a_secret_of_its_own() -> None:
    other = Keyring.read("o" * 32)
    made = {
        secret(1),
        secret(2),
        secret(1, other),
        KEYRING.reveal(ids.derive("whk", "theirs"), KEYRING.newest(1)),
    }

    assert len(made) == 4
    assert {len(one) for one in made} == {32}
    assert secret(1) == secret(1)


def test_a_new_key_in_front_makes_new_secrets_and_the_old_one_goes_on() -> None:
    before = KEYRING.newest(1)
    both = Keyring.read(f"{'n' * 32}, {'k' * 32}")

    assert both.reveal(WEBHOOK, before) == secret(1)
    assert both.newest(2).key_id != before.key_id
    assert not Keyring.read("n" * 32).holds(before)


def test_keys_do_not_show_themselves() -> None:
    assert "kkkk" not in repr(KEYRING)
    assert "kkkk" not in str(KEYRING.newest(1))


@pytest.mark.parametrize("setting", ["", " , ", "short", f"{'k' * 32},short"])
def test_keys_that_are_too_short_to_be_random_are_refused_without_being_shown(setting: str) -> None:
    with pytest.raises(BadKeys) as refusal:
        Keyring.read(setting)

    assert "32" in str(refusal.value)
    assert "short" not in str(refusal.value).replace("at least", "")


def test_a_former_secret_is_valid_until_its_time() -> None:
    former, newest = KEYRING.newest(1), KEYRING.newest(2)
    former.valid_until_ms = int((NOW + timedelta(hours=24)).timestamp() * 1000)

    assert valid([newest, former], at=NOW + timedelta(hours=23)) == [newest, former]
    assert valid([newest, former], at=NOW + timedelta(hours=25)) == [newest]
