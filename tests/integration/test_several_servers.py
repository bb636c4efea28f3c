"""Several addresses of the log: a server that answers nothing is left for another one."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from clipforge_contracts.permissions import users
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream import connection as wire
from clipforge_runtime.jetstream.connection import Connection, connect
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer
from workshop import eventually

pytestmark = pytest.mark.integration


class Deaf(NatsServer):
    """A server that answers pings, and nobody behind it answers for the log."""

    def configuration(self) -> str:
        before, _, rest = super().configuration().partition("jetstream {")
        return before + rest.partition("}\n")[2]


@contextmanager
def running(server: NatsServer) -> Iterator[NatsServer]:
    server.start()
    try:
        yield server
    finally:
        server.child.kill()


@pytest.fixture
def first(tmp_path: Path) -> NatsServer:
    """Not running yet."""
    passwords = {user: uuid4().hex for user in users()}
    return NatsServer(tmp_path / "first" / "nats", ports.free(), ports.free(), passwords)


@pytest.fixture
def second(first: NatsServer, tmp_path: Path) -> Iterator[NatsServer]:
    other = replace(
        first, folder=tmp_path / "second" / "nats", port=ports.free(), monitor_port=ports.free()
    )
    with running(other):
        yield other


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PING_SECONDS", 0.2)
    monkeypatch.setattr(wire, "LEAVE_SECONDS", 0.5)
    monkeypatch.setattr(wire, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr("random.sample", lambda urls, _: urls)  # begin at the first


async def answers(connection: Connection) -> None:
    """Wait until the log answers."""

    async def answered() -> bool:
        try:
            await connection.api("INFO")
        except Unavailable:
            return False
        return True

    await eventually(answered)


async def test_a_server_that_is_frozen_is_left_for_another_one(
    first: NatsServer, second: NatsServer
) -> None:
    with running(first):
        async with connect(f"{first.url('admin')},{second.url('admin')}", "admin") as connection:
            again = asyncio.Event()
            connection.reconnected.append(again.set)
            await answers(connection)

            os.kill(first.child.pid, signal.SIGSTOP)
            for _ in range(200):  # more than it reads any more
                await connection.publish("anything.at.all", bytes(64 * 1024))

            await asyncio.wait_for(again.wait(), 30)
            await answers(connection)


async def test_a_server_that_answers_pings_and_nothing_else_is_left_for_another_one(
    first: NatsServer, second: NatsServer
) -> None:
    deaf = Deaf(first.folder, first.port, first.monitor_port, first.passwords)
    with running(deaf):
        async with connect(f"{deaf.url('admin')},{second.url('admin')}", "admin") as connection:
            with pytest.raises(Unavailable):
                await connection.api("INFO")

            await answers(connection)


async def test_the_only_server_there_is_is_not_left_for_being_deaf(first: NatsServer) -> None:
    deaf = Deaf(first.folder, first.port, first.monitor_port, first.passwords)
    left: list[None] = []
    with running(deaf):
        async with connect(deaf.url("admin"), "admin") as connection:
            connection.reconnected.append(lambda: left.append(None))
            for _ in range(12):
                with pytest.raises(Unavailable):
                    await connection.api("INFO")
                await asyncio.sleep(0.1)  # longer in all than it takes to leave a server
            await connection.flush()

    assert left == []


async def test_a_service_starts_where_the_first_server_of_several_is_away(
    first: NatsServer, second: NatsServer
) -> None:
    both = f"{first.url('admin')},nats://127.0.0.1:{second.port}"
    async with connect(both, "admin") as connection:
        await answers(connection)
