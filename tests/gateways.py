"""A gateway in a test: a real log, tables and store, the projector at work, and whoever asks."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import event

from clipforge.v1 import common_pb2 as common
from clipforge.v1 import documents_pb2 as documents
from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.database import Sessions, open_database
from clipforge_catalog.tables import Position
from clipforge_client.answers import EventParser
from clipforge_client.models import Event
from clipforge_contracts import ids, subjects
from clipforge_contracts.documents import to_json
from clipforge_contracts.facts import Fact
from clipforge_contracts.permissions import GATEWAY_STATES, PROJECTOR_STATES
from clipforge_contracts.pipeline import PIPELINE, Stage
from clipforge_contracts.plans import Plan
from clipforge_gateway.app import create_app, parts_of
from clipforge_gateway.auth import key_hash
from clipforge_gateway.parts import Parts
from clipforge_gateway.serving import web_server
from clipforge_gateway.settings import Settings
from clipforge_projector import projector
from clipforge_projector.layout import Layout
from clipforge_projector.reconciler import Reconciler
from clipforge_projector.webhooks import Webhooks
from clipforge_runtime.bus import Entry, Stated
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.slots import Slots
from clipforge_runtime.worker import Handler, Worker
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer
from samples import TENANT, every_fact, media
from workshop import PATIENCE, eventually

SHA256 = media().sha256
FILM = "https://example.com/talk.mp4"


@dataclass(frozen=True)
class Tenant:
    """Somebody with an API key."""

    id: str
    key: str
    plan: Plan
    http: httpx.AsyncClient


@dataclass
class House:
    """One gateway that listens on loopback, and all that it needs."""

    nats: NatsServer
    settings: Settings
    sessions: Sessions
    parts: Parts = field(init=False)
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _buses: dict[str, JetStream] = field(default_factory=dict[str, JetStream])
    _serving: AsyncExitStack = field(default_factory=AsyncExitStack)
    _projecting: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    @asynccontextmanager
    async def open(cls, nats: NatsServer, settings: Settings) -> AsyncGenerator["House"]:
        """Everything runs until the end of the block."""
        async with open_database(settings.database_url.get_secret_value()) as sessions:
            house = cls(nats, settings, sessions)
            async with house._open:
                await house.start_projector()
                await house.start_gateway()
                try:
                    yield house
                finally:
                    await house.stop_gateway()
                    await house.stop_projector()

    @property
    def url(self) -> str:
        return f"http://{self.settings.host}:{self.settings.port}"

    async def start_gateway(self) -> None:
        """Serve, on the same port as before."""
        self._serving = AsyncExitStack()
        await self._serving.enter_async_context(self._gateway())

    async def stop_gateway(self) -> None:
        await self._serving.aclose()

    async def start_projector(self) -> None:
        self._projecting = AsyncExitStack()
        await self._projecting.enter_async_context(self._projector())

    async def stop_projector(self) -> None:
        """Rows stand still from now on."""
        await self._projecting.aclose()

    @asynccontextmanager
    async def stale(self) -> AsyncIterator[None]:
        """No projector while the block runs; all is caught up with at its end."""
        await self.stop_projector()
        try:
            yield
        finally:
            await self.start_projector()
            await self.caught_up()

    def operator(self) -> httpx.AsyncClient:
        """With the first key of the installation."""
        key = self.settings.bootstrap_api_key
        assert key is not None
        return self.client(key.get_secret_value())

    def client(self, key: str = "", **more: Any) -> httpx.AsyncClient:
        """Whoever asks with this key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE, **more)

    async def tenant(self, plan: Plan = Plan.BUSINESS, role: str = "user") -> Tenant:
        """A new tenant with a key that works."""
        tenant_id = ids.new("ten")
        ref = common.ProjectRef(tenant_id=tenant_id, plan=plan.wire)
        await self.state(facts.TenantSaved(project=ref, name="tenant"))
        key = await self.key(tenant_id, role=role, plan=plan)
        http = await self._open.enter_async_context(self.client(key))
        return Tenant(tenant_id, key, plan, http)

    async def key(
        self, tenant: str, *, role: str = "user", plan: Plan = Plan.BUSINESS, revoked: bool = False
    ) -> str:
        """A new key of a tenant."""
        key = f"cf_{secrets.token_urlsafe(32)}"
        saved = facts.ApiKeySaved(
            project=common.ProjectRef(tenant_id=tenant, plan=plan.wire),
            key_id=ids.new("key"),
            name="test",
            role=role,
            hash=key_hash(key),
            revoked=revoked,
        )
        await self.state(saved)
        return key

    async def bus(self, user: str) -> JetStream:
        """The log as one service holds it."""
        if user not in self._buses:
            settings = self.settings.model_copy(update={"nats_url": self.nats.url(user)})
            self._buses[user] = await self._open.enter_async_context(
                JetStream.connect(settings, name=user)
            )
        return self._buses[user]

    async def state(self, fact: Fact, **headers: str) -> Stated:
        """State a fact as the service to which it belongs, and wait for its row."""
        stated = await self.tell(fact, **headers)
        await self.caught_up(stated.sequence)
        return stated

    async def tell(self, fact: Fact, **headers: str) -> Stated:
        """State a fact as the service to which it belongs."""
        bus = await self.bus(_author(fact))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await bus.state(fact, fact_id=ids.new("evt"), headers=named)

    async def caught_up(self, sequence: int | None = None) -> None:
        """Wait until rows are true up to a sequence, or to the last fact of the log."""
        if sequence is None:
            end = facts.TenantSaved(
                project=common.ProjectRef(tenant_id=ids.new("ten"), plan=Plan.FREE.wire), name="end"
            )
            sequence = (await self.tell(end)).sequence

        async def there() -> bool:
            async with self.sessions() as session:
                found = await session.get(Position, subjects.STREAM)
                return found is not None and found.seq >= sequence

        await eventually(there)

    async def submit(self, tenant: Tenant, **body: Any) -> str:
        """A project of this tenant; its id. Asked again, as told, where a busy log is slow."""
        answers: list[httpx.Response] = []

        async def answered() -> bool:
            wanted = {"source": {"type": "url", "url": FILM}, **body}
            answers.append(await tenant.http.post("/v1/projects", json=wanted))
            return answers[-1].status_code != 503

        await eventually(answered)
        assert answers[-1].status_code == 202, answers[-1].text
        project: str = answers[-1].json()["id"]
        return project

    async def ready(self, tenant: Tenant) -> "Film":
        """A project that has gone through the pipeline, its transcript in the store."""
        film = Film(tenant, await self.submit(tenant))
        await self.keep_transcript(film)
        for fact in film.life():
            await self.tell(fact)
        await self.caught_up()
        return film

    async def stored(self, tenant: Tenant) -> "Film":
        """The same, with the film's bytes and its poster in the store, too."""
        film = await self.ready(tenant)
        objects = film.fact(facts.VideoImported).objects
        for key in (objects.source_key, objects.poster_key):
            await self.parts.store.write(key, b"bytes", content_type="video/mp4")
        return film

    async def keep_transcript(self, film: "Film") -> None:
        """Lay down what is said in the film."""
        await self.parts.store.write(
            film.transcript_key, to_json(TRANSCRIPT), content_type="application/json"
        )

    @asynccontextmanager
    async def events(
        self, tenant: Tenant, project: str = "", last_id: str = ""
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """The event stream of a project, or of all of a tenant's, as a browser hears it."""
        headers = {"Last-Event-ID": last_id} if last_id else {}
        path = f"/v1/projects/{project}/events" if project else "/v1/events"
        async with tenant.http.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200
            yield _events(answer)

    @asynccontextmanager
    async def another_gateway(
        self,
        sessions: Sessions | None = None,
        replica: Sessions | None = None,
        **settings: Any,
    ) -> AsyncIterator[str]:
        """A replica beside the first one, on a port and with a pool of its own; its address."""
        port = ports.free()
        async with self._replica(port, sessions, replica, **settings):
            yield f"http://{self.settings.host}:{port}"

    @asynccontextmanager
    async def _gateway(self) -> AsyncIterator[None]:
        async with self._replica(self.settings.port) as parts:
            self.parts = parts
            yield

    @asynccontextmanager
    async def _replica(
        self,
        port: int,
        sessions: Sessions | None = None,
        replica: Sessions | None = None,
        **changes: Any,
    ) -> AsyncIterator[Parts]:
        settings = self.settings.model_copy(
            update={"nats_url": self.nats.url("gateway"), "port": port, **changes}
        )
        async with (
            JetStream.connect(settings, name="gateway") as bus,
            parts_of(settings, bus, S3Store(settings), sessions or self.sessions, replica) as parts,
        ):
            app = create_app()
            app.state.parts = parts
            server = web_server(app, settings.host, settings.port)
            serving = asyncio.create_task(server.serve())

            async def listening() -> bool:
                return server.started

            await eventually(listening)
            try:
                yield parts
            finally:
                parts.feed.close()
                server.should_exit = True
                await serving

    @asynccontextmanager
    async def _projector(self) -> AsyncIterator[None]:
        settings = self.settings.model_copy(update={"nats_url": self.nats.url("projector")})
        async with JetStream.connect(settings, name="projector") as bus:
            reconciler = Reconciler(self.sessions, bus)
            layout = Layout(self.sessions, S3Store(settings))
            webhooks = Webhooks(self.sessions, bus, timedelta(days=30))

            def hear(entries: Sequence[Entry]) -> None:
                reconciler.hear(entries)
                webhooks.hear(entries)
                layout.hear(entries)

            tasks = [
                asyncio.create_task(bus.keep_progress(1)),
                asyncio.create_task(reconciler.work()),
                asyncio.create_task(webhooks.work()),
                asyncio.create_task(layout.work()),
                asyncio.create_task(
                    projector.project(self.sessions, bus, batch=100, on_facts=hear)
                ),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task


@dataclass(frozen=True)
class Film:
    """A project, and what the stages make of it."""

    tenant: Tenant
    project: str
    sha256: str = SHA256

    @property
    def clip(self) -> str:
        return ids.derive("clip", self.project)

    @property
    def ref(self) -> common.ProjectRef:
        return common.ProjectRef(
            tenant_id=self.tenant.id, project_id=self.project, plan=self.tenant.plan.wire
        )

    @property
    def asset(self) -> str:
        """The same film for all projects of the tenant that are made of the same bytes."""
        return ids.asset(self.tenant.id, self.sha256)

    @property
    def transcript_key(self) -> str:
        return f"tenants/{self.tenant.id}/transcripts/{'ef' * 32}.json"

    def fact(self, kind: type[Fact]) -> Any:
        """The sample of one kind, as a fact about this film."""
        [sample] = [fact for fact in every_fact() if isinstance(fact, kind)]
        made: Any = kind.FromString(sample.SerializeToString())
        owner = made.film if hasattr(made, "film") else made
        owner.project.CopyFrom(self.ref)
        if isinstance(owner, facts.VideoImported):
            owner.asset_id, owner.media.sha256 = self.asset, self.sha256
            for name in ("source_key", "audio_key", "poster_key"):
                key = getattr(owner.objects, name).replace(TENANT, self.tenant.id)
                setattr(owner.objects, name, key)
        if isinstance(made, facts.VideoTranscribed):
            made.transcript_key = self.transcript_key
        if isinstance(made, facts.ClipsDetected):
            made.clips[0].id = self.clip
        return made

    def life(self) -> list[Fact]:
        """What the stages state of it, after it was submitted."""
        return [
            self.fact(kind)
            for kind in (facts.VideoImported, facts.VideoTranscribed, facts.ClipsDetected)
        ]

    def exported(self, export: str) -> facts.ClipExported:
        """The result of an export of its clip."""
        made: facts.ClipExported = self.fact(facts.ClipExported)
        made.export_id, made.clip_id = export, self.clip
        objects = made.record.objects
        objects.clip_key = objects.clip_key.replace(TENANT, self.tenant.id)
        return made

    def failed(self, stage: str, about: str = "", *, replay: int = 0) -> facts.StageFailed:
        """The dead letter of one of its jobs."""
        made: facts.StageFailed = self.fact(facts.StageFailed)
        made.stage, made.about = stage, about or self.project
        made.job_id = ids.job(stage, made.about, replay)
        return made


TRANSCRIPT = documents.Transcript(
    language="en",
    duration_ms=90_000,
    segments=[
        documents.Segment(
            text="Why do queues lose work?",
            start_ms=10_000,
            end_ms=12_000,
            words=[
                documents.Word(
                    text=word, start_ms=10_000 + 400 * n, end_ms=10_400 + 400 * n, confidence=0.9
                )
                for n, word in enumerate(["Why", "do", "queues", "lose", "work?"])
            ],
        )
    ],
    engine="scripted",
    result_version=1,
)


@asynccontextmanager
async def working(house: House, stage: Stage, handler: Handler) -> AsyncIterator[None]:
    """A worker of one stage, until the end of the block."""
    worker = Worker(stage=stage, handler=handler, bus=await house.bus(stage.name))
    stop = asyncio.Event()
    work = asyncio.create_task(Slots(worker, concurrency=2, grace=timedelta(seconds=5)).work(stop))
    try:
        yield
    finally:
        stop.set()
        await work


async def _events(answer: httpx.Response) -> AsyncIterator[Event]:
    parser = EventParser()
    async for line in answer.aiter_lines():
        for told in parser.feed(line):
            yield told


async def heard(events: AsyncIterator[Event], *, until: str, progress: bool = False) -> list[Event]:
    """Events up to one of a name."""
    found: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        async for event in events:
            if progress or event.name != "progress":
                found.append(event)
            if event.name == until:
                return found
    raise AssertionError(f"the stream ended before {until}: {[one.name for one in found]}")


def _author(fact: Fact) -> str:
    """The NATS user who may state it."""
    if isinstance(fact, facts.StageFailed):
        return fact.stage
    if isinstance(fact, GATEWAY_STATES):
        return "gateway"
    if isinstance(fact, PROJECTOR_STATES):
        return "projector"
    [stage] = [stage for stage in PIPELINE if type(fact) in stage.states]
    return stage.name


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and type of an answer that must be a well-formed problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"].strip()
    assert body["title"].strip()
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["type"].rpartition("/")[2]


@contextmanager
def statements(sessions: Sessions) -> Iterator[list[str]]:
    """What a database is asked over these sessions while the block runs."""
    asked: list[str] = []
    engine = sessions.kw["bind"].sync_engine

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", hear)
