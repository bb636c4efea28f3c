"""How far rows and queues are behind, as alerts ask for it. On a real log and real tables."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from clipforge.v1.facts_pb2 import ProjectSubmitted, VideoImported
from clipforge_catalog.database import Sessions
from clipforge_contracts import subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import IMPORT, PIPELINE
from clipforge_contracts.plans import Priority
from clipforge_projector import projector
from clipforge_projector.figures import measure
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.declare import declare
from workshop import Workshop, eventually, import_at_once

pytestmark = pytest.mark.integration


def figure(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(f"clipforge_{name}", labels)
    assert found is not None
    return found


def outstanding(stage: str) -> float | None:
    return REGISTRY.get_sample_value("clipforge_stage_outstanding", {"stage": stage})


async def test_the_oldest_fact_that_is_no_row_has_an_age_until_it_is_one(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await measure(sessions, bus)
    before = figure("projector_behind_seconds")
    await workshop.submit("film")

    async def grows() -> bool:
        await measure(sessions, bus)
        return figure("projector_behind_seconds") > 0.5

    await eventually(grows)
    await projector.project(sessions, bus, batch=10, until=await bus.last_fact())
    await measure(sessions, bus)

    assert before == figure("projector_behind_seconds") == 0


async def test_what_waits_for_the_longest_has_an_age_by_its_queue(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await workshop.submit("film")

    async def grows() -> bool:
        await measure(sessions, bus)
        return figure("queue_oldest_seconds", queue=IMPORT.queue) > 0.5

    await eventually(grows)

    others = [stage.queue for stage in PIPELINE if stage is not IMPORT]
    assert [figure("queue_oldest_seconds", queue=queue) for queue in others] == [0] * len(others)


async def test_what_waits_and_what_runs_is_outstanding(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def busy(cause: ProjectSubmitted) -> VideoImported:
        begun.set()
        await over.wait()
        return await import_at_once(cause)

    async with workshop.working(busy, concurrency=1):
        await workshop.submit("film")
        await workshop.submit("another")
        await begun.wait()
        await measure(sessions, bus)
        over.set()

    assert figure("stage_outstanding", stage=IMPORT.name) == 2
    assert figure("queue_jobs", queue=IMPORT.queue, state="active") == 1
    assert figure("queue_jobs", queue=IMPORT.queue, state="waiting") == 1
    assert figure("stage_outstanding", stage="export") == 0


async def test_a_queue_whose_consumer_is_missing_is_said_to_be_unknown_until_it_is_declared(
    workshop: Workshop,
    sessions: Sessions,
    bus: JetStream,
    caplog: pytest.LogCaptureFixture,
) -> None:
    name = subjects.durable(IMPORT, Priority.HIGH, Lane.L2)
    await workshop.admin.api(f"CONSUMER.DELETE.{subjects.STREAM}.{name}")

    await measure(sessions, bus)
    missing = {stage.queue: figure("queue_unknown", queue=stage.queue) for stage in PIPELINE}
    told = {stage.name for stage in PIPELINE if outstanding(stage.name) is not None}
    await declare(workshop.admin, workshop.settings)
    await measure(sessions, bus)

    assert missing == {stage.queue: float(stage is IMPORT) for stage in PIPELINE}
    assert f"the consumer {name} is missing: run `python -m clipforge_runtime" in caplog.text
    assert figure("queue_unknown", queue=IMPORT.queue) == 0
    assert told == {stage.name for stage in PIPELINE} - {IMPORT.name}, "not one that is out of date"
