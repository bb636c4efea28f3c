"""The whole product in one round: a log of its own, two workers a stage, gateway and projector."""

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from pydantic import SecretStr

from chaos import brokers
from chaos.brokers import MAX_FILE_BYTES, Broker, jsz
from chaos.nursery import Forked
from chaos.proxy import Proxy
from chaos.servers import Servers
from clipforge_contracts.pipeline import PIPELINE
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.servers import ports
from receivers import Receiver

KEY: Final = "cf_chaos"
WEBHOOKS_KEY: Final = "k" * 32
REPLICAS: Final = 2  # of each stage: what one drops another takes up
RESTART_SECONDS: Final = 0.3
READY_SECONDS: Final = 90.0
INSTALLS: Final = 3
GRACE: Final = "5"  # seconds


@dataclass
class House:
    """Everything that a fault may hit."""

    servers: Servers
    broker: Broker
    folder: Path
    name: str  # of the database and the bucket
    processes: dict[str, Forked]
    store_proxy: Proxy
    database_proxy: Proxy
    url: str
    receiver: Receiver
    endpoint: str  # of the users, at the receiver
    strangers: set[str] = field(default_factory=set)  # subjects of messages that are no facts
    _held: set[str] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def open(cls, servers: Servers, kind: brokers.Kind, name: str) -> AsyncIterator["House"]:
        """A house in which everything is ready; every process is gone at the end."""
        folder = servers.folder / name
        for part in ("logs", "scratch", "effects"):
            (folder / part).mkdir(parents=True)
        async with AsyncExitStack() as stack:
            servers.new_database(name)
            broker = await stack.enter_async_context(Broker.running(kind, folder / "log"))
            store = await stack.enter_async_context(Proxy.to(servers.s3.port))
            database = await stack.enter_async_context(Proxy.to(servers.postgres.port))
            url = f"http://127.0.0.1:{ports.free()}"
            receiver = await stack.enter_async_context(Receiver.listen(ports.free()))
            endpoint = receiver.endpoint()
            house = cls(servers, broker, folder, name, {}, store, database, url, receiver, endpoint)
            stack.callback(house._end)
            await house._install()
            house._populate()
            watching = asyncio.create_task(house._watch())
            stack.callback(watching.cancel)
            await house.ready()
            yield house

    @property
    def effects(self) -> Path:
        return self.folder / "effects"

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    def settings(self, user: str) -> RuntimeSettings:
        """For the checker, past the proxies."""
        s3 = self.servers.s3
        return RuntimeSettings(
            nats_url=self.broker.url(user),
            s3_endpoint=s3.endpoint,
            s3_bucket=self.name,
            s3_access_key=s3.access_key,
            s3_secret_key=SecretStr(s3.secret_key),
        )

    @property
    def database(self) -> str:
        """The address of the database, past the proxy."""
        return self.servers.postgres.url(self.name)

    @contextmanager
    def held_down(self, name: str) -> Iterator[None]:
        """Nobody starts this process again during the block."""
        self._held.add(name)
        try:
            yield
        finally:
            self._held.discard(name)

    def keep_logs(self, folder: Path) -> None:
        """Copy what all processes and servers of the log have said, and where its queues are."""
        shutil.copytree(self.folder / "logs", folder)
        for node in self.broker.nodes:
            shutil.copy(node.child.log, folder / f"log-{node.name}.log")
            (folder / f"log-{node.name}.json").write_text(json.dumps(jsz(node, consumers=True)))

    async def ready(self) -> None:
        """Return when the gateway and all that it needs answer."""
        deadline = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get("/health/ready")).status_code == 200:
                        return
                assert time.monotonic() < deadline, f"the house is not ready: see {self.folder}"
                await asyncio.sleep(0.05)

    async def _install(self) -> None:
        """As a job of the cluster does: again where it fails."""
        installer = self._forked("installer", "installer", "admin")
        del self.processes["installer"]
        said = ""
        for _ in range(INSTALLS):
            before = len(said)
            installer.start()
            await installer.ended(READY_SECONDS)
            said = installer.log.read_text()
            if "Traceback" not in said[before:]:
                return
        raise AssertionError(said)

    def _populate(self) -> None:
        self._forked("gateway", "gateway", "gateway")
        self._forked("projector", "projector", "projector")
        for stage in PIPELINE:
            for n in range(REPLICAS):
                self._forked(f"{stage.name}-{n}", stage.name, stage.name)

    def _forked(self, name: str, role: str, user: str) -> Forked:
        database = self.database.replace(
            f":{self.servers.postgres.port}/", f":{self.database_proxy.port}/"
        )
        env = {
            "CLIPFORGE_NATS_URL": self.broker.url(user),
            "CLIPFORGE_STREAM_REPLICAS": str(self.broker.replicas),
            "CLIPFORGE_DATABASE_URL": database,
            "CLIPFORGE_S3_ENDPOINT": f"http://127.0.0.1:{self.store_proxy.port}",
            "CLIPFORGE_S3_BUCKET": self.name,
            "CLIPFORGE_S3_ACCESS_KEY": self.servers.s3.access_key,
            "CLIPFORGE_S3_SECRET_KEY": self.servers.s3.secret_key,
            "CLIPFORGE_LOG_MAX_BYTES": str(MAX_FILE_BYTES),
            "CLIPFORGE_DATA_DIR": str(self.folder),
            "CLIPFORGE_SCRATCH_DIR": str(self.scratch),
            "CLIPFORGE_PORT": self.url.rpartition(":")[2],
            "CLIPFORGE_ADMIN_PORT": "0",
            "CLIPFORGE_BOOTSTRAP_API_KEY": KEY,
            "CLIPFORGE_WEBHOOKS_SECRET_KEYS": WEBHOOKS_KEY,
            "CLIPFORGE_WEBHOOKS_ALLOW": f"127.0.0.1:{self.receiver.port}",
            "CLIPFORGE_GRACE_SECONDS": GRACE,
            "CLIPFORGE_RUNNING_LIMIT_FREE": "1",  # each of its jobs waits for its others
            "CLIPFORGE_RATE_FREE": "0",  # users ask again and again in a round
            "CHAOS_EFFECTS": str(self.effects),
            "CHAOS_NAME": name,
        }
        log = self.folder / "logs" / f"{name}.log"
        self.processes[name] = Forked(name, role, env, log, self.servers.nursery)
        return self.processes[name]

    async def _watch(self) -> None:
        """Start what has ended, as a supervisor does."""
        while True:
            for name, process in self.processes.items():
                if name not in self._held and not process.running:
                    process.start()
            await asyncio.sleep(RESTART_SECONDS)  # other people's children announce nothing

    def _end(self) -> None:
        for process in self.processes.values():
            process.kill()
