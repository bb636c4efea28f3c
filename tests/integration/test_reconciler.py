"""Nothing rots: what the log has lost is begun anew from the rows. On real servers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from clipforge.v1.facts_pb2 import (
    ClipsDetected,
    ExportRequested,
    JobReplayed,
    ProjectSubmitted,
    StageFailed,
    VideoImported,
    VideoTranscribed,
)
from clipforge_catalog.database import Sessions
from clipforge_catalog.queries import projects
from clipforge_catalog.tables import Job, JobState, Project, ProjectState
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import Fact
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import BY_STAGE, IMPORT
from clipforge_contracts.plans import Priority
from clipforge_projector import projector
from clipforge_projector.causes import cause_of
from clipforge_projector.position import position_in
from clipforge_projector.reconciler import TIMES, reconcile
from clipforge_runtime.bus import Delivery
from clipforge_runtime.errors import Permanent
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.declare import consumer_config, declare
from clipforge_runtime.testing import MemoryBus
from samples import PROJECT, TENANT, every_fact
from workshop import PATIENCE, Workshop

pytestmark = pytest.mark.integration

LATER = datetime.now(UTC) + timedelta(hours=1)
SUBMITTED = next(fact for fact in every_fact() if isinstance(fact, ProjectSubmitted))


async def submit(
    workshop: Workshop, sessions: Sessions, bus: JetStream, lane: Lane = Lane.L0
) -> int:
    """A film is submitted, and its row and job stand; the fact's sequence."""
    stated = await workshop.gateway.state(SUBMITTED, fact_id=ids.new("evt"), lane=lane, once=True)
    await projector.project(sessions, bus, batch=10, until=stated.sequence)
    return stated.sequence


async def lose(workshop: Workshop, sequence: int) -> None:
    """As max_age does it: everything up to a message is gone, and nobody is told."""
    await workshop.admin.api(f"STREAM.PURGE.{subjects.STREAM}", {"seq": sequence + 1})


async def pass_over(workshop: Workshop) -> None:
    """As after faults of a cluster: queues have nothing in hand, and a floor before what is there.

    Here because another filter was made theirs.
    """
    for priority in Priority:
        for lane in Lane:
            ours = consumer_config(IMPORT, priority, lane, after=0)
            elsewhere = ours | {"filter_subjects": ["facts.elsewhere.>"]}
            name = ours["durable_name"]
            update = {"stream_name": subjects.STREAM, "config": elsewhere, "action": "update"}
            await workshop.admin.api(f"CONSUMER.CREATE.{subjects.STREAM}.{name}", update)
            info = await workshop.admin.api(f"CONSUMER.INFO.{subjects.STREAM}.{name}")
            assert (info["num_pending"], info["ack_floor"]["stream_seq"]) == (0, 0)


async def delivered(workshop: Workshop) -> Delivery:
    """What the import's worker is given next."""
    async with (
        workshop.connected(IMPORT.name) as bus,
        bus.pulls(IMPORT) as pulls,
        asyncio.timeout(PATIENCE),
    ):
        return await pulls.next()


async def the_job(sessions: Sessions) -> Job:
    async with sessions() as session:
        return (await session.exec(select(Job))).one()


