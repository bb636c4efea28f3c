"""The stack: start the servers, prepare them, start the services, keep them up, stop in order."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from clipforge_standalone import folder as folders
from clipforge_standalone.plan import Addresses, Service, environment, services
from clipforge_standalone.servers import orphans
from clipforge_standalone.servers.nats import MAX_FILE, NatsServer, answers
from clipforge_standalone.servers.ports import Ports, is_free
from clipforge_standalone.servers.postgres import PostgresServer
from clipforge_standalone.servers.process import Child, DidNotStart
from clipforge_standalone.servers.s3 import S3Server

log = logging.getLogger(__name__)
Say = Callable[[str], None]

PREPARE_SECONDS: Final = 120
READY_SECONDS: Final = 90  # loading speech models from a cold disk
WATCH_SECONDS: Final = 0.5
STOP_SECONDS: Final = 15.0
FIRST_PAUSE: Final = 0.5  # before a crashed process is started again; doubled each time
LONGEST_PAUSE: Final = 30.0
CALM_SECONDS: Final = 60.0  # up for so long, and former crashes are forgotten


class Server(Protocol):
    """A server of the stack."""

    @property
    def child(self) -> Child: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass
class _Watched:
    """A process that is started again when it dies."""

    child: Child
    start: Callable[[], None]
    stop: Callable[[], None]
    crashes: int = 0
    started: float = field(default_factory=time.monotonic)
    again_at: float = 0.0


@dataclass
class Stack:
    """A running stack."""

    folder: Path
    url: str
    api_key: str
    say: Say
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _steps: list[Child] = field(default_factory=list)
    _stopping: bool = False
    _reviving: threading.Lock = field(default_factory=threading.Lock)

    @property
    def processes(self) -> dict[str, int]:
        """Process ids by name; 0 where one is down just now."""
        return {name: watched.child.pid for name, watched in self._watched.items()}

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, *, say: Say) -> AsyncGenerator["Stack"]:
        """Start everything in `folder`, and stop it again.

        Raises DidNotStart, and AlreadyRunning or Unusable of the folder.
        """
        with folders.held(folder):
            if left := orphans.end(folder / "logs"):
                say(f"ended {left} processes that a former run had left")
            (folder / "scratch").mkdir(exist_ok=True)
            stack = cls(folder, "", "", say)
            watching: asyncio.Task[None] | None = None
            try:
                await stack._begin()
                watching = asyncio.create_task(stack._watch())
                yield stack
            finally:
                if watching is not None:
                    watching.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await watching
                await asyncio.to_thread(stack._stop)

    async def _begin(self) -> None:
        """Start; when cancelled, stop starting before the caller begins to stop."""
        starting = asyncio.create_task(asyncio.to_thread(self._start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._stopping = True
            for step in self._steps:
                step.kill()
            await asyncio.wait([starting])
            if error := starting.exception():
                log.info("stopped while starting: %s", error)
            raise

    def _start(self) -> None:
        secrets = folders.load_secrets(self.folder)
        ports = Ports(self.folder / "ports.json")
        self.api_key = secrets["api_key"]
        addresses = self._start_servers(secrets, ports)
        self._prepare(addresses)
        cores = len(os.sched_getaffinity(0))
        planned = services(
            self.folder,
            addresses,
            ports,
            api_key=self.api_key,
            webhooks_key=secrets["webhooks_key"],
            cores=cores,
        )
        gateway = next(service for service in planned if service.name == "gateway")
        if not is_free(int(gateway.env["CLIPFORGE_PORT"])):
            raise DidNotStart(
                f"Another program uses port {gateway.env['CLIPFORGE_PORT']}. "
                "Set CLIPFORGE_PORT to a free one, or unset it to have one chosen."
            )
        for service in planned:
            self._start_service(service)
        self.url = f"http://127.0.0.1:{gateway.env['CLIPFORGE_PORT']}"
        for service in planned:
            child = self._watched[service.name].child
            child.wait_until(partial(self._ready, service.admin_port), READY_SECONDS)

    def _ready(self, admin_port: int) -> bool:
        self._go_on()
        return answers(f"http://127.0.0.1:{admin_port}/health/ready")

    def _go_on(self) -> None:
        if self._stopping:
            raise DidNotStart("asked to stop")

    def _start_servers(self, secrets: dict[str, str], ports: Ports) -> Addresses:
        """Embedded servers, but for those whose address the environment names."""
        named = os.environ
        passwords = {
            name.removeprefix("nats_"): secret
            for name, secret in secrets.items()
            if name.startswith("nats_")
        }
        if url := named.get("CLIPFORGE_NATS_URL"):
            nats, log_max_bytes = dict.fromkeys(passwords, url), 0
        else:
            bus = NatsServer(
                self.folder / "nats", ports.get("nats"), ports.get("nats-monitor"), passwords
            )
            self._start_server("nats", bus)
            nats, log_max_bytes = {user: bus.url(user) for user in passwords}, MAX_FILE
        database = named.get("CLIPFORGE_DATABASE_URL", "")
        if not database:
            postgres = PostgresServer(
                self.folder / "postgres", ports.get("postgres"), secrets["postgres"]
            )
            self._start_server("postgres", postgres)
            database = postgres.url()
        if endpoint := named.get("CLIPFORGE_S3_ENDPOINT"):
            keys = (
                named.get("CLIPFORGE_S3_ACCESS_KEY", ""),
                named.get("CLIPFORGE_S3_SECRET_KEY", ""),
            )
            if not all(keys):
                raise DidNotStart(
                    "CLIPFORGE_S3_ENDPOINT is set, so CLIPFORGE_S3_ACCESS_KEY and "
                    "CLIPFORGE_S3_SECRET_KEY must be, too."
                )
            return Addresses(nats, database, endpoint, *keys, None, log_max_bytes)
        keys = secrets["s3_access"], secrets["s3_secret"]
        store = S3Server(self.folder / "s3", ports.get("s3"), ports.get("s3-metrics"), *keys)
        self._start_server("s3", store)
        return Addresses(nats, database, store.endpoint, *keys, store.blobs, log_max_bytes)

    def _start_server(self, name: str, server: Server) -> None:
        self._go_on()
        self.say(f"starting {name}")
        # Watched before it is ready, so that what goes wrong from here on is stopped.
        self._watched[name] = _Watched(server.child, server.start, server.stop)
        server.start()

    def _start_service(self, service: Service) -> None:
        file = self.folder / "logs" / f"{service.name}.log"
        child = Child(service.name, service.argv, file, env=service.env)
        self._go_on()
        self.say(f"starting {service.name}")
        child.start()
        self._watched[service.name] = _Watched(child, child.start, lambda: child.stop(STOP_SECONDS))

    def _prepare(self, addresses: Addresses) -> None:
        """The installer's steps: tables, stream, consumers and bucket. May run twice."""
        env = {**os.environ, **environment(self.folder, addresses, "admin")}
        env["CLIPFORGE_DATABASE_URL"] = addresses.database
        steps = {"tables": ["clipforge_projector", "upgrade"], "log": ["clipforge_runtime.declare"]}
        self._go_on()
        for name, step in steps.items():
            file = self.folder / "logs" / f"prepare-{name}.log"
            child = Child(f"preparing the {name}", [sys.executable, "-m", *step], file, env=env)
            self._steps.append(child)
            child.start()
        for child in self._steps:
            child.finish(PREPARE_SECONDS)

    async def _watch(self) -> None:
        """Start again what has died, with growing pauses, and say so."""
        while True:
            # Children of several kinds; polling twice a second costs nothing.
            await asyncio.sleep(WATCH_SECONDS)
            for name, watched in self._watched.items():
                if not watched.child.running:
                    await self._revive(name, watched)

    async def _revive(self, name: str, watched: _Watched) -> None:
        now = time.monotonic()
        if not watched.again_at:
            if now - watched.started > CALM_SECONDS:
                watched.crashes = 0
            pause = min(FIRST_PAUSE * 2**watched.crashes, LONGEST_PAUSE)
            watched.again_at = now + pause
            watched.crashes += 1
            code = watched.child.exit_code
            self.say(f"{name} ended ({code}), starting it again: see {watched.child.log}")
        if now < watched.again_at:
            return
        watched.again_at = 0.0
        watched.started = now
        try:
            await asyncio.to_thread(self._start_again, watched)
        except (DidNotStart, OSError, subprocess.SubprocessError) as error:
            self.say(f"{name} does not start: {error}")

    def _start_again(self, watched: _Watched) -> None:
        with self._reviving:
            if not self._stopping:
                watched.start()

    def _stop(self) -> None:
        """Services first, all at once, as they need the servers to hand back their work."""
        self._stopping = True
        with self._reviving:  # nothing is started from here on
            self._stop_all()

    def _stop_all(self) -> None:
        servers = ("s3", "postgres", "nats")
        ours = [watched for name, watched in self._watched.items() if name not in servers]
        for watched in ours:
            if watched.child.running:
                os.kill(watched.child.pid, watched.child.stop_signal)
        for watched in ours:
            watched.stop()
        for name in servers:
            if name in self._watched:
                self._watched[name].stop()
