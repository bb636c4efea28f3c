"""One stack for all films of a run: every server and every service, as `clipforge up` has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import talks
from clipforge_client.client import Client
from clipforge_standalone.servers import ports
from clipforge_standalone.stack import Stack
from collector import Collector, collecting
from stacks import running
from web_server import WebServer, status


@pytest.fixture(scope="session")
def web() -> Iterator[WebServer]:
    """A web server on loopback; tests set its answers. The stack may import from it alone."""
    with WebServer([status(404)]) as server:
        yield server


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Hears of every span of the stack."""
    with collecting() as heard:
        yield heard


@pytest.fixture(scope="session")
def webhook_port() -> int:
    """The one port of loopback that the stack may send webhooks to."""
    return ports.free()


@pytest.fixture(scope="session")
def stack(
    server_folder: Path, web: WebServer, collector: Collector, webhook_port: int
) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIPFORGE_WEBHOOKS_ALLOW", f"127.0.0.1:{webhook_port}")
        patch.setenv("CLIPFORGE_IMPORT_ALLOW", f"127.0.0.1:{web.port}")
        patch.setenv("CLIPFORGE_OTLP_ENDPOINT", collector.address)
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
