"""Ten thousand open event streams over two gateways: memory, delay, and nothing lost by a restart.

Each project has some listeners. Events are stated by the log's own client, at a rate; one gateway
is then stopped and started again while they go on, and its listeners come back with the id of the
last event that they had. What counts as heard is each event of a listener's project, once.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import quantiles

import psutil

from bench.gateway.asking import Connection
from bench.gateway.filling import Filled
from bench.gateway.places import Place, cpu_seconds, key, memory, replica, settings
from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ExportCancelled
from clipforge_contracts import ids
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Plan
from clipforge_gateway.auth import FIRST_TENANT
from clipforge_runtime.cause import Cause
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.running import Running
from clipforge_standalone.stack import Stack
from handed import Handed
from workshop import eventually, submission

REPLICAS = 2
LISTENERS = 50  # of each project
OPENED_AT_ONCE = 50
EVENTS = 400
RATE = 10.0  # events a second, each to fifty listeners
RETRY_SECONDS = 2.0  # as the stream says
HEAR_SECONDS = 300.0
REPORTS = 60
BETWEEN_REPORTS = (0.6, 1.4)  # seconds; each is written, as a worker writes twice a second
DATA = b"data: "
PROGRESS = DATA + b'{"job"'
KIB, MIB = 2**10, 2**20


@dataclass
class Listener:
    """A browser, as far as a gateway can tell."""

    place: Place
    project: str
    headers: dict[str, str]
    heard: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    progress: dict[float, float] = field(default_factory=dict[float, float])  # by percent
    opened: int = 0
    refused: int = 0

    async def listen(self, opening: asyncio.Semaphore) -> None:
        """For ever: come back where it ends, with the last id."""
        last = ""
        while True:
            connection = Connection(self.place.url, self.headers)
            try:
                async with opening:
                    reader = await connection.stream(
                        f"/v1/projects/{self.project}/events", {"Last-Event-ID": last}
                    )
                    self.opened += 1
                while line := await reader.readline():
                    if line.startswith(b"id: "):
                        last = line[4:].strip().decode()
                        self.heard.append((int(last.partition("-")[2]), time.perf_counter()))
                    elif line.startswith(PROGRESS):
                        percent = json.loads(line.removeprefix(DATA))["percent"]
                        self.progress.setdefault(percent, time.perf_counter())
            except (OSError, asyncio.IncompleteReadError):
                self.refused += 1
            finally:
                connection.close()
            await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.5))


@dataclass
class Stage:
    """What was stated: the sequences of each project, and when."""

    bus: JetStream
    projects: Sequence[str]
    stated: dict[str, list[int]]
    begun: dict[int, float] = field(default_factory=dict[int, float])

    async def tell(self, project: str) -> None:
        fact = ExportCancelled(
            project=ProjectRef(tenant_id=FIRST_TENANT, project_id=project, plan=Plan.BUSINESS.wire),
            export_id=ids.new("exp"),
        )
        began = time.perf_counter()
        stated = await self.bus.state(fact, fact_id=ids.new("evt"))
        self.stated[project].append(stated.sequence)
        self.begun[stated.sequence] = began

    async def tell_at_a_rate(self, number: int) -> None:
        began = time.perf_counter()
        for n in range(number):
            await asyncio.sleep(max(0.0, began + n / RATE - time.perf_counter()))
            await self.tell(random.choice(self.projects))


def streams(stack: Stack, filled: Filled, number: int) -> str:
    """Print what was seen; the figures."""
    with ExitStack() as opened:
        places = [opened.enter_context(replica(stack)) for _ in range(REPLICAS)]
        return asyncio.run(_measured(stack, filled, places, number))


async def _measured(stack: Stack, filled: Filled, places: Sequence[Place], number: int) -> str:
    projects = [filled.project(n) for n in range(max(1, number // LISTENERS))]
    listeners = [
        Listener(places[n % len(places)], projects[n % len(projects)], key(stack))
        for n in range(number)
    ]
    opening = asyncio.Semaphore(OPENED_AT_ONCE)
    async with JetStream.connect(settings(stack), name="gateway") as bus:
        stage = Stage(bus, projects, {project: [] for project in projects})
        for project in projects:
            await stage.tell(project)
        before = [memory(place.pid) for place in places]
        cpu = [cpu_seconds(place.pid) for place in places]
        began = time.perf_counter()
        tasks = [asyncio.create_task(one.listen(opening)) for one in listeners]
        try:
            await _until_heard(listeners, stage)
            took = time.perf_counter() - began
            grown = [memory(place.pid) - was for place, was in zip(places, before, strict=True)]
            spent = sum(cpu_seconds(place.pid) for place in places) - sum(cpu)
            print(
                f"opened {number} in {took:.1f} s, {1000 * spent / number:.1f} ms of CPU each, "
                f"{sum(grown) / number / KIB:.0f} KiB each"
            )
            first = set(stage.begun)
            await stage.tell_at_a_rate(EVENTS)
            await _until_heard(listeners, stage)
            delays = _delays(listeners, stage, first)
            print(f"delay: p50 {delays[49]:.0f} ms, p99 {delays[98]:.0f} ms")
            seen = await _progress(stack, listeners, projects[0])
            print(f"progress: p50 {seen[49]:.0f} ms, p95 {seen[94]:.0f} ms after its report")
            telling = asyncio.create_task(stage.tell_at_a_rate(EVENTS))
            await asyncio.to_thread(places[0].stop)
            await asyncio.to_thread(places[0].start)
            await telling
            await _until_heard(listeners, stage)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    lost = sum(_missing(one, stage) for one in listeners)
    twice = sum(len(one.heard) - len({n for n, _ in one.heard}) for one in listeners)
    largest = max(memory(place.pid) for place in places)
    came_back = sum(one.opened > 1 for one in listeners)
    print(f"restart: {came_back} came back, {lost} events lost, {twice} heard twice")
    return (
        f"streams={number} stream_kib={sum(grown) / number / KIB:.0f} "
        f"delay_p50_ms={delays[49]:.0f} delay_p99_ms={delays[98]:.0f} "
        f"progress_p50_ms={seen[49]:.0f} progress_p95_ms={seen[94]:.0f} "
        f"lost={lost} twice={twice} replica_mib={largest / MIB:.0f}"
    )


async def _until_heard(listeners: Sequence[Listener], stage: Stage) -> None:
    """Every event by every listener; or so long that the rest counts as lost."""

    async def heard() -> bool:
        await asyncio.sleep(0.2)
        return not any(_missing(one, stage) for one in listeners)

    try:
        await eventually(heard, within=HEAR_SECONDS)
    except TimeoutError:
        print(f"not heard: {sum(_missing(one, stage) for one in listeners)}")


async def _progress(stack: Stack, listeners: Sequence[Listener], project: str) -> list[float]:
    """Percentiles of ms, from what a handler reports to a worker until a listener has it."""
    address = psutil.Process(stack.processes[IMPORT.name]).environ()["CLIPFORGE_NATS_URL"]
    told: dict[float, float] = {}
    film = submission("bench")
    film.project.tenant_id, film.project.project_id = FIRST_TENANT, project
    worker = settings(stack).model_copy(update={"nats_url": address})
    async with JetStream.connect(worker, name=IMPORT.name) as bus:
        running = Running(Cause.read(IMPORT, Handed(film)), bus, "bench")
        async with running.alive(_is_unwanted):
            for n in range(REPORTS):
                await asyncio.sleep(random.uniform(*BETWEEN_REPORTS))
                told[float(n + 1)] = time.perf_counter()
                running.report(n + 1, "importing")
            await asyncio.sleep(BETWEEN_REPORTS[1])  # the last one arrives
    found = [
        1000 * (at - told[percent])
        for one in listeners
        for percent, at in one.progress.items()
        if one.project == project and percent in told
    ]
    return quantiles(found, n=100, method="inclusive")


async def _is_unwanted(_: Cause) -> bool:
    return False


def _missing(listener: Listener, stage: Stage) -> int:
    return len(set(stage.stated[listener.project]) - {n for n, _ in listener.heard})


def _delays(listeners: Sequence[Listener], stage: Stage, before: set[int]) -> list[float]:
    """Percentiles of ms, from the stating of an event to its arrival."""
    found = [
        1000 * (at - stage.begun[sequence])
        for one in listeners
        for sequence, at in one.heard
        if sequence not in before
    ]
    return quantiles(found, n=100, method="inclusive")
