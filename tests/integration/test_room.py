"""Room in the log, on a server whose quota is really filled: work goes on, new work is refused."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlmodel import col, select, update

from clipforge.v1.facts_pb2 import (
    LogTrimmed,
    ProjectDeleted,
    ProjectSubmitted,
    RemovalRequested,
    VideoImported,
)
from clipforge_catalog.database import Sessions, open_database
from clipforge_catalog.tables import Job, JobState, Project, ProjectState
from clipforge_contracts import ids, subjects
from clipforge_contracts.permissions import users
from clipforge_contracts.pipeline import IMPORT, TRANSCRIPTION
from clipforge_contracts.plans import Plan
from clipforge_gateway import lately
from clipforge_gateway.settings import Settings
from clipforge_projector import projector
from clipforge_projector.projector import CannotRebuild
from clipforge_projector.reconciler import reconcile
from clipforge_projector.room import UNBOUNDED, Marks, keep_room, make_room
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.errors import Transient
from clipforge_runtime.jetstream import JetStream, holding, publishing, records
from clipforge_runtime.jetstream.connection import connect
from clipforge_runtime.jetstream.declare import declare
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer
from clipforge_standalone.servers.process import Child
from clipforge_standalone.servers.s3 import S3Server
from gateways import House, problem
from workshop import PATIENCE, Gate, Workshop, eventually, import_at_once, submission

pytestmark = pytest.mark.integration

QUOTA = 2 * 1024 * 1024
MARKS = Marks(begin=0.75, end=0.65, after=timedelta(hours=24))
TOMORROW = datetime.now(UTC) + timedelta(hours=25)


@pytest.fixture
def small_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A log whose disk is small."""
    passwords = {user: uuid4().hex for user in users()}
    folder = tmp_path / "small" / "nats"
    server = NatsServer(folder, ports.free(), ports.free(), passwords, max_file=str(QUOTA))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def small(small_server: NatsServer) -> AsyncIterator[Workshop]:
    settings = RuntimeSettings(
        nats_url=small_server.url("admin"),
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="none",
        s3_secret_key=SecretStr("none"),
        log_max_bytes=QUOTA,
    )
    async with connect(settings.nats_url, "admin") as connection:
        await declare(connection, settings)
    async with Workshop.open(small_server, settings) as opened:
        yield opened


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(database_url, pool_size=3) as opened:
        yield opened


@pytest.fixture
async def bus(small: Workshop) -> AsyncIterator[JetStream]:
    async with small.connected("projector") as opened:
        yield opened


def large(name: str) -> ProjectSubmitted:
    """A project of some 50 KB: its vocabulary is long."""
    fact = submission(name)
    del fact.options.vocabulary[:]
    fact.options.vocabulary.extend(["x" * 500] * 100)
    return fact


async def fill(bus: JetStream, until: float, named: str) -> list[str]:
    """Submit projects until the log is so full; their names."""
    names: list[str] = []
    while (await bus.room()).share < until:
        name = f"{named} {len(names)}"
        await bus.state(large(name), fact_id=ids.derive("evt", name), once=True)
        names.append(name)
    return names


async def finish(sessions: Sessions, names: list[str]) -> None:
    """As rows have them when their work is over."""
    async with sessions.begin() as session:
        for name in names:
            row = await session.get(Project, ids.derive("prj", name))
            assert row is not None
            row.state, row.finished_at = ProjectState.READY, row.created_at
        gone = col(Job.project_id).in_([ids.derive("prj", name) for name in names])
        await session.exec(update(Job).where(gone).values(state=JobState.COMPLETED))


async def catch_up(sessions: Sessions, bus: JetStream) -> None:
    await projector.project(sessions, bus, batch=50, until=await bus.last_fact())


async def in_the_log(small: Workshop, names: list[str]) -> list[str]:
    """Of these projects, those of which the log holds facts."""
    held = {entry.subject.split(".")[5] for entry in await small.log("facts.project-submitted.>")}
    return [name for name in names if ids.derive("prj", name) in held]


