"""A stage at work in a test: a real log, a worker in this process, and the facts that feed it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from clipforge.v1 import common_pb2 as common
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import Fact, fact_name
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import IMPORT, Stage
from clipforge_contracts.plans import Plan, Priority
from clipforge_runtime.bus import Counts, Entry, Progress
from clipforge_runtime.crew import MINUTE
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.connection import Connection, connect
from clipforge_runtime.jetstream.declare import consumer_config
from clipforge_runtime.limits import Limits
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.slots import Slots
from clipforge_runtime.worker import Handler, Worker
from clipforge_standalone.servers.nats import NatsServer
from samples import TENANT, imported, options

PATIENCE = 60.0  # seconds; a busy machine is slow, and a broken promise waits for ever


def quick(stage: Stage) -> Stage:
    """The stage, with a lease and a limit of silence that a test can wait for."""
    return replace(stage, lease=timedelta(seconds=1.5), stall=timedelta(seconds=1))


QUICK = quick(IMPORT)


def submission(name: str, plan: Plan = Plan.BUSINESS) -> facts.ProjectSubmitted:
    """A project to import."""
    return facts.ProjectSubmitted(
        project=common.ProjectRef(
            tenant_id=TENANT, project_id=ids.derive("prj", name), plan=plan.wire
        ),
        title=name,
        source=common.Source(url=common.UrlSource(url="https://example.com/talk.mp4")),
        options=options(),
    )


async def import_at_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
    """A handler that does nothing but its duty."""
    film = imported()
    film.project.CopyFrom(cause.project)
    film.title = cause.title
    return film


async def transcribe_at_once(cause: facts.VideoImported) -> facts.VideoTranscribed:
    """The same of transcription."""
    return facts.VideoTranscribed(
        film=cause,
        transcript_key=f"tenants/{cause.project.tenant_id}/transcripts/{'ef' * 32}.json",
        language="en",
        words=5,
    )


async def eventually(condition: Callable[[], Awaitable[bool]], *, within: float = PATIENCE) -> None:
    """Return as soon as the condition holds; fail where it never does."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110  (the log announces none of these)
            await asyncio.sleep(0.02)


@dataclass
class Shift:
    """A worker that works."""

    bus: JetStream
    worker: Worker
    stop: asyncio.Event
    work: "asyncio.Task[None]"

    async def end(self) -> None:
        """Ask it to stop, and wait until it has."""
        self.stop.set()
        await asyncio.wait_for(self.work, PATIENCE)


