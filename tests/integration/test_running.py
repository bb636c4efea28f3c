"""A job that runs: its lease is kept, its progress shown, and it is stopped when it should be."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact
from clipforge_contracts.pipeline import EXPORT, IMPORT
from clipforge_runtime import worker
from clipforge_runtime.bus import Counts, Progress
from clipforge_runtime.progress import report
from clipforge_runtime.worker import Worker
from samples import every_fact
from workshop import PATIENCE, QUICK, Gate, Workshop, eventually, import_at_once

pytestmark = pytest.mark.integration


async def test_a_heartbeat_keeps_a_long_job_from_being_handed_over_again(
    workshop: Workshop,
) -> None:
    await workshop.hurry(replace(QUICK, lease=timedelta(seconds=0.9)))
    stage = replace(QUICK, lease=timedelta(seconds=0.9), stall=timedelta(seconds=30))
    gate = Gate()
    await workshop.submit("film")

    async with (
        workshop.working(gate, stage=stage),
        workshop.working(gate, stage=stage),
    ):
        await gate.began()
        with pytest.raises(TimeoutError):  # three leases long, nobody else is given the job
            await asyncio.wait_for(gate.begun.get(), 2.7)
        counts = await workshop.counts()
        gate.open()
        [entry] = await workshop.hear(facts.VideoImported)

    assert counts == Counts(waiting=0, active=1, delayed=0, paused=False)
    assert entry.headers["cf-crashes"] == "0"
    assert gate.calls == 1


async def test_a_handler_that_shows_no_progress_is_stopped_and_tried_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipforge_runtime.retry.random.random", lambda: 0.01)
    stopped = asyncio.Event()

    async def hang_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        if stopped.is_set():
            return await import_at_once(cause)
        try:
            return await asyncio.Future[facts.VideoImported]()
        finally:
            stopped.set()

    await workshop.submit("film")
    async with workshop.working(hang_once, stage=QUICK):
        [entry] = await workshop.hear(facts.VideoImported)

    assert entry.headers["cf-attempt"] == "2"


async def test_a_handler_that_shows_progress_may_take_longer_than_the_stall_limit(
    workshop: Workshop,
) -> None:
    calls = 0

    async def work_slowly(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        nonlocal calls
        calls += 1
        for percent in range(8):
            report(percent, "copying")
            await asyncio.sleep(0.3)  # work that takes its time: 2.4 s with a limit of one
        return await import_at_once(cause)

    await workshop.submit("film")
    async with workshop.working(work_slowly, stage=QUICK):
        await workshop.hear(facts.VideoImported)

    assert calls == 1


async def test_a_process_that_was_frozen_is_not_taken_for_a_handler_that_hangs(
    workshop: Workshop,
) -> None:
    calls = 0

    async def freeze(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        nonlocal calls
        calls += 1
        report(10, "copying")

        async def told() -> bool:
            return any(run.percent == 10 for run in await workshop.gateway.progress(job))

        await eventually(told)
        report(20, "copying")
        # Nothing of this process runs, as when its machine is suspended; the limit is one second.
        time.sleep(QUICK.stall.total_seconds() * 2.5)  # noqa: ASYNC251
        for _ in range(100):  # the heart looks before there can be another sign of life
            await asyncio.sleep(0)
        return await import_at_once(cause)

    job = IMPORT.job(await workshop.submit("film"))
    async with workshop.working(freeze, stage=QUICK):
        await workshop.hear(facts.VideoImported)

    assert calls == 1


async def test_whoever_goes_on_with_a_job_knows_how_far_its_dead_worker_had_come(
    workshop: Workshop,
) -> None:
    await workshop.hurry(run_keys=8)
    job = QUICK.job(await workshop.submit("film"))
    async with workshop.connected("import") as dead, dead.pulls(QUICK) as pulls:
        await pulls.next()  # and never settled
        await dead.put_progress(
            Progress(job=job, owner="dead", attempt=1, percent=40, step="copying")
        )
        await workshop.run_key(job)
    gate = Gate()

    async with workshop.working(gate, stage=QUICK):
        await gate.began()
        run = await workshop.run_key(job)
        gate.open()

    assert (run.attempt, run.percent, run.furthest) == (1, 0, 40)


async def test_progress_is_shown_while_a_job_runs_and_gone_afterwards(workshop: Workshop) -> None:
    cause = await workshop.submit("film")
    job = IMPORT.job(cause)
    gate = Gate()

    async def work(fact: facts.ProjectSubmitted) -> facts.VideoImported:
        await asyncio.to_thread(report, 40, "copying")
        return await gate(fact)

    async def at_forty() -> bool:
        return any(run.percent == 40 for run in await workshop.gateway.progress(job))

    async def gone() -> bool:
        return await workshop.gateway.progress(job) == ()

    async with workshop.working(work) as shift:
        await eventually(at_forty)
        [run] = await workshop.gateway.progress(job)
        gate.open()
        await workshop.hear(facts.VideoImported)
        await eventually(gone)

    assert (run.step, run.attempt, run.owner) == ("copying", 1, shift.worker.owner)
    assert run.project == cause.project.project_id


async def test_news_after_a_silence_are_shown_at_once(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipforge_runtime.running.REPORT_SECONDS", 3600)
    go_on = asyncio.Event()

    async def handler(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        await asyncio.to_thread(report, 40, "copying")
        await go_on.wait()
        return await import_at_once(cause)

    film = await workshop.submit("film")
    async with workshop.working(handler):

        async def shown() -> bool:
            found = await workshop.gateway.progress(IMPORT.job(film))
            return [(one.percent, one.step) for one in found] == [(40, "copying")]

        await eventually(shown)
        go_on.set()
        await workshop.idle()


async def test_a_cancel_stops_what_runs_and_drops_what_waits(workshop: Workshop) -> None:
    """Within a moment, and not with the next heartbeat."""
    gate = Gate()
    running = await workshop.submit("runs")
    waiting = await workshop.submit("waits")
    other = await workshop.submit("other")
    async with workshop.working(gate):
        assert await gate.began() == running

        for unwanted in (waiting, running):
            await workshop.gateway.state(
                facts.ProjectCancelled(project=unwanted.project),
                fact_id=ids.derive("evt", "cancel", unwanted.title),
                once=True,
            )

        assert await gate.began() == other
        gate.open()
        await workshop.idle()

    assert gate.cancelled == 1
    assert [entry.fact.title for entry in await workshop.log("facts.video-imported.>")] == [  # type: ignore[union-attr]
        "other"
    ]
    assert await workshop.log("facts.stage-failed.>") == []


async def test_a_cancel_that_was_not_heard_is_found_by_the_heartbeat(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = replace(QUICK, stall=timedelta(seconds=30))
    await workshop.hurry(stage)
    gate = Gate()
    cause = await workshop.submit("film")
    monkeypatch.setattr(Worker, "drop", lambda *_: None)
    async with workshop.working(gate, stage=stage):
        await gate.began()

        await workshop.gateway.state(
            facts.ProjectCancelled(project=cause.project), fact_id=ids.derive("evt", "cancel")
        )

        await workshop.idle(stage)

    assert gate.cancelled == 1


async def test_the_cancel_of_an_export_leaves_the_projects_other_exports_alone(
    workshop: Workshop,
) -> None:
    [sample] = [fact for fact in every_fact() if isinstance(fact, facts.ExportRequested)]
    requests = []
    for name in ("unwanted", "wanted"):
        request = facts.ExportRequested()
        request.CopyFrom(sample)
        request.export_id = ids.derive("exp", name)
        await workshop.gateway.state(request, fact_id=ids.derive("evt", name), once=True)
        requests.append(request)
    begun: asyncio.Queue[str] = asyncio.Queue()
    let_go = asyncio.Event()

    async def render(request: facts.ExportRequested) -> Fact:
        begun.put_nowait(request.export_id)
        await let_go.wait()
        [exported] = [fact for fact in every_fact() if isinstance(fact, facts.ClipExported)]
        exported.export_id = request.export_id
        return exported

    async with workshop.working(render, stage=EXPORT, concurrency=2):
        await asyncio.wait_for(begun.get(), PATIENCE)
        await asyncio.wait_for(begun.get(), PATIENCE)
        await workshop.gateway.state(
            facts.ExportCancelled(project=sample.project, export_id=requests[0].export_id),
            fact_id=ids.derive("evt", "cancel"),
        )

        async def one_is_left() -> bool:
            return (await workshop.counts(EXPORT)).active == 1

        await eventually(one_is_left)
        let_go.set()
        [entry] = await workshop.hear(facts.ClipExported)
        await workshop.idle(EXPORT)

    assert isinstance(entry.fact, facts.ClipExported)
    assert entry.fact.export_id == requests[1].export_id


async def test_a_handler_that_does_not_let_go_does_not_keep_its_slot(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "UNWIND_SECONDS", 0.1)
    begun = asyncio.Event()
    let_go = asyncio.Event()

    async def cling(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        if cause.title == "other":
            return await import_at_once(cause)
        begun.set()
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return await import_at_once(cause)

    cause = await workshop.submit("film")
    await workshop.submit("other")
    async with workshop.working(cling):
        await begun.wait()
        await workshop.gateway.state(
            facts.ProjectCancelled(project=cause.project), fact_id=ids.derive("evt", "cancel")
        )
        await workshop.hear(facts.VideoImported)
        await workshop.idle()
        let_go.set()

    assert len(await workshop.log("facts.video-imported.>")) == 1
