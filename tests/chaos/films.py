"""Rounds with real films: the services as they are, with their own clocks, killed at random."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL
from typing import Final

from pydantic import SecretStr

import talks
from chaos import checker, invented, lost, witness
from chaos.checker import Violation
from chaos.evidence import Asked, Evidence
from chaos.recovery import recovery
from chaos.requests import Request
from chaos.stuck import stuck
from chaos.twice import twice
from clipforge_client.client import Client
from clipforge_client.errors import StillRunning
from clipforge_contracts.pipeline import PIPELINE
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.stack import Stack
from stacks import running

FILMS: Final = 3
KILLS: Final = 4
VICTIMS: Final = (
    *(stage.name for stage in PIPELINE),
    *("gateway", "projector", "nats", "postgres", "s3"),
)
BETWEEN_SECONDS: Final = (2.0, 15.0)
LIMIT_SECONDS: Final = 600.0
RESTART_SECONDS: Final = 60.0
OPTIONS: Final = {"clips": 1, "min_clip_ms": 5_000, "max_clip_ms": 15_000}
LOOK: Final = {"aspect": "9:16", "style": "pop", "quality": "draft"}


@dataclass(frozen=True)
class Result:
    """How a round went; see rounds.Result."""

    seed: int
    killed: list[str]
    evidence: Evidence
    violations: list[Violation]
    recovery: float
    seconds: float

    @property
    def jobs(self) -> int:
        return len(self.evidence.rows.jobs)

    def count(self, kind: checker.Kind) -> int:
        return sum(1 for violation in self.violations if violation.kind == kind)

    def __str__(self) -> str:
        names = ",".join(f"kill:{name}" for name in self.killed)
        counts = " ".join(f"{kind}={self.count(kind)}" for kind in checker.KINDS)
        return (
            f"seed={self.seed} log=lone films={FILMS} faults={names} jobs={self.jobs} {counts}"
            f" recovery={self.recovery:.1f}s took={self.seconds:.0f}s"
        )


@dataclass(frozen=True)
class _Premises:
    """A stack, as a witness looks at it."""

    folder: Path

    @property
    def database(self) -> str:
        secret, port = self._secret("postgres"), self._port("postgres")
        return f"postgresql://clipforge:{secret}@127.0.0.1:{port}/clipforge"

    @property
    def effects(self) -> Path:
        return self.folder / "effects"  # the real services note none

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    def settings(self, user: str) -> RuntimeSettings:
        return RuntimeSettings(
            nats_url=f"nats://{user}:{self._secret(f'nats_{user}')}@127.0.0.1:{self._port('nats')}",
            s3_endpoint=f"http://127.0.0.1:{self._port('s3')}",
            s3_access_key=self._secret("s3_access"),
            s3_secret_key=SecretStr(self._secret("s3_secret")),
        )

    def _secret(self, name: str) -> str:
        return str(json.loads((self.folder / "secrets.json").read_text())[name])

    def _port(self, name: str) -> int:
        return int(json.loads((self.folder / "ports.json").read_text())[name])


def play(seed: int) -> Result:
    """Live through a round, and look at what is left."""
    start = time.monotonic()
    source = random.Random(seed)
    victims = source.choices(VICTIMS, k=KILLS)
    pauses = [source.uniform(*BETWEEN_SECONDS) for _ in victims]
    wishes = [_request(f"s{seed}-{n}") for n in range(FILMS)]
    projects = frozenset(request.project for request in wishes)
    asked = Asked(tuple(wishes), projects, exports=projects, exports_accepted=projects)
    with _folder() as folder:
        premises = _Premises(folder / "stack")
        with running(premises.folder, say=lambda _: None) as stack:
            with ThreadPoolExecutor(FILMS) as everybody:
                users = [
                    everybody.submit(_live, stack, request, folder / f"{n}.mp4")
                    for n, request in enumerate(wishes)
                ]
                times = []
                for victim, pause in zip(victims, pauses, strict=True):
                    time.sleep(pause)
                    begun = time.time()
                    _kill(stack, victim)
                    times.append((begun, time.time()))
                for user in users:
                    user.result()
            seen = asyncio.run(_look(premises, asked))
        # A worker keeps a folder while it lives; once all have ended, none may be left.
        left = tuple(sorted(path.name for path in premises.scratch.iterdir()))
        seen = replace(seen, scratch=left)
    longest = max(recovery(seen, begun, ended) for begun, ended in times)
    return Result(seed, victims, seen, list(_check(seen)), longest, time.monotonic() - start)


async def _look(premises: _Premises, asked: Asked) -> Evidence:
    await witness.settled(premises, asked, seconds=LIMIT_SECONDS)
    return await witness.evidence(premises, asked)


def _check(seen: Evidence) -> Iterator[Violation]:
    """What can be said of films whose results nobody knows beforehand."""
    for kind, look in (
        ("lost", lost.ends_of_projects),
        ("lost", lost.ends_of_exports),
        ("lost", lost.rows_of_facts),
        ("lost", lost.removals),
        ("twice", twice),
        ("stuck", stuck),
        ("invented", invented.facts_of_nobody),
    ):
        yield from (Violation(kind, what) for what in look(seen))  # type: ignore[arg-type]


def _request(key: str) -> Request:
    return Request(key, "", tuple((stage.name, "ok") for stage in PIPELINE), export=True)


def _live(stack: Stack, request: Request, film: Path) -> None:
    """Upload a film, wait for its clips, and have one rendered."""
    with Client(stack.url, stack.api_key) as client:
        upload = client.upload(talks.make(film, name=request.key))
        project = client.create_project(
            upload_id=upload.id,
            title=request.title,
            options=OPTIONS,
            idempotency_key=request.key,
        )
        with contextlib.suppress(StillRunning):  # the checker says so
            if client.wait_for_project(project.id, seconds=LIMIT_SECONDS).state == "ready":
                export = client.create_export(client.clips(project.id)[0].id, **LOOK)
                client.wait_for_export(export.id, seconds=LIMIT_SECONDS)


def _kill(stack: Stack, name: str) -> None:
    """kill -9, and wait until it has been started again."""
    victim = stack.processes[name]
    if not victim:
        return  # dead already, by another kill
    os.kill(victim, SIGKILL)
    deadline = time.monotonic() + RESTART_SECONDS
    while stack.processes[name] in (0, victim):
        assert time.monotonic() < deadline, f"{name} was not started again"
        time.sleep(0.05)  # a process table has nothing to await


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """That PostgreSQL's unprivileged user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="clipforge-films-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
