"""Clients of a gateway that answers from a list, and pauses that are noted, not slept."""

import shlex
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from typer.testing import CliRunner

from clipforge_client import Client, cli
from scripted_gateway import URL, Answer, Command, Gateway, Talk


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


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `clipforge ...` against a gateway that gives these answers."""
    commands = [
        module
        for name, module in sys.modules.items()
        if name.startswith("clipforge_client.commands.") and hasattr(module, "Client")
    ]

    def run(words: str, *answers: Answer) -> tuple[str, Gateway]:
        gateway = Gateway(answers)
        for module in commands:
            monkeypatch.setattr(
                module,
                "Client",
                lambda: Client(URL, "cf_key", transport=httpx.MockTransport(gateway)),
            )
        ended = CliRunner().invoke(cli.assemble(), shlex.split(words), catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
        return ended.output, gateway

    return run
