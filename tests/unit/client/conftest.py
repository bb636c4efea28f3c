"""Clients of a gateway that answers from a list, and pauses that are noted, not slept."""

import asyncio
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from typing import cast

import httpx
import pytest
from typer.testing import CliRunner

from awaited import Awaited
from clipforge_client import AsyncClient, Client, cli
from scripted_gateway import URL, Answer, Command, Gateway, Talk, Typed


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were slept."""
    slept: list[float] = []

    async def nap(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(asyncio, "sleep", nap)
    return slept


@pytest.fixture(params=["blocking", "async"])
def way(request: pytest.FixtureRequest) -> str:
    """Which of both clients."""
    return str(request.param)


@pytest.fixture
def talk(naps: list[float], way: str) -> Iterator[Talk]:
    """A client of a gateway that gives these answers: one of each kind, in turn."""
    opened: list[Client | Awaited] = []

    def begin(*answers: Answer) -> tuple[Client, Gateway]:
        gateway = Gateway(answers)
        transport = httpx.MockTransport(gateway)
        client = (
            Client(URL, "cf_secret", transport=transport)
            if way == "blocking"
            else Awaited(AsyncClient(URL, "cf_secret", transport=transport))
        )
        opened.append(client)
        return cast(Client, client), gateway

    yield begin
    for client in opened:
        client.close()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Run `clipforge ...` against what answers its requests."""
    commands = [
        module
        for name, module in sys.modules.items()
        if name.startswith("clipforge_client.commands.") and hasattr(module, "Client")
    ]

    def run(words: str, answer: Callable[[httpx.Request], httpx.Response]) -> str:
        for module in commands:
            monkeypatch.setattr(
                module,
                "Client",
                lambda: Client(URL, "cf_key", transport=httpx.MockTransport(answer)),
            )
        ended = CliRunner().invoke(cli.assemble(), shlex.split(words), catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
        return ended.output

    return run


@pytest.fixture
def command(typed: Typed) -> Command:
    """Run `clipforge ...` against a gateway that gives these answers."""

    def run(words: str, *answers: Answer) -> tuple[str, Gateway]:
        gateway = Gateway(answers)
        return typed(words, gateway), gateway

    return run
