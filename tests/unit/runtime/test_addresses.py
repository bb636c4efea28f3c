"""Addresses of the log: one server, or several of a cluster."""

import pytest
from pydantic import SecretStr, ValidationError

from clipforge_runtime.settings import RuntimeSettings


def settings(nats_url: str) -> RuntimeSettings:
    return RuntimeSettings(
        nats_url=nats_url,
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="none",
        s3_secret_key=SecretStr("none"),
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("nats://import:pw@a:4222", "nats://import:pw@a:4222"),
        ("nats://import:pw@a:4222, nats://b:4222", "nats://import:pw@a:4222,nats://b:4222"),
        ("tls://import:pw@a,tls://import:pw@b", "tls://import:pw@a,tls://import:pw@b"),
    ],
)
def test_one_server_or_several_are_named(given: str, kept: str) -> None:
    assert settings(given).nats_url == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nats://import:pw@a:4222,", "must begin with nats:// or tls://"),
        ("nats://import:pw@a:4222,b:4222", "must begin with nats:// or tls://"),
        ("nats://import:pw@a:4222;nats://b:4222", "must have a port"),
        ("nats://import:pw@a:99999", "must have a port"),
        ("nats://import:pw@a,tls://b", "all nats:// or all tls://"),
        ("nats://import:pw@a,nats://import:other@b", "one user and password"),
        ("nats://a,nats://import:pw@b", "one user and password"),
    ],
)
def test_what_names_no_servers_is_refused_in_words_and_without_the_password(
    given: str, words: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(given)

    [fault] = refusal.value.errors()
    assert words in str(fault["msg"])
    assert "pw" not in str(fault["msg"])
