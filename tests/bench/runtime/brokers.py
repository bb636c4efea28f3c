"""The brokers under measurement, on loopback, each with a fresh data folder, ended by their pid."""

import asyncio
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from pydantic import SecretStr

from clipforge_contracts.permissions import users
from clipforge_runtime.jetstream.connection import connect
from clipforge_runtime.jetstream.declare import declare
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer, program
from clipforge_standalone.servers.process import Child

READY_SECONDS = 15


class Broker(Protocol):
    """A running server, as the clients and the meter need it."""

    @property
    def pid(self) -> int: ...
    def url(self, user: str) -> str: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class OurNats(NatsServer):
    """The log with production's own configuration; `sync` replaces its sync_interval, if given."""

    sync = ""

    def configuration(self) -> str:
        text = super().configuration()
        if not self.sync:
            return text
        before = "sync_interval: always"
        if before not in text:
            raise ValueError("production's sync_interval is not what this benchmark replaces")
        return text.replace(before, f"sync_interval: {self.sync}")

    @property
    def pid(self) -> int:
        return self.child.pid

    def start(self) -> None:
        super().start()
        asyncio.run(self._declare())

    async def _declare(self) -> None:
        settings = RuntimeSettings(
            nats_url=self.url("admin"),
            s3_endpoint="http://127.0.0.1:1",
            s3_access_key="none",
            s3_secret_key=SecretStr("none"),
        )
        async with connect(settings.nats_url, "admin") as connection:
            await declare(connection, settings)


@dataclass
class Server:
    """A server that is ready when its port answers."""

    name: str
    argv: list[str]
    port: int
    scheme: str
    folder: Path
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        self.child = Child(self.name, self.argv, self.folder / "log", cwd=self.folder)

    @property
    def pid(self) -> int:
        return self.child.pid

    def url(self, user: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.child.start()
        self.child.wait_until(self._answers, READY_SECONDS)

    def stop(self) -> None:
        self.child.stop()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def our_nats(folder: Path, sync: str = "") -> OurNats:
    """Production's configuration: sync_interval always, or what `sync` says."""
    passwords = {user: uuid4().hex for user in users()}
    server = OurNats(folder / "nats", ports.free(), ports.free(), passwords, max_file="8GB")
    server.sync = sync
    return server


def plain_nats(folder: Path, sync: str) -> Server:
    """A nats-server with JetStream and nothing else said."""
    port = ports.free()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nats.conf"
    config.write_text(
        f"listen: 127.0.0.1:{port}\n"
        f'jetstream {{ store_dir: "{folder}/jetstream", sync_interval: {sync} }}\n'
    )
    argv = [program("nats-server"), "-c", str(config)]
    return Server("nats", argv, port, "nats", folder)


def redis(folder: Path, fsync: str) -> Server:
    """Redis with an append-only file; `fsync` is everysec or always. No snapshots, no eviction."""
    program_file = shutil.which("redis-server")
    assert program_file is not None
    port = ports.free()
    argv = [
        *(program_file, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
        *("--save", "", "--appendonly", "yes", "--appendfsync", fsync),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
    ]
    return Server("redis", argv, port, "redis", folder)
