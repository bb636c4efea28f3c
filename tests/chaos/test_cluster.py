"""What a client owes to a log of three servers."""

from pathlib import Path

import pytest

from chaos.brokers import Broker
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream import connection as wire
from clipforge_runtime.jetstream.connection import ApiError, connect
from workshop import PATIENCE, eventually

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


async def test_a_client_of_the_server_that_is_cut_off_goes_on_at_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is well all the time; only nobody there can say anything for the log."""
    monkeypatch.setattr(wire, "LEAVE_SECONDS", 1.0)
    monkeypatch.setattr(wire, "REQUEST_SECONDS", 1.0)
    async with (
        Broker.running("three", tmp_path / "log") as broker,
        connect(broker.url("admin"), "admin") as connection,
    ):
        broker.part(broker.nodes[-1])

        async def created() -> bool:  # takes the majority of the servers
            stream = {"name": "AFTER", "subjects": ["after"], "num_replicas": 3}
            try:
                return bool(await connection.api("STREAM.CREATE.AFTER", stream))
            except (Unavailable, ApiError):
                return False

        await eventually(created, within=3 * PATIENCE)
        broker.join()


async def test_a_place_that_no_server_offers_yet_may_be_asked_for_again(tmp_path: Path) -> None:
    """So it is while the servers of a cluster begin: they know little of each other."""
    stream = {"name": "FAR", "subjects": ["far"], "placement": {"tags": ["elsewhere"]}}
    async with (
        Broker.running("three", tmp_path / "log") as broker,
        connect(broker.url("admin"), "admin") as connection,
    ):
        with pytest.raises(Unavailable, match="no suitable peers"):
            await connection.api("STREAM.CREATE.FAR", stream)