async def test_a_log_below_the_mark_is_left_alone(
    small: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    names = await fill(small.gateway, 0.5, "film")
    await catch_up(sessions, bus)
    await finish(sessions, names)

    assert await make_room(sessions, bus, MARKS, now=TOMORROW) == 0


async def test_finished_projects_make_room_the_oldest_first_and_running_work_stays(
    small: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    running = await fill(small.gateway, 0.05, "running")
    old = await fill(small.gateway, 0.70, "old")
    young = await fill(small.gateway, 0.76, "young")
    await catch_up(sessions, bus)
    await finish(sessions, old + young)

    assert await make_room(sessions, bus, MARKS, now=TOMORROW) > 0

    assert (await bus.room()).share < MARKS.end
    assert await in_the_log(small, running) == running
    left = await in_the_log(small, old + young)
    assert left == (old + young)[-len(left) :]
    async with sessions() as session:  # what people see of them stays
        assert len((await session.exec(select(Project))).all()) == len(running + old + young)


async def test_the_projector_itself_keeps_room_and_has_removed_what_is_to_go(
    small: Workshop, sessions: Sessions, bus: JetStream, database_url: str, tmp_path: Path
) -> None:
    deleted = large("deleted")
    await small.gateway.state(deleted, fact_id=ids.new("evt"), once=True)
    async with small.connected("import") as importer:
        film = await import_at_once(deleted)
        await importer.state(film, fact_id=ids.new("evt"), once=True)
    gone = ProjectDeleted(project=deleted.project)
    await small.gateway.state(gone, fact_id=ids.new("evt"), once=True)
    names = await fill(small.gateway, 0.78, "film")
    await catch_up(sessions, bus)
    await finish(sessions, names)
    service = Child(
        "projector",
        [sys.executable, "-m", "clipforge_projector"],
        tmp_path / "projector.log",
        env={
            "PATH": os.environ["PATH"],
            "CLIPFORGE_NATS_URL": small.user("projector").nats_url,
            "CLIPFORGE_DATABASE_URL": database_url,
            "CLIPFORGE_S3_ENDPOINT": "http://127.0.0.1:1",
            "CLIPFORGE_S3_ACCESS_KEY": "none",
            "CLIPFORGE_S3_SECRET_KEY": "none",
            "CLIPFORGE_LOG_MAX_BYTES": str(QUOTA),
            "CLIPFORGE_ROOM_AFTER_HOURS": "0.0001",
            "CLIPFORGE_DATA_DIR": str(tmp_path),
            "CLIPFORGE_ADMIN_PORT": "0",
        },
    )

    async def trimmed() -> bool:
        return (await bus.room()).share < MARKS.end

    async def asked() -> bool:  # of the uploads of long ago it asks, too: of no keys
        wanted = ("facts.removal-requested.>",)
        async with aclosing(bus.follow(after=0, filters=wanted)) as requests:
            async for entry in requests:
                if isinstance(entry.fact, RemovalRequested) and entry.fact.keys:
                    return any(film.objects.source_key.startswith(key) for key in entry.fact.keys)
        return False

    service.start()
    try:
        await eventually(trimmed)
        assert await asyncio.wait_for(asked(), PATIENCE)
    finally:
        service.kill()

    left = await in_the_log(small, names)
    assert 0 < len(left) < len(names)


async def test_what_is_over_for_less_than_a_day_stays(
    small: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    names = await fill(small.gateway, 0.8, "film")
    await catch_up(sessions, bus)
    await finish(sessions, names)

    assert await make_room(sessions, bus, MARKS, now=datetime.now(UTC)) == 0
    assert await in_the_log(small, names) == names


async def test_a_full_log_refuses_facts_and_takes_them_again_after_the_janitor(
    small: Workshop, sessions: Sessions, bus: JetStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = await fill(small.gateway, 0.7, "film")
    await catch_up(sessions, bus)
    await finish(sessions, names)
    monkeypatch.setattr(publishing, "CONFIRM_SECONDS", 0.5)
    with pytest.raises(Unavailable):
        await fill(small.gateway, 2, "more")
    await catch_up(sessions, bus)

    await make_room(sessions, bus, MARKS, now=TOMORROW)

    await small.submit("after the janitor")
    gate = Gate()
    gate.open()
    async with small.working(gate, concurrency=4):
        await small.idle()
    assert (await small.counts(TRANSCRIPTION)).waiting == gate.calls > 0


async def begun_anew(sessions: Sessions, bus: JetStream) -> int:
    """By the rows, should nobody have woken it."""
    return await reconcile(sessions, bus, now=TOMORROW + timedelta(hours=1))


async def woken(_: Sessions, bus: JetStream) -> int:
    """By what the log still has of it."""
    number, after = await bus.wake_overdue(0)
    assert after == 0  # all were looked at
    return number


@pytest.mark.parametrize(("mend", "attempt"), [(woken, 2), (begun_anew, 1)])
async def test_a_retry_that_came_due_while_the_log_was_full_is_made_once_there_is_room(
    small: Workshop,
    sessions: Sessions,
    bus: JetStream,
    monkeypatch: pytest.MonkeyPatch,
    mend: Callable[[Sessions, JetStream], Awaitable[int]],
    attempt: int,
) -> None:
    """The server keeps its schedule and never fires it, also once there is room again."""
    monkeypatch.setattr("clipforge_runtime.retry.backoff", lambda *_: timedelta(seconds=15))
    monkeypatch.setattr(publishing, "CONFIRM_SECONDS", 0.3)

    async def fail(cause: ProjectSubmitted) -> VideoImported:
        raise Transient("The site does not answer.")

    fact = await small.submit("film")
    await catch_up(sessions, bus)
    async with small.working(fail):

        async def delayed() -> bool:
            return (await small.counts()).delayed == 1

        await eventually(delayed)
    due = datetime.now(UTC) + timedelta(seconds=15 + 2)
    filler, size = large("filler"), 100
    while size:  # to the brim: less and less goes in
        del filler.options.vocabulary[size:]
        try:
            await small.gateway.state(filler, fact_id=ids.new("evt"))
        except Unavailable:
            size //= 4
    # What does not happen is announced by nobody.
    await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    await bus.purge(subjects.of_project(filler.project.tenant_id, filler.project.project_id))

    early = await reconcile(sessions, bus, now=TOMORROW) + await woken(sessions, bus)
    monkeypatch.setattr(holding, "OVERDUE", timedelta(0))
    mended = await mend(sessions, bus)
    gate = Gate()
    gate.open()
    async with small.working(gate):
        again = await gate.began()
        await small.idle(IMPORT)

    assert (early, mended, gate.calls) == (0, 1, 1)
    assert again == fact
    assert (await small.counts()).delayed == 0
    [done] = [one for one in await small.log("facts.video-imported.>") if one.fact]
    assert done.headers["cf-attempt"] == str(attempt)


async def test_tables_from_before_the_janitor_are_not_rebuilt_from_a_log_with_gaps(
    small: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await fill(small.gateway, 0.05, "running")  # so that the log still begins at 1
    names = await fill(small.gateway, 0.8, "film")
    await catch_up(sessions, bus)
    await finish(sessions, names)
    await make_room(sessions, bus, MARKS, now=TOMORROW)

    with pytest.raises(CannotRebuild, match="to make room"):
        await projector.rebuild(sessions, bus, batch=50, from_nothing=True)

    assert await bus.last(LogTrimmed, tenant=subjects.NOTHING, project="", about="log")
    await catch_up(sessions, bus)
    await projector.rebuild(sessions, bus, batch=50, from_nothing=False)


async def test_a_log_that_nobody_bounds_is_said_to_be_so(
    small: Workshop, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    unsaid = small.user("projector").model_copy(update={"log_max_bytes": 0})
    async with JetStream.connect(unsaid, name="projector") as bus:
        assert (await bus.room()).quota == 0  # this account has none

        keeping = asyncio.create_task(keep_room(sessions, bus, MARKS))

        async def said() -> bool:
            return UNBOUNDED in caplog.messages

        await eventually(said)
        keeping.cancel()


@pytest.fixture
async def house(
    small: Workshop, small_server: NatsServer, database_url: str, s3_server: S3Server
) -> AsyncIterator[House]:
    """A gateway on the small log, whose free tenants may have three jobs at a time."""
    settings = Settings(
        nats_url=small_server.url("admin"),
        database_url=SecretStr(database_url),
        s3_endpoint=s3_server.endpoint,
        s3_bucket=f"room-{uuid4().hex[:12]}",
        s3_access_key=s3_server.access_key,
        s3_secret_key=SecretStr(s3_server.secret_key),
        log_max_bytes=QUOTA,
        backlog_free=3,
        port=ports.free(),
    )
    await S3Store(settings).ensure_bucket()
    async with House.open(small_server, settings) as opened:
        yield opened


SOURCE = {"source": {"type": "url", "url": "https://example.com/talk.mp4"}}


async def test_new_work_is_refused_while_the_log_has_little_room_and_running_work_finishes(
    house: House, small: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lately, "GOOD_SECONDS", 0)  # what the gateway saw of the log is old
    tenant = await house.tenant()
    running = await house.submit(tenant)
    await fill(small.gateway, 0.7, "film")

    refused = await tenant.http.post("/v1/projects", json=SOURCE)
    upload = await tenant.http.post("/v1/uploads", json={"file_name": "a.mp4", "bytes": 4})

    assert problem(refused) == problem(upload) == (503, "no-room")
    assert int(refused.headers["retry-after"]) > 0
    assert "little room" in refused.json()["detail"]
    gate = Gate()
    gate.open()
    async with small.working(gate, concurrency=4):
        await small.idle(IMPORT)
    await house.caught_up()
    shown = await tenant.http.get(f"/v1/projects/{running}")
    assert shown.json()["state"] == ProjectState.TRANSCRIBING
    cancelled = await tenant.http.post(f"/v1/projects/{running}/cancel")
    assert cancelled.status_code == 202


async def test_a_tenant_with_too_much_unfinished_work_waits_and_another_does_not(
    house: House,
) -> None:
    busy, other = await house.tenant(Plan.FREE), await house.tenant(Plan.FREE)
    submitted = [await house.submit(busy) for _ in range(3)]
    await house.caught_up()

    refused = await busy.http.post("/v1/projects", json=SOURCE)

    assert problem(refused) == (429, "backlog-full")
    assert int(refused.headers["retry-after"]) > 0
    assert "may have 3 at a time" in refused.json()["detail"]
    await house.submit(other)
    await busy.http.post(f"/v1/projects/{submitted[0]}/cancel")
    await house.caught_up()
    await house.submit(busy)


async def test_answers_kept_by_idempotency_key_fill_the_same_quota_up_to_a_tenth(
    house: House, small: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lately, "GOOD_SECONDS", 0)
    tenant = await house.tenant()
    await fill(small.gateway, 0.64, "film")
    before = (await small.gateway.room()).share
    taken = await tenant.http.post("/v1/projects", json=SOURCE)

    for n in range(60):  # 0.5 MB, a quarter of the quota
        await small.gateway.write_record(f"{tenant.id}.{n}", b"x" * 8192, after=0)

    refused = await tenant.http.post("/v1/projects", json=SOURCE)
    assert (taken.status_code, problem(refused)) == (202, (503, "no-room"))
    assert 0.05 < (await small.gateway.room()).share - before < records.SHARE + 0.02
