"""The log forgets what waits: its real age limit, and consumers that are gone. On real servers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Job, JobState, Project, ProjectState
from clipforge_contracts import ids, subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import IMPORT, TRANSCRIPTION, Stage
from clipforge_contracts.plans import Priority
from clipforge_projector import projector
from clipforge_projector.reconciler import reconcile
from clipforge_runtime.errors import Transient
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.declare import consumer_config, declare
from workshop import Gate, Workshop, eventually, import_at_once, transcribe_at_once

pytestmark = pytest.mark.integration

LATER = datetime.now(UTC) + timedelta(hours=1)
SHORT, LONG = timedelta(seconds=1), timedelta(days=7)


async def let_age(workshop: Workshop, limit: timedelta) -> None:
    """Have the log keep what it holds for so long."""
    config = (await workshop.admin.api(f"STREAM.INFO.{subjects.STREAM}"))["config"]
    nanoseconds = int(limit.total_seconds() * 1_000_000_000)
    window = min(nanoseconds, config["duplicate_window"])
    config |= {"max_age": nanoseconds, "duplicate_window": window}
    await workshop.admin.api(f"STREAM.UPDATE.{subjects.STREAM}", config)


async def expire(workshop: Workshop) -> None:
    """Let everything that the log holds come of age."""
    await let_age(workshop, SHORT)

    async def empty() -> bool:
        info = await workshop.admin.api(f"STREAM.INFO.{subjects.STREAM}")
        return not info["state"]["messages"]

    await eventually(empty)
    await let_age(workshop, LONG)


async def catch_up(sessions: Sessions, bus: JetStream) -> None:
    await projector.project(sessions, bus, batch=10, until=await bus.last_fact())


async def jobs(sessions: Sessions) -> dict[str, str]:
    async with sessions() as session:
        return {job.stage: job.state for job in (await session.exec(select(Job))).all()}


async def state_of(sessions: Sessions) -> str:
    async with sessions() as session:
        return (await session.exec(select(Project))).one().state


async def remake(workshop: Workshop, stage: Stage, *, after: int) -> None:
    """Delete the stage's consumers and make them again, to hear the log from a sequence on."""
    for priority in Priority:
        for lane in Lane:
            config = consumer_config(stage, priority, lane, after=after)
            name = f"{subjects.STREAM}.{config['durable_name']}"
            await workshop.admin.api(f"CONSUMER.DELETE.{name}")
            await workshop.admin.api(
                f"CONSUMER.CREATE.{name}",
                {"stream_name": subjects.STREAM, "config": config, "action": "create"},
            )


@pytest.mark.parametrize(
    ("stage", "then"),
    [(IMPORT, ProjectState.TRANSCRIBING), (TRANSCRIPTION, ProjectState.DETECTING)],
    ids=["submitted", "imported"],
)
async def test_a_film_whose_facts_have_all_expired_goes_on_where_it_stood(
    workshop: Workshop, sessions: Sessions, bus: JetStream, stage: Stage, then: ProjectState
) -> None:
    fact = await workshop.submit("film")
    if stage is TRANSCRIPTION:
        async with workshop.connected(IMPORT.name) as worker:
            film = await import_at_once(fact)
            await worker.state(film, fact_id=ids.new("evt"), once=True)
    await catch_up(sessions, bus)

    await expire(workshop)
    mended = await reconcile(sessions, bus, now=LATER)
    done: list[Any] = []

    async def work(cause: Any) -> Any:
        done.append(cause)
        return await (import_at_once if stage is IMPORT else transcribe_at_once)(cause)

    async with workshop.working(work, stage=stage):
        await workshop.hear(stage.outcome)
        await workshop.idle(stage)
    await catch_up(sessions, bus)

    assert (mended, len(done)) == (1, 1)
    assert done[0].project == fact.project
    assert await state_of(sessions) == then
    assert (await jobs(sessions))[stage.name] == JobState.COMPLETED


async def test_a_retry_that_expires_before_its_time_is_begun_anew(
    workshop: Workshop, sessions: Sessions, bus: JetStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipforge_runtime.retry.backoff", lambda *_: timedelta(hours=1))

    async def fail(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        raise Transient("The site does not answer.")

    await workshop.submit("film")
    async with workshop.working(fail):

        async def delayed() -> bool:
            return (await workshop.counts()).delayed == 1

        await eventually(delayed)
    await catch_up(sessions, bus)
    held = await reconcile(sessions, bus, now=LATER)

    await expire(workshop)
    mended = await reconcile(sessions, bus, now=LATER + timedelta(hours=1))
    async with workshop.working(import_at_once):
        await workshop.hear(facts.VideoImported)
    await catch_up(sessions, bus)

    assert (held, mended) == (0, 1)
    assert (await jobs(sessions))[IMPORT.name] == JobState.COMPLETED


async def test_a_job_whose_message_expires_while_it_runs_is_not_begun_again(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    gate = Gate()
    await workshop.submit("film")
    await catch_up(sessions, bus)
    async with workshop.working(gate):
        cause = await gate.began()
        await workshop.run_key(IMPORT.job(cause))

        await expire(workshop)
        mended = await reconcile(sessions, bus, now=LATER)
        gate.open()
        await workshop.hear(facts.VideoImported)
        await workshop.idle()
    await catch_up(sessions, bus)

    assert (mended, gate.calls) == (0, 1)
    assert (await jobs(sessions))[IMPORT.name] == JobState.COMPLETED


async def test_what_waits_for_a_consumer_that_was_deleted_is_begun_anew_once_it_is_declared(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    names = [f"film {n}" for n in range(3)]
    for name in names:
        await workshop.submit(name)
    await catch_up(sessions, bus)
    for durable in subjects.durables(IMPORT):
        await workshop.admin.api(f"CONSUMER.DELETE.{subjects.STREAM}.{durable}")
    without = await reconcile(sessions, bus, now=LATER)

    await declare(workshop.admin, workshop.settings)
    mended = await reconcile(sessions, bus, now=LATER + timedelta(hours=1))
    gate = Gate()
    gate.open()
    async with workshop.working(gate):
        await workshop.hear(facts.VideoImported, len(names))
        await workshop.idle()

    assert (without, mended, gate.calls) == (0, len(names), len(names))
    assert await reconcile(sessions, bus, now=LATER + timedelta(hours=2)) == 0


async def test_a_consumer_that_is_made_again_while_a_job_runs_changes_nothing(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    """From the log's beginning: what is done and what runs are handed over once more."""
    gate = Gate()
    await workshop.submit("done")
    async with workshop.working(import_at_once):
        await workshop.hear(facts.VideoImported)
        await workshop.idle()
    await workshop.submit("running")
    async with workshop.working(gate, concurrency=2) as shift:
        await gate.began()

        await remake(workshop, IMPORT, after=0)
        [running] = shift.worker.running

        async def handed_over_again() -> bool:
            return len(running.deliveries) == 2

        await eventually(handed_over_again)
        gate.open()
        await workshop.hear(facts.VideoImported, 2)
        await workshop.idle()

    assert gate.calls == 1
    assert len(await workshop.log("facts.video-imported.>")) == 2
    await asyncio.wait_for(catch_up(sessions, bus), 30)