@dataclass
class Workshop:
    """A declared log, and what a test wants to do with it."""

    server: NatsServer
    settings: RuntimeSettings
    admin: Connection
    gateway: JetStream

    @classmethod
    @asynccontextmanager
    async def open(cls, server: NatsServer, settings: RuntimeSettings) -> AsyncIterator["Workshop"]:
        async with (
            connect(settings.nats_url, "admin") as admin,
            JetStream.connect(_as("gateway", server, settings), name="gateway") as gateway,
        ):
            yield cls(server, settings, admin, gateway)

    def user(self, name: str) -> RuntimeSettings:
        """The settings of one service."""
        return _as(name, self.server, self.settings)

    async def submit(
        self, name: str, plan: Plan = Plan.BUSINESS, tenant: str = TENANT
    ) -> facts.ProjectSubmitted:
        """State a project to import, as the gateway does."""
        fact = submission(name, plan)
        fact.project.tenant_id = tenant
        await self.gateway.state(fact, fact_id=ids.derive("evt", name), once=True)
        return fact

    @asynccontextmanager
    async def connected(self, name: str) -> AsyncIterator[JetStream]:
        """The log as one service holds it."""
        async with JetStream.connect(self.user(name), name=name) as bus:
            yield bus

    @asynccontextmanager
    async def working(
        self,
        handler: Handler,
        *,
        stage: Stage = IMPORT,
        concurrency: int = 1,
        grace: timedelta = timedelta(seconds=5),
        limits: Limits | None = None,
        minute: timedelta = MINUTE,
    ) -> AsyncIterator[Shift]:
        """A worker of one stage, until the end of the block."""
        async with self.connected(stage.name) as bus:
            worker = Worker(stage=stage, handler=handler, bus=bus, limits=limits)
            stop = asyncio.Event()
            slots = Slots(worker, concurrency=concurrency, grace=grace, minute=minute)
            work = asyncio.create_task(slots.work(stop))
            try:
                yield Shift(bus, worker, stop, work)
            finally:
                stop.set()
                await work

    async def hurry(self, stage: Stage = QUICK, *, run_keys: float = 2) -> None:
        """Give a stage's deliveries its shorter lease, and run keys a shorter life (seconds)."""
        configs = [
            consumer_config(stage, priority, lane, after=0)
            for priority in Priority
            for lane in Lane
        ]
        for config in configs:
            await self.admin.api(
                f"CONSUMER.CREATE.{subjects.STREAM}.{config['durable_name']}",
                {"stream_name": subjects.STREAM, "config": config, "action": "update"},
            )
        config = (await self.admin.api("STREAM.INFO.KV_progress"))["config"]
        nanoseconds = int(run_keys * 1_000_000_000)
        config |= {"max_age": nanoseconds, "duplicate_window": nanoseconds}
        await self.admin.api("STREAM.UPDATE.KV_progress", config)

    async def hear(self, kind: type[Fact], count: int = 1) -> list[Entry]:
        """The first facts of a kind, as soon as there are so many."""
        heard: list[Entry] = []
        following = self.gateway.follow(after=0, filters=(f"facts.{fact_name(kind)}.>",))
        async with asyncio.timeout(PATIENCE):
            async for entry in following:
                heard.append(entry)
                if len(heard) == count:
                    break
        await following.aclose()
        return heard

    async def failure(self) -> facts.StageFailed:
        """The first dead letter."""
        [entry] = await self.hear(facts.StageFailed)
        assert isinstance(entry.fact, facts.StageFailed)
        return entry.fact

    async def log(self, filters: str = "facts.>") -> list[Entry]:
        """Every message of the log up to now."""
        last = await self.gateway.last(facts.TenantSaved, tenant=TENANT, project="", about=TENANT)
        end = await self.gateway.state(
            facts.TenantSaved(
                project=common.ProjectRef(tenant_id=TENANT, plan=Plan.BUSINESS.wire), name="end"
            ),
            fact_id=ids.derive("evt", "end", last.sequence if last else 0),
        )
        found: list[Entry] = []
        both = (filters,) if filters == "facts.>" else (filters, "facts.tenant-saved.>")
        following = self.gateway.follow(after=0, filters=both)
        async with asyncio.timeout(PATIENCE):
            async for entry in following:
                if entry.sequence >= end.sequence:
                    break
                if not isinstance(entry.fact, facts.TenantSaved):
                    found.append(entry)
        await following.aclose()
        return found

    async def counts(self, stage: Stage = IMPORT) -> Counts:
        """The numbers of a queue, priorities together."""
        each = (await self.gateway.counts(stage)).values()
        return Counts(
            waiting=sum(one.waiting for one in each),
            active=sum(one.active for one in each),
            delayed=sum(one.delayed for one in each),
            deferred=sum(one.deferred for one in each),
            paused=all(one.paused for one in each),
        )

    async def run_key(self, job: str) -> Progress:
        """What the one worker that runs a job shows of it."""

        async def shown() -> bool:
            return bool(await self.gateway.progress(job))

        await eventually(shown)
        [run] = await self.gateway.progress(job)
        return run

    async def idle(self, stage: Stage = IMPORT) -> None:
        """Wait until nothing waits, runs or is delayed."""

        async def nothing_left() -> bool:
            return await self.counts(stage) == Counts(0, 0, 0, paused=False)

        await eventually(nothing_left)

    async def polled(self, stage: Stage = IMPORT) -> None:
        """Wait until an idle worker has a poll open at each consumer."""

        async def open_everywhere() -> bool:
            infos = [
                await self.admin.api(f"CONSUMER.INFO.{subjects.STREAM}.{durable}")
                for durable in subjects.durables(stage)
            ]
            return all(info["num_waiting"] for info in infos)

        await eventually(open_everywhere)


def _as(user: str, server: NatsServer, settings: RuntimeSettings) -> RuntimeSettings:
    return settings.model_copy(update={"nats_url": server.url(user)})


class Gate:
    """A handler that says when it has begun, and ends when it is let through."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[Any] = asyncio.Queue()
        self.calls = 0
        self.cancelled = 0
        self._open = asyncio.Event()

    async def __call__(self, cause: facts.ProjectSubmitted) -> facts.VideoImported:
        self.calls += 1
        self.begun.put_nowait(cause)
        try:
            await self._open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await import_at_once(cause)

    async def began(self) -> facts.ProjectSubmitted:
        """Wait until it is called."""
        cause: facts.ProjectSubmitted = await asyncio.wait_for(self.begun.get(), PATIENCE)
        return cause

    def open(self) -> None:
        """Let every call end."""
        self._open.set()


@contextmanager
def without(server: NatsServer) -> Iterator[None]:
    """The log killed, and started again on the same folder."""
    server.child.kill()
    try:
        yield
    finally:
        server.start()
