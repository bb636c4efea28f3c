"""A worker that is asked to stop finishes or hands back: it leaves nothing to a lease."""

import asyncio
from datetime import timedelta

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Plan
from clipforge_runtime.worker import Worker
from workshop import PATIENCE, Gate, Workshop, eventually, import_at_once

pytestmark = pytest.mark.integration


async def test_a_worker_that_stops_finishes_what_runs_and_starts_nothing_more(
    workshop: Workshop,
) -> None:
    gate = Gate()
    await workshop.submit("runs")
    async with workshop.working(gate) as shift:
        await gate.began()
        await workshop.submit("waits")

        shift.stop.set()
        gate.open()
        await shift.end()
        counts = await workshop.counts()

    assert gate.calls == 1
    assert len(await workshop.log("facts.video-imported.>")) == 1
    assert (counts.waiting, counts.active) == (1, 0)


async def test_what_does_not_end_in_time_is_handed_back_and_costs_no_attempt(
    workshop: Workshop,
) -> None:
    gate = Gate()
    cause = await workshop.submit("film")
    async with workshop.working(gate, grace=timedelta(seconds=0.5)) as shift:
        await gate.began()
        await shift.end()
    counts = await workshop.counts()

    async with workshop.working(import_at_once):
        [entry] = await workshop.hear(facts.VideoImported)

    assert gate.cancelled == 1
    assert (counts.waiting, counts.active, counts.delayed) == (1, 0, 0)
    assert (entry.headers["cf-attempt"], entry.headers["cf-crashes"]) == ("1", "0")
    assert isinstance(entry.fact, facts.VideoImported)
    assert entry.fact.project == cause.project


async def test_what_comes_to_a_busy_worker_goes_to_a_free_one(workshop: Workshop) -> None:
    """An idle worker has a poll open at each consumer; once busy, it must not keep the answers."""
    busy, free = Gate(), Gate()
    async with workshop.working(busy):
        await workshop.polled()
        await workshop.submit("first", Plan.FREE)
        await busy.began()
        await workshop.submit("second", Plan.BUSINESS)  # its poll is the busy worker's

        async with workshop.working(free):
            second = await free.began()
            [run] = await workshop.gateway.progress(IMPORT.job(second)) or [None]
            free.open()
            [entry] = await workshop.hear(facts.VideoImported)
            busy.open()
            await workshop.idle()

    assert second.title == "second"
    assert run is None or run.attempt == 1
    assert entry.headers["cf-crashes"] == "0"


async def test_an_idle_worker_stops_at_once_and_takes_nothing_with_it(workshop: Workshop) -> None:
    """What is on its way to it when it stops is handed back, not lost until the lease ends."""
    gate = Gate()
    for n in range(10):
        async with workshop.working(gate) as shift:
            await workshop.polled()
            submitting = asyncio.create_task(workshop.submit(f"film {n}"))
            await asyncio.sleep(0)
            shift.stop.set()
            await submitting
            gate.open()
            await shift.end()

    async with workshop.working(import_at_once):
        heard = await workshop.hear(facts.VideoImported, 10)
        await workshop.idle()

    assert {entry.headers["cf-crashes"] for entry in heard} == {"0"}


async def test_a_job_that_waits_for_another_worker_is_handed_back(workshop: Workshop) -> None:
    gate = Gate()
    await workshop.hurry(run_keys=45)  # handed over again before the first worker's heartbeat
    await workshop.submit("film")
    async with workshop.connected("import") as other, other.pulls(IMPORT) as pulls:
        delivery = await pulls.next()
        first = Worker(stage=IMPORT, handler=gate, bus=other)
        running = asyncio.create_task(first.live(delivery))
        job = IMPORT.job(await gate.began())
        await workshop.run_key(job)
        async with workshop.connected("import") as bus:
            second = Worker(stage=IMPORT, handler=gate, bus=bus)
            waiting = asyncio.create_task(second.live(await pulls.next()))

            second.stop()
            await asyncio.wait_for(waiting, PATIENCE)

        async def handed_back() -> bool:
            return (await workshop.counts()).waiting == 1

        await eventually(handed_back)
        gate.open()
        await running

    assert gate.calls == 1
    async with workshop.working(gate):
        await workshop.idle()
    assert gate.calls == 1
