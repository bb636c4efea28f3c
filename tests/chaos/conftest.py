"""Servers for the rounds of a test run, started once."""

from collections.abc import Iterator

import pytest

from chaos import servers


@pytest.fixture(scope="session")
def house_servers() -> Iterator[servers.Servers]:
    with servers.running() as running:
        yield running
