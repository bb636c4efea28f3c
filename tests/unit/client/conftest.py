"""Clients of a gateway that answers from a list, and pauses that are noted, not slept."""

import time
from collections.abc import Iterator

import httpx
import pytest

from clipforge_client import Client
from scripted_gateway import URL, Answer, Gateway, Talk


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were slept."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture
def talk(naps: list[float]) -> Iterator[Talk]:
    """A client of a gateway that gives these answers."""
    opened: list[Client] = []

    def begin(*answers: Answer) -> tuple[Client, Gateway]:
        gateway = Gateway(answers)
        opened.append(Client(URL, "cf_secret", transport=httpx.MockTransport(gateway)))
        return opened[-1], gateway

    yield begin
    for client in opened:
        client.close()
