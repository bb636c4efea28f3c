"""The projector on a real PostgreSQL: in order, each fact once, and the same rows again."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from google.protobuf.message import Message
from sqlalchemy import create_engine, text
from sqlmodel import select

from clipforge.v1.facts_pb2 import (
    ChunkCut,
    ClipsDetected,
    ProjectCancelled,
    ProjectDeleted,
    ProjectSubmitted,
    RemovalRequested,
    StageFailed,
    VideoImported,
)
from clipforge_catalog.database import Sessions, open_database, with_driver
from clipforge_catalog.queries import clips, exports, figures, jobs, project_lists, projects
from clipforge_catalog.queries.project_lists import Filters
from clipforge_catalog.tables import (
    Clip,
    Job,
    JobState,
    Position,
    Project,
    ProjectState,
    Removal,
    Usage,
)
from clipforge_contracts import ids, subjects
from clipforge_contracts.documents import as_dict
from clipforge_contracts.facts import Fact, project_of
from clipforge_contracts.plans import Plan
from clipforge_projector import projector, schema
from clipforge_projector.apply import apply
from clipforge_projector.due import UNSETTLED, state_what_is_due
from clipforge_projector.position import SteppedDown, position_in
from clipforge_projector.projector import AnotherIsActive, CannotRebuild
from clipforge_runtime.testing import MemoryBus
from clipforge_standalone.servers.postgres import PostgresServer
from rows import dump
from samples import EXPORT, PROJECT, TENANT, every_fact, project

pytestmark = pytest.mark.integration


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


LIFE = [
    fact
    for fact in every_fact()
    if not fact.DESCRIPTOR.name.endswith(("Cancelled", "Deleted", "Failed", "Expired", "Trimmed"))
]
[DETECTED] = [fact for fact in LIFE if isinstance(fact, ClipsDetected)]


async def tell(bus: MemoryBus, *facts: Fact) -> None:
    for fact in facts:
        await bus.state(fact, fact_id=ids.new("evt"))


async def catch_up(sessions: Sessions, bus: MemoryBus, batch: int = 3) -> None:
    await projector.project(sessions, bus, batch=batch, until=len(bus.entries))


def copy_of(server: PostgresServer, url: str) -> str:
    """Another database with the same rows, as a restored backup."""
    name = url.rsplit("/", 1)[-1].partition("?")[0]
    engine = create_engine(with_driver(server.url()), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}_copy" TEMPLATE "{name}"'))
    engine.dispose()
    return server.url(f"{name}_copy")


def test_the_migrations_make_the_tables_that_the_code_declares(database_url: str) -> None:
    engine = create_engine(with_driver(database_url))
    with engine.connect() as connection:
        command.check(schema.config(connection))
    engine.dispose()


async def test_a_project_goes_from_submitted_to_ready(sessions: Sessions, bus: MemoryBus) -> None:
    await tell(bus, *LIFE)

    await catch_up(sessions, bus)

    async with sessions() as session:
        row = await projects.get(session, TENANT, PROJECT)
        assert row is not None
        assert row.state == ProjectState.READY
        assert [clip.score for clip in (await clips.of_project(session, TENANT, PROJECT)).rows] == [
            97
        ]
        export = await exports.get(session, TENANT, EXPORT)
        assert export is not None
        assert export.state == JobState.COMPLETED
        states = {job.stage: job.state for job in await projects.jobs(session, PROJECT)}
        assert set(states.values()) == {JobState.COMPLETED}
        assert set(states) == {"import", "transcription", "clip-detection"}
        rendered = await jobs.get(session, ids.job("export", EXPORT), TENANT)
        assert rendered is not None
        assert rendered.state == JobState.COMPLETED
        # The stage has also looked at a file of a brand, and made a picture of a style.
        assert (await jobs.count(session))["export"] == {JobState.COMPLETED: 3}


async def test_rows_are_bound_to_their_tenant(sessions: Sessions, bus: MemoryBus) -> None:
    await tell(bus, *LIFE)
    await catch_up(sessions, bus)

    async with sessions() as session:
        stranger = ids.new("ten")
        assert await projects.get(session, stranger, PROJECT) is None
        assert (await clips.of_project(session, stranger, PROJECT)).rows == []
        assert await exports.get(session, stranger, EXPORT) is None
        assert (await project_lists.of_tenant(session, stranger, Filters())).rows == []


async def test_usage_counts_each_fact_once(sessions: Sessions, bus: MemoryBus) -> None:
    await tell(bus, *LIFE)
    await catch_up(sessions, bus)
    async with sessions() as session:
        used = {usage.kind: usage.amount for usage in (await session.exec(select(Usage))).all()}

    assert used == {"source_ms": 90_000, "output_ms": 30_000}


async def test_a_cancelled_project_stays_cancelled(sessions: Sessions, bus: MemoryBus) -> None:
    submitted, imported, *_ = LIFE
    await tell(bus, submitted, imported, ProjectCancelled(project=project()), DETECTED)

    await catch_up(sessions, bus)

    async with sessions() as session:
        row = await projects.get(session, TENANT, PROJECT)
        assert row is not None
        assert row.state == ProjectState.CANCELLED


async def test_a_job_that_succeeded_does_not_fail_afterwards(
    sessions: Sessions, bus: MemoryBus
) -> None:
    [failure] = [fact for fact in every_fact() if isinstance(fact, StageFailed)]
    submitted, imported, *_ = LIFE
    await tell(bus, submitted, imported, failure)

    await catch_up(sessions, bus)

    async with sessions() as session:
        job = await jobs.get(session, ids.job("import", PROJECT), TENANT)
        assert job is not None
        assert job.state == JobState.COMPLETED


async def test_a_failure_says_why_to_the_user(sessions: Sessions, bus: MemoryBus) -> None:
    [failure] = [fact for fact in every_fact() if isinstance(fact, StageFailed)]
    await tell(bus, LIFE[0], failure)

    await catch_up(sessions, bus)

    async with sessions() as session:
        row = await projects.get(session, TENANT, PROJECT)
        assert row is not None
        assert (row.state, row.failed_stage) == (ProjectState.FAILED, "import")
        assert row.failure_sentence == "This file is not a video."


async def test_a_transaction_that_takes_long_leaves_the_rest_to_the_next(
    sessions: Sessions, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "LONGEST_SECONDS", 0.0)
    await tell(bus, *LIFE)
    await position_in(sessions, bus)
    heard: list[int] = []

    first = await apply(sessions, bus.entries, incarnation="memory", position=0, seconds=0.0)
    await projector.project(
        sessions,
        bus,
        batch=10,
        until=len(bus.entries),
        on_facts=lambda entries: heard.extend(entry.sequence for entry in entries),
    )

    assert first == 1
    assert heard == [entry.sequence for entry in bus.entries[1:]]
    async with sessions() as session:
        position = await session.get(Position, subjects.STREAM)
        assert position is not None
        assert position.seq == len(bus.entries)


async def test_a_second_writer_steps_down(sessions: Sessions, bus: MemoryBus) -> None:
    await tell(bus, *LIFE)
    await position_in(sessions, bus)
    await apply(sessions, bus.entries[:2], incarnation="memory", position=0)

    with pytest.raises(SteppedDown):
        await apply(sessions, bus.entries[:2], incarnation="memory", position=0)

    async with sessions() as session:
        assert len((await session.exec(select(Project))).all()) == 1


async def test_only_one_projector_is_active(database_url: str) -> None:
    order: list[str] = []
    first_is_active = asyncio.Event()
    may_end = asyncio.Event()

    async def first() -> None:
        async with projector.alone(database_url):
            first_is_active.set()
            await may_end.wait()
            order.append("first")

    async def second() -> None:
        await first_is_active.wait()
        async with projector.alone(database_url):
            order.append("second")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first())
        tasks.create_task(second())
        await first_is_active.wait()
        may_end.set()

    assert order == ["first", "second"]


async def test_an_unreadable_message_is_skipped(sessions: Sessions, bus: MemoryBus) -> None:
    await tell(bus, *LIFE[:2])
    unreadable = bus.entries[0]
    bus.entries[0] = type(unreadable)(
        unreadable.sequence, unreadable.subject, unreadable.time, unreadable.fact_id, None, {}
    )

    await catch_up(sessions, bus)

    assert await position_in(sessions, bus) == ("memory", 2)


async def test_a_clip_may_start_at_the_very_beginning(sessions: Sessions, bus: MemoryBus) -> None:
    first = ClipsDetected.FromString(DETECTED.SerializeToString())
    first.clips[0].start_ms = 0
    first.clips[0].score = 0
    await tell(bus, *LIFE[:2], first)

    await catch_up(sessions, bus)

    async with sessions() as session:
        [row] = (await clips.of_project(session, TENANT, PROJECT)).rows
        assert (row.start_ms, row.score) == (0, 0)


async def test_a_fact_that_makes_no_row_does_not_stop_those_behind_it(
    sessions: Sessions, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_a_start(message: Message) -> dict[str, Any]:
        return {**as_dict(message), "start_ms": None}

    monkeypatch.setattr("clipforge_projector.projections.clip.as_dict", without_a_start)
    other = ProjectSubmitted.FromString(LIFE[0].SerializeToString())
    other.project.project_id = ids.new("prj")
    await tell(bus, *LIFE[:2], DETECTED, other)

    await catch_up(sessions, bus, batch=4)

    async with sessions() as session:
        row = await projects.get(session, TENANT, PROJECT)
        assert row is not None
        assert (row.state, row.failure_reason) == (ProjectState.FAILED, "not-recorded")
        assert "message 3" in (row.failure_sentence or "")
        assert row.asset_id is not None
        assert await projects.get(session, TENANT, other.project.project_id) is not None


async def test_a_deleted_project_leaves_no_row_and_lists_its_objects(
    sessions: Sessions, bus: MemoryBus
) -> None:
    await tell(bus, *LIFE, ProjectDeleted(project=project()))

    await catch_up(sessions, bus)

    async with sessions() as session:
        assert (await session.exec(select(Project))).all() == []
        assert (await session.exec(select(Clip))).all() == []
        keys = {removal.key for removal in (await session.exec(select(Removal))).all()}
        # The upload is that of a brand's file, which was taken in.
        uploaded = {key for key in keys if key.startswith("uploads/")}
        assert {key.split("/")[2] for key in keys - uploaded} == {
            *("media", "chunks", "transcripts", "clips", "exports")
        }
        assert len(uploaded) == 1


def the_same_film_again() -> list[Fact]:
    """Another project with the film of the first is submitted and imported."""
    other = ids.new("prj")
    facts: list[Fact] = []
    for fact in LIFE[:2]:
        assert isinstance(fact, ProjectSubmitted | VideoImported)
        copy = type(fact).FromString(fact.SerializeToString())
        copy.project.project_id = other
        facts.append(copy)
    return facts


async def test_a_deleted_project_keeps_what_another_refers_to(
    sessions: Sessions, bus: MemoryBus
) -> None:
    await tell(bus, *LIFE, *the_same_film_again(), ProjectDeleted(project=project()))

    await catch_up(sessions, bus)

    async with sessions() as session:
        keys = {removal.key for removal in (await session.exec(select(Removal))).all()}
        assert not any("/media/" in key for key in keys)


async def test_parts_that_are_stated_are_needed_again(sessions: Sessions, bus: MemoryBus) -> None:
    """Of another project with the same sound, whose own parts were due before it was cut."""
    cut = next(fact for fact in LIFE if isinstance(fact, ChunkCut))
    copy = ChunkCut.FromString(cut.SerializeToString())
    submitted, imported = the_same_film_again()
    copy.film.project.project_id = project_of(submitted).project_id
    folder = f"tenants/{TENANT}/chunks/{cut.plan.plan_hash}/"

    async def due() -> bool:
        await catch_up(sessions, bus)
        async with sessions() as session:
            return await session.get(Removal, folder) is not None

    await tell(bus, *LIFE)
    at_first = await due()
    await tell(bus, submitted, imported, copy)

    assert at_first
    assert not await due()


async def test_rows_that_are_behind_remove_only_what_is_older_than_they_are(
    sessions: Sessions, bus: MemoryBus
) -> None:
    await tell(bus, *LIFE, ProjectDeleted(project=project()))
    await catch_up(sessions, bus)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    async with sessions() as session:
        position = await session.get(Position, "CLIPFORGE")
    await tell(bus, *the_same_film_again())  # the rows do not know of it

    await state_what_is_due(sessions, bus, {plan: timedelta(7) for plan in Plan}, now=tomorrow)

    *_, asked = [
        entry.fact
        for entry in bus.entries
        if isinstance(entry.fact, RemovalRequested) and entry.fact.keys
    ]
    assert position is not None
    assert position.at is not None
    spared = datetime.fromtimestamp(asked.decided_at_ms / 1000, UTC)
    assert spared <= position.at - UNSETTLED


async def test_jobs_are_counted_without_reading_them(sessions: Sessions, bus: MemoryBus) -> None:
    """As they come, change in bulk, and go: the numbers are those of the rows."""
    other, left = the_same_film_again()
    cancel = ProjectCancelled(project=project_of(other))

    async def numbers() -> tuple[Any, Any]:
        await catch_up(sessions, bus)
        async with sessions() as session:
            rows = (await session.exec(select(Job.stage, Job.priority, Job.state))).all()
            return await jobs.count_by_priority(session), rows

    seen: list[int] = []
    for told in ([*LIFE, other, left], [cancel], [ProjectDeleted(project=project())]):
        await tell(bus, *told)
        counted, rows = await numbers()
        flat = Counter(
            {(*of, state): n for of, states in counted.items() for state, n in states.items()}
        )
        assert flat == Counter(map(tuple, rows))
        seen.append(len(rows))
    assert seen[0] == seen[1] > seen[2] > 0

    scans = text(
        "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables "
        "WHERE relname = 'jobs'"
    )
    async with sessions() as session:
        before = (await session.exec(scans)).one()  # type: ignore[call-overload]
        await jobs.count(session)
        await figures.by_tenant(session, "import", after=None, limit=100)
        assert (await session.exec(scans)).one() == before  # type: ignore[call-overload]


async def test_a_film_keeps_the_day_of_its_first_import_whoever_imports_it_again(
    sessions: Sessions, bus: MemoryBus
) -> None:
    await tell(bus, *LIFE[:2])
    await catch_up(sessions, bus)
    first = (await dump(sessions))["assets"]

    await tell(bus, *the_same_film_again())
    await catch_up(sessions, bus)

    assert (await dump(sessions))["assets"] == first


async def test_a_rebuild_gives_the_same_rows(sessions: Sessions, bus: MemoryBus) -> None:
    await tell(bus, *LIFE)
    await catch_up(sessions, bus)
    before = await dump(sessions)

    await projector.rebuild(sessions, bus, batch=5, from_nothing=True)

    assert await dump(sessions) == before


async def test_a_rebuild_from_nothing_leaves_nothing_of_what_was_there(
    sessions: Sessions, bus: MemoryBus
) -> None:
    await tell(bus, *every_fact())
    await catch_up(sessions, bus)
    before = await dump(sessions)

    await projector.rebuild(sessions, MemoryBus(), batch=5, from_nothing=True)

    assert before["looks"]
    left = {name for name, rows in (await dump(sessions)).items() if rows}
    assert left <= {"position", "job_counts"}


async def test_a_rebuild_goes_on_from_restored_tables(sessions: Sessions, bus: MemoryBus) -> None:
    await tell(bus, *LIFE[:3])
    await catch_up(sessions, bus)
    await tell(bus, *LIFE[3:])

    await projector.rebuild(sessions, bus, batch=5, from_nothing=False)

    async with sessions() as session:
        row = await projects.get(session, TENANT, PROJECT)
        assert row is not None
        assert row.state == ProjectState.READY


async def test_a_backup_of_the_tables_is_brought_up_to_the_logs_end(
    postgres_server: PostgresServer, database_url: str, bus: MemoryBus
) -> None:
    """The copy carries its position, and ends with the same rows as the tables that lived on."""
    await tell(bus, *LIFE[:3])
    async with open_database(database_url, pool_size=1) as living:
        await catch_up(living, bus)
    backup = copy_of(postgres_server, database_url)
    await tell(bus, *LIFE[3:])

    async with open_database(backup, pool_size=1) as restored:
        await projector.rebuild(restored, bus, batch=5, from_nothing=False)
        rows = await dump(restored)

    async with open_database(database_url, pool_size=1) as living:
        await catch_up(living, bus)
        assert await dump(living) == rows


async def test_a_rebuild_of_tables_of_another_log_is_refused_and_changes_nothing(
    sessions: Sessions, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(bus, *LIFE)
    await catch_up(sessions, bus)
    before = await dump(sessions)
    bus.incarnation_id = "another"

    async def later(_: MemoryBus) -> int:
        return 4

    monkeypatch.setattr(MemoryBus, "first_sequence", later)
    with pytest.raises(CannotRebuild, match="made from this log"):
        await projector.rebuild(sessions, bus, batch=5, from_nothing=False)

    assert await dump(sessions) == before


async def test_a_rebuild_beside_an_active_projector_is_refused_in_words(database_url: str) -> None:
    async with projector.alone(database_url):
        with pytest.raises(AnotherIsActive, match="Stop every projector"):
            async with projector.alone(database_url, wait=False):
                pass


async def test_a_rebuild_from_nothing_is_refused_once_facts_have_expired(
    sessions: Sessions, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(bus, *LIFE)
    await catch_up(sessions, bus)
    before = await dump(sessions)

    async def later(_: MemoryBus) -> int:
        return 4

    monkeypatch.setattr(MemoryBus, "first_sequence", later)
    with pytest.raises(CannotRebuild, match="Restore a backup"):
        await projector.rebuild(sessions, bus, batch=5, from_nothing=True)

    assert await dump(sessions) == before


def test_waiting_for_tables_that_nobody_makes_ends_in_words(postgres_server: Any) -> None:
    postgres_server.create_database("untouched")

    with pytest.raises(schema.NotMigrated, match="upgrade"):
        schema.wait(postgres_server.url("untouched"), seconds=0)


def test_tables_of_a_newer_version_are_current_for_the_older_one(database_url: str) -> None:
    engine = create_engine(with_driver(database_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert schema.is_current(database_url)

    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    assert not schema.is_current(database_url)


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    schema.upgrade(database_url)

    assert schema.is_current(database_url)
    engine = create_engine(with_driver(database_url))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    engine.dispose()
