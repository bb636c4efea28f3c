"""Limits of a tenant's running jobs, and free work held back under load. On a real log."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Plan, Priority
from clipforge_runtime import limits
from clipforge_runtime.bus import Counts
from clipforge_runtime.limits import Limits, deferral
from samples import TENANT
from workshop import QUICK, Gate, Workshop, eventually

pytestmark = pytest.mark.integration

TWO = Limits({Plan.BUSINESS: 2})
OTHER = ids.new("ten")
MOMENT = timedelta(seconds=0.6)  # instead of a minute


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deferred jobs knock again after a moment."""
    monkeypatch.setattr(limits, "FIRST", timedelta(seconds=0.2))
    monkeypatch.setattr(limits, "CAP", timedelta(seconds=0.2))


async def wait_of(workshop: Workshop, cause: facts.ProjectSubmitted, priority: Priority) -> str:
    """What the API is told of a job."""
    project = cause.project
    return await workshop.gateway.wait(
        IMPORT,
        priority=priority,
        tenant=project.tenant_id,
        project=project.project_id,
        job=IMPORT.job(cause),
    )


async def test_no_more_of_a_tenant_run_than_it_may_whoever_runs_them(workshop: Workshop) -> None:
    gate = Gate()
    causes = [await workshop.submit(f"film {n}") for n in range(6)]

    async def settled() -> bool:
        return await workshop.counts() == Counts(0, 2, 0, paused=False, deferred=4)

    async with (
        workshop.working(gate, concurrency=3, limits=TWO),
        workshop.working(gate, concurrency=3, limits=TWO),
    ):
        await eventually(settled)
        states = [await wait_of(workshop, cause, Priority.HIGH) for cause in causes]
        calls = gate.calls
        gate.open()

    assert calls == 2
    assert sorted(states) == ["deferred"] * 4 + ["waiting"] * 2


async def test_another_tenant_is_not_hindered(workshop: Workshop) -> None:
    gate = Gate()
    for n in range(4):
        await workshop.submit(f"film {n}")

    async def settled() -> bool:
        return (await workshop.counts()).deferred == 2

    async with workshop.working(gate, concurrency=3, limits=TWO):
        await eventually(settled)
        await workshop.submit("a film of another", tenant=OTHER)
        begun = [await gate.began() for _ in range(3)]
        gate.open()

    assert begun[-1].project.tenant_id == OTHER


@pytest.mark.usefixtures("soon")
async def test_what_was_deferred_is_done_in_its_turn_and_no_attempt_is_used(
    workshop: Workshop,
) -> None:
    gate = Gate()
    for n in range(5):
        await workshop.submit(f"film {n}")
    async with workshop.working(gate, concurrency=5, limits=Limits({Plan.BUSINESS: 1})):
        await gate.began()
        gate.open()
        heard = await workshop.hear(facts.VideoImported, 5)
        await workshop.idle()

    assert {entry.headers["cf-attempt"] for entry in heard} == {"1"}
    assert {entry.headers["cf-crashes"] for entry in heard} == {"0"}


@pytest.mark.usefixtures("soon")
async def test_the_seat_of_a_worker_that_died_is_free_again(workshop: Workshop) -> None:
    await workshop.hurry()
    async with workshop.connected("import") as bus:
        dead = await bus.take_seat(IMPORT, TENANT, limit=1, owner="dead")
        taken = await bus.take_seat(IMPORT, TENANT, limit=1, owner="another")
        gate = Gate()
        gate.open()
        async with workshop.working(gate, limits=Limits({Plan.BUSINESS: 1}), stage=QUICK):
            await workshop.submit("film")
            await workshop.hear(facts.VideoImported)

    assert dead is not None
    assert taken is None


async def test_of_many_who_want_the_last_seat_one_gets_it(workshop: Workshop) -> None:
    async with workshop.connected("import") as bus:
        for _ in range(5):
            tenant = ids.new("ten")
            found = await asyncio.gather(
                *(bus.take_seat(IMPORT, tenant, limit=1, owner=f"worker {n}") for n in range(20))
            )
            assert sum(seat is not None for seat in found) == 1


async def test_a_seat_is_kept_for_as_long_as_the_job_runs(workshop: Workshop) -> None:
    await workshop.hurry(run_keys=1.5)
    gate = Gate()
    row = f"$KV.progress.seats.import.{TENANT}.0"
    patient = replace(QUICK, stall=timedelta(minutes=1))
    async with workshop.working(gate, limits=Limits({Plan.BUSINESS: 1}), stage=patient):
        await workshop.submit("film")
        await gate.began()
        first = await _sequence(workshop, row)
        for _ in range(3):

            async def kept(before: int = first) -> bool:
                return await _sequence(workshop, row) > before

            await eventually(kept)
            first = await _sequence(workshop, row)
        gate.open()


async def _sequence(workshop: Workshop, subject: str) -> int:
    reply = await workshop.admin.api("STREAM.MSG.GET.KV_progress", {"last_by_subj": subject})
    return int(reply["message"]["seq"])


def test_a_job_that_is_deferred_again_and_again_knocks_less_often() -> None:
    waits = [deferral(n).total_seconds() for n in range(8)]

    for wait, step in zip(waits, (5, 10, 20, 40, 80, 80, 80, 80), strict=True):
        assert step <= wait <= step * 1.25


async def test_free_work_is_held_back_while_the_stage_is_busy(workshop: Workshop) -> None:
    gate = Gate()

    async def busy() -> bool:
        return await _deferring(workshop)

    async with (
        workshop.working(gate, concurrency=2, minute=MOMENT),
        workshop.working(gate, concurrency=2, minute=MOMENT),
    ):
        for n in range(4):
            await workshop.submit(f"film {n}")
            await gate.began()
        await eventually(busy)
        held = await workshop.submit("a free film", Plan.FREE)

        async def said() -> bool:
            return await wait_of(workshop, held, Priority.LOW) == "deferred"

        await eventually(said)
        counts = await workshop.gateway.counts(IMPORT)
        calls = gate.calls
        gate.open()
        done = await workshop.hear(facts.VideoImported, 5)
        await workshop.idle()

    assert counts[Priority.LOW] == Counts(0, 0, 0, paused=False, deferred=1)
    assert counts[Priority.HIGH].deferred == 0
    assert calls == 4
    last = done[-1].fact
    assert isinstance(last, facts.VideoImported)
    assert last.title == "a free film"


async def test_paid_work_is_never_held_back(workshop: Workshop) -> None:
    gate = Gate()
    async with workshop.working(gate, concurrency=1, minute=MOMENT):
        await workshop.submit("film")
        await gate.began()
        await eventually(lambda: _deferring(workshop))
        await workshop.submit("another", Plan.PRO)
        gate.open()
        await workshop.hear(facts.VideoImported, 2)


async def _deferring(workshop: Workshop) -> bool:
    found = await workshop.admin.api(
        "STREAM.INFO.KV_progress", {"subjects_filter": "$KV.progress.stages.import.deferring"}
    )
    return bool(found["state"].get("subjects"))
