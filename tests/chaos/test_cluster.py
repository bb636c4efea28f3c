"""What a client owes to a log of three servers."""

from pathlib import Path

import pytest

from chaos.brokers import Broker
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.connection import connect
from workshop import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.integration]


async def test_a_client_whose_server_is_gone_goes_on_at_another_one(tmp_path: Path) -> None:
    async with (
        Broker.running("three", tmp_path / "log") as broker,
        connect(broker.url("admin"), "admin") as connection,
    ):
        broker.nodes[-1].child.kill()

        async def answered() -> bool:
            try:
                return bool(await connection.api("INFO"))
            except Unavailable:
                return False

        await eventually(answered)
