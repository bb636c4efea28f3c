"""One stack for all films of a run: every server and every service, as `clipforge up` has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import talks
from clipforge_client.client import Client
from clipforge_standalone.stack import Stack
from stacks import running


@pytest.fixture(scope="session")
def stack(server_folder: Path) -> Iterator[Stack]:
    with running(server_folder / "stack") as stack:
        yield stack


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url, stack.api_key) as client:
        yield client


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of some 25 seconds in which somebody speaks."""
    return talks.make(tmp_path_factory.mktemp("films") / "talk.mp4")
