"""Who answers in a bench of the gateway: replicas of a stack's, or what they stand on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psutil

from clipforge_gateway.auth import FIRST_TENANT
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.servers import ports
from clipforge_standalone.stack import Stack
from workshop import eventually

LOOPBACK = "127.0.0.1"
BOOT_SECONDS = 120.0


@dataclass
class Place:
    """A process that listens."""

    port: int
    command: list[str]
    path: str  # answers once it is ready
    env: dict[str, str] = field(repr=False)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Run, and wait until it answers."""
        self._process = subprocess.Popen(self.command, env=self.env)
        asyncio.run(eventually(self._answers, within=BOOT_SECONDS))

    def stop(self) -> None:
        """As its supervisor does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=60)

    async def _answers(self) -> bool:
        async with httpx.AsyncClient() as http:
            try:
                return (await http.get(self.url + self.path)).is_success
            except httpx.TransportError:
                return False


@contextmanager
def below(stack: Stack) -> Iterator[Place]:
    """What a gateway stands on: see bare.py."""
    port, database = ports.free(), environment(stack)["CLIPFORGE_DATABASE_URL"]
    command = [sys.executable, "-m", "bench.gateway.bare", str(port), database, FIRST_TENANT]
    yield from _running(Place(port, command, "/", dict(os.environ)))


@contextmanager
def replica(stack: Stack, **settings: str) -> Iterator[Place]:
    """One more gateway of the stack."""
    port, admin = ports.free(), ports.free()
    env = {
        **environment(stack),
        "CLIPFORGE_PORT": str(port),
        "CLIPFORGE_ADMIN_PORT": str(admin),
        # Counted as ever, and never reached: a thousand users of one tenant are none of its plan's.
        "CLIPFORGE_RATE_BUSINESS": str(10**8),
        "CLIPFORGE_HELD_PER_TENANT": str(10**5),
        "CLIPFORGE_BACKLOG_BUSINESS": str(10**6),
        **settings,
    }
    command = [sys.executable, "-m", "clipforge_gateway"]
    yield from _running(Place(port, command, "/health/live", env))


def _running(place: Place) -> Generator[Place]:
    place.start()
    try:
        yield place
    finally:
        place.stop()


def environment(stack: Stack) -> dict[str, str]:
    """Of the stack's gateway."""
    return dict(psutil.Process(stack.processes["gateway"]).environ())


def settings(stack: Stack) -> RuntimeSettings:
    """How the stack's gateway reaches log and store."""
    env = environment(stack)
    known = {
        name: env[f"CLIPFORGE_{name.upper()}"]
        for name in RuntimeSettings.model_fields
        if f"CLIPFORGE_{name.upper()}" in env
    }
    return RuntimeSettings.model_validate(known)


def key(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.api_key}"}


def cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory(pid: int) -> int:
    """Resident bytes."""
    return int(psutil.Process(pid).memory_info().rss)
