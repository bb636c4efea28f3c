"""What the tests against a real log have in common."""

from collections.abc import AsyncIterator

import pytest

from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.servers.nats import NatsServer
from workshop import Workshop


@pytest.fixture
async def workshop(
    nats_server: NatsServer, log_settings: RuntimeSettings
) -> AsyncIterator[Workshop]:
    """A declared log of its own, and an idle gateway."""
    async with Workshop.open(nats_server, log_settings) as opened:
        yield opened