async def test_a_job_that_waits_in_its_queue_is_left_alone(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await submit(workshop, sessions, bus)

    assert await reconcile(sessions, bus, now=LATER) == 0

    assert (await the_job(sessions)).looked_at == LATER


async def test_a_job_whose_message_has_expired_is_stated_again(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await lose(workshop, await submit(workshop, sessions, bus))

    assert await reconcile(sessions, bus, now=LATER) == 1

    delivery = await delivered(workshop)
    assert ProjectSubmitted.FromString(delivery.data) == SUBMITTED
    assert subjects.parse(delivery.subject).kind == "retries"
    assert delivery.headers["ce-type"] == "clipforge.v1.ProjectSubmitted"
    assert (await the_job(sessions)).restated == 1


async def test_a_job_that_its_queue_has_passed_over_is_stated_again(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    sequence = await submit(workshop, sessions, bus)
    await pass_over(workshop)

    assert await reconcile(sessions, bus, now=LATER) == 1

    assert (await the_job(sessions)).restated == 1
    assert await bus.last_sequence() > sequence


async def test_a_row_that_is_being_written_is_not_waited_for(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    """Whoever waits for so long that a statement times out makes the projector step down."""
    await lose(workshop, await submit(workshop, sessions, bus))

    async with sessions.begin() as writing:
        (await writing.exec(select(Job))).one().attempts = 1
        await writing.flush()
        await reconcile(sessions, bus, now=LATER)
        meanwhile = await the_job(sessions)
    await reconcile(sessions, bus, now=LATER)

    assert (meanwhile.restated, meanwhile.looked_at) == (0, None)
    assert (await the_job(sessions)).restated == 1


@pytest.mark.parametrize("lane", [Lane.L0, Lane.L2])
async def test_a_job_is_stated_again_in_the_lane_of_its_cause(
    workshop: Workshop, sessions: Sessions, bus: JetStream, lane: Lane
) -> None:
    """A thousand lost films of one tenant do not go before the first one of another."""
    await lose(workshop, await submit(workshop, sessions, bus, lane))

    await reconcile(sessions, bus, now=LATER)

    assert subjects.parse((await delivered(workshop)).subject).lane is lane


async def test_a_job_that_was_stated_again_is_left_alone_while_that_waits(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await lose(workshop, await submit(workshop, sessions, bus))
    await reconcile(sessions, bus, now=LATER)

    assert await reconcile(sessions, bus, now=LATER + timedelta(hours=1)) == 0


async def test_a_job_that_waits_for_its_retry_is_left_alone(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    sequence = await submit(workshop, sessions, bus)
    job = await the_job(sessions)
    due = subjects.retry(subjects.fact_subject(SUBMITTED), IMPORT, job.id)
    async with workshop.connected(IMPORT.name) as worker:
        tomorrow = datetime.now(UTC) + timedelta(hours=23)
        await worker.again(due, b"", message_id="retry", headers={}, at=tomorrow, sequence=sequence)
    await workshop.admin.api(f"STREAM.MSG.DELETE.{subjects.STREAM}", {"seq": sequence})

    assert await reconcile(sessions, bus, now=LATER) == 0


async def test_a_job_whose_outcome_is_not_a_row_yet_is_left_alone(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    sequence = await submit(workshop, sessions, bus)
    imported = next(fact for fact in every_fact() if isinstance(fact, VideoImported))
    async with workshop.connected(IMPORT.name) as worker:
        await worker.state(imported, fact_id=ids.new("evt"), once=True)
    await workshop.admin.api(f"STREAM.MSG.DELETE.{subjects.STREAM}", {"seq": sequence})

    assert await reconcile(sessions, bus, now=LATER) == 0


async def test_a_job_whose_rows_cannot_be_read_does_not_keep_others_from_being_begun_anew(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await submit(workshop, sessions, bus)
    other = await workshop.submit("another")
    await projector.project(sessions, bus, batch=10, until=await bus.last_fact())
    await lose(workshop, await bus.last_sequence())
    async with sessions.begin() as session:
        row = await session.get(Project, PROJECT)
        assert row is not None
        row.options = {"of_another_version": True}

    assert await reconcile(sessions, bus, now=LATER) == 1

    assert ProjectSubmitted.FromString((await delivered(workshop)).data) == other


async def test_a_log_that_was_made_anew_gets_its_unfinished_work_again(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await submit(workshop, sessions, bus)
    await workshop.admin.api(f"STREAM.DELETE.{subjects.STREAM}")
    await declare(workshop.admin, workshop.settings)

    _, position = await position_in(sessions, bus)
    assert position == 0
    assert await reconcile(sessions, bus, now=LATER) == 1

    assert ProjectSubmitted.FromString((await delivered(workshop)).data) == SUBMITTED


async def test_a_job_that_is_lost_again_and_again_is_given_up_in_words(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await lose(workshop, await submit(workshop, sessions, bus))

    for n in range(TIMES + 1):
        await reconcile(sessions, bus, now=LATER + timedelta(hours=n))
        await lose(workshop, await bus.last_sequence()) if n < TIMES else None

    job = await the_job(sessions)
    found = await bus.last(StageFailed, tenant=TENANT, project=PROJECT, about=job.id)
    assert found is not None
    assert isinstance(found.fact, StageFailed)
    assert found.fact.reason == "lost"
    assert "Submit the film again" in found.fact.sentence


async def test_a_dead_letter_that_is_replayed_is_done_after_all(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    ills = ["the first time"]

    async def import_it(film: ProjectSubmitted) -> VideoImported:
        if ills:
            raise Permanent("It does not work yet.", reason=ills.pop())
        return next(fact for fact in every_fact() if isinstance(fact, VideoImported))

    await submit(workshop, sessions, bus)
    async with workshop.working(import_it):
        [failure] = await workshop.hear(StageFailed)
        await projector.project(sessions, bus, batch=10, until=failure.sequence)
        failed = await the_job(sessions)
        replayed = JobReplayed(
            project=SUBMITTED.project,
            stage=IMPORT.name,
            about=PROJECT,
            failed_job_id=failed.id,
            job_id=ids.job(IMPORT.name, PROJECT, 1),
            replay=1,
        )
        stated = await workshop.gateway.state(replayed, fact_id=ids.new("evt"), once=True)
        await projector.project(sessions, bus, batch=10, until=stated.sequence)
        async with sessions() as session:
            row = await projects.get(session, TENANT, PROJECT)
            assert row is not None
            assert row.state == ProjectState.QUEUED

        assert await reconcile(sessions, bus, now=datetime.now(UTC)) == 1

        [outcome] = await workshop.hear(VideoImported)
    await projector.project(sessions, bus, batch=10, until=outcome.sequence)
    async with sessions() as session:
        imports = select(Job).where(Job.stage == IMPORT.name)
        jobs = {job.replay: job.state for job in (await session.exec(imports)).all()}
    assert jobs[0] == JobState.FAILED
    assert jobs[1] == JobState.COMPLETED


@pytest.mark.parametrize(
    "kind", [ProjectSubmitted, VideoImported, VideoTranscribed, ExportRequested]
)
async def test_the_rows_give_back_the_fact_that_began_a_job(
    sessions: Sessions, kind: type[Fact]
) -> None:
    life: list[Fact] = [
        fact
        for fact in every_fact()
        if isinstance(
            fact,
            ProjectSubmitted | VideoImported | VideoTranscribed | ClipsDetected | ExportRequested,
        )
    ]
    memory = MemoryBus()
    for fact in life:
        await memory.state(fact, fact_id=ids.new("evt"))
    await projector.project(sessions, memory, batch=10, until=len(memory.entries))
    [stage] = [stage for stage in BY_STAGE.values() if kind in stage.consumes]
    [stated] = [fact for fact in life if isinstance(fact, kind)]

    async with sessions() as session:
        jobs = {job.stage: job for job in (await session.exec(select(Job))).all()}
        assert await cause_of(session, jobs[stage.name]) == stated
