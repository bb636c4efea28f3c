"""How a delivery is settled: what is stated, how often, and what becomes of what cannot be done."""

import asyncio

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import ce_type
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Plan
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.jetstream.publishing import envelope
from clipforge_runtime.worker import Worker
from samples import TENANT, every_fact, imported
from workshop import PATIENCE, Gate, Workshop, eventually, import_at_once, submission, without

pytestmark = pytest.mark.integration


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come after a hundredth of their longest wait."""
    monkeypatch.setattr("clipforge_runtime.retry.random.random", lambda: 0.01)


async def test_what_a_handler_returns_is_stated_and_its_cause_is_done(workshop: Workshop) -> None:
    cause = await workshop.submit("film")

    async with workshop.working(import_at_once):
        [entry] = await workshop.hear(facts.VideoImported)
        await workshop.idle()

    assert isinstance(entry.fact, facts.VideoImported)
    assert entry.fact.project == cause.project
    assert entry.headers["ce-source"] == "/clipforge/import"
    assert entry.headers["cf-attempt"] == "1"


async def test_a_job_that_is_done_is_not_done_again(workshop: Workshop) -> None:
    cause = await workshop.submit("film")
    gate = Gate()
    async with workshop.connected("import") as other:
        earlier = await import_at_once(cause)
        await other.state(earlier, fact_id=ids.derive("evt", "earlier"), once=True)

    async with workshop.working(gate):
        await workshop.idle()

    assert gate.calls == 0
    assert len(await workshop.log("facts.video-imported.>")) == 1


async def test_two_workers_that_run_one_job_at_once_state_one_fact(workshop: Workshop) -> None:
    """As after a lease that ended while the first one was still at work: a zombie."""
    await workshop.submit("film")
    gate = Gate()
    async with (
        workshop.connected("import") as one,
        workshop.connected("import") as other,
        one.pulls(IMPORT) as pulls,
    ):
        delivery = await pulls.next()
        first = Worker(stage=IMPORT, handler=gate, bus=one)
        second = Worker(stage=IMPORT, handler=gate, bus=other)
        zombie = asyncio.create_task(first.live(delivery))
        cause = await gate.began()
        run = await workshop.run_key(IMPORT.job(cause))
        await one.delete_progress(run)  # nobody can see the zombie any more
        living = asyncio.create_task(second.live(delivery))
        await gate.began()

        gate.open()
        await asyncio.gather(zombie, living)

    assert gate.calls == 2
    assert len(await workshop.log("facts.video-imported.>")) == 1
    await workshop.idle()


async def test_a_job_that_another_worker_runs_is_waited_for(workshop: Workshop) -> None:
    await workshop.hurry(run_keys=45)  # handed over again before the first worker's heartbeat
    await workshop.submit("film")
    gate = Gate()
    async with (
        workshop.connected("import") as one,
        workshop.connected("import") as other,
        one.pulls(IMPORT) as pulls,
    ):
        delivery = await pulls.next()
        first = Worker(stage=IMPORT, handler=gate, bus=one)
        second = Worker(stage=IMPORT, handler=gate, bus=other)
        running = asyncio.create_task(first.live(delivery))
        await workshop.run_key(IMPORT.job(await gate.began()))
        waiting = asyncio.create_task(second.live(await pulls.next()))

        gate.open()
        await asyncio.gather(running, waiting)

    assert gate.calls == 1
    await workshop.idle()


async def test_the_users_fault_fails_at_once_and_in_words(workshop: Workshop) -> None:
    cause = await workshop.submit("film")

    async def refuse(_: facts.ProjectSubmitted) -> None:
        raise Permanent("This file is not a video.", reason="not-a-video", detail="magic 0x00")

    async with workshop.working(refuse):
        failure = await workshop.failure()
        await workshop.idle()

    assert (failure.reason, failure.sentence) == ("not-a-video", "This file is not a video.")
    assert (failure.attempts, failure.crashes) == (1, 0)
    assert (failure.stage, failure.about) == ("import", cause.project.project_id)
    assert failure.detail == "magic 0x00"
    assert facts.ProjectSubmitted.FromString(failure.cause) == cause
    assert failure.cause_id == ids.derive("evt", "film")


async def test_the_worlds_fault_fails_when_the_attempts_are_used_up(
    workshop: Workshop, soon: None
) -> None:
    calls = 0

    async def stumble(_: facts.ProjectSubmitted) -> None:
        nonlocal calls
        calls += 1
        raise Transient("The site does not answer. Try again later.")

    await workshop.submit("film", Plan.FREE)
    async with workshop.working(stumble):
        failure = await workshop.failure()
        await workshop.idle()

    assert calls == failure.attempts == 3
    assert failure.reason == "exhausted"
    assert failure.sentence == "The site does not answer. Try again later."


async def test_a_bug_is_tried_again_and_its_words_are_kept_from_the_user(
    workshop: Workshop, soon: None
) -> None:
    async def break_down(_: facts.ProjectSubmitted) -> None:
        raise ZeroDivisionError("at nats://import:hunter2@log:4222")

    await workshop.submit("film", Plan.FREE)
    async with workshop.working(break_down):
        failure = await workshop.failure()

    assert (failure.reason, failure.attempts) == ("internal", 3)
    assert "ZeroDivisionError" not in failure.sentence
    assert "ZeroDivisionError" in failure.detail
    assert "hunter2" not in failure.detail


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(facts.VideoImported(), id="breaks-a-rule"),
        pytest.param(every_fact()[3], id="is-for-another-stage-to-state"),
    ],
)
async def test_a_fact_that_must_not_be_stated_is_a_bug_of_the_handler(
    workshop: Workshop, soon: None, returned: facts.VideoImported
) -> None:
    async def misstate(_: facts.ProjectSubmitted) -> facts.VideoImported:
        return returned

    await workshop.submit("film", Plan.FREE)
    async with workshop.working(misstate):
        failure = await workshop.failure()
        await workshop.idle()

    assert failure.reason == "internal"


async def test_odd_words_do_not_keep_a_failure_from_being_stated(workshop: Workshop) -> None:
    async def refuse(_: facts.ProjectSubmitted) -> None:
        raise Permanent("caf\udce9.mp4 " + "x" * 100_000, detail="y" * 100_000)

    await workshop.submit("film")
    async with workshop.working(refuse):
        failure = await workshop.failure()

    assert failure.sentence.startswith("caf?.mp4")
    assert failure.reason == "permanent"


async def test_a_failure_without_words_gets_some(workshop: Workshop) -> None:
    async def refuse(_: facts.ProjectSubmitted) -> None:
        raise Permanent("")

    await workshop.submit("film")
    async with workshop.working(refuse):
        failure = await workshop.failure()

    assert failure.sentence


SUBJECT = str(subjects.fact_subject(submission("film")))
SUBMITTED = {"ce-id": "evt_1", "ce-type": ce_type(facts.ProjectSubmitted)}
WELL = submission("film").SerializeToString()


def of_tomorrow() -> bytes:
    fact = submission("film")
    fact.project.plan = 99  # type: ignore[assignment]
    return fact.SerializeToString()


@pytest.mark.parametrize(
    ("subject", "headers", "body"),
    [
        pytest.param(SUBJECT, SUBMITTED, b"\xff\xff\xff", id="no-message"),
        pytest.param(SUBJECT, SUBMITTED, b"", id="empty"),
        pytest.param(SUBJECT, {}, WELL, id="no-headers"),
        pytest.param(SUBJECT, {**SUBMITTED, "ce-type": "x"}, WELL, id="unknown-type"),
        pytest.param(SUBJECT, {"ce-type": ce_type(facts.ProjectSubmitted)}, WELL, id="no-id"),
        pytest.param(SUBJECT, {**SUBMITTED, "cf-replay": "two"}, WELL, id="replay-in-words"),
        pytest.param(SUBJECT, SUBMITTED, of_tomorrow(), id="a-plan-of-tomorrow"),
        pytest.param(
            SUBJECT,
            {**SUBMITTED, "ce-type": ce_type(facts.VideoImported)},
            imported().SerializeToString(),
            id="not-for-this-stage",
        ),
        pytest.param(f"{SUBJECT}.more", SUBMITTED, WELL, id="no-subject-of-ours"),
    ],
)
async def test_what_cannot_be_read_is_kept_as_a_dead_letter_and_does_not_come_back(
    workshop: Workshop, subject: str, headers: dict[str, str], body: bytes
) -> None:
    gate = Gate()
    async with workshop.working(gate):
        await workshop.gateway.connection.request(subject, body, headers=headers or None)
        failure = await workshop.failure()
        await workshop.idle()

    assert failure.reason == "unreadable"
    assert failure.cause == body
    assert failure.cause_sequence == 1
    assert gate.calls == 0


async def test_the_worker_goes_on_after_what_it_cannot_read(workshop: Workshop) -> None:
    await workshop.gateway.connection.request(SUBJECT, b"\xff", headers=SUBMITTED)
    await workshop.submit("another film")

    async with workshop.working(import_at_once):
        [entry] = await workshop.hear(facts.VideoImported)

    assert entry.sequence > 2


async def test_a_job_that_crashed_too_often_is_not_started_again(workshop: Workshop) -> None:
    cause = submission("film")
    job = IMPORT.job(cause)
    gate = Gate()
    async with workshop.connected("import") as bus:
        await bus.again(
            subjects.retry(subjects.fact_subject(cause), IMPORT, job),
            cause.SerializeToString(),
            message_id="crashed",
            headers={**SUBMITTED, "cf-attempt": "1", "cf-crashes": "6"},
        )

    async with workshop.working(gate):
        failure = await workshop.failure()
        await workshop.idle()

    assert gate.calls == 0
    assert (failure.reason, failure.crashes, failure.attempts) == ("crashed", 6, 2)


async def test_a_retry_holds_no_slot(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipforge_runtime.retry.random.random", lambda: 1.0)
    order: list[str] = []

    async def stumble_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        order.append(cause.title)
        if order == ["one"]:
            raise Transient("not now")
        return await import_at_once(cause)

    await workshop.submit("one")
    await workshop.submit("two")
    async with workshop.working(stumble_once, concurrency=1):
        await workshop.hear(facts.VideoImported, 2)
        await workshop.idle()

    assert order == ["one", "two", "one"]


async def test_a_retry_survives_the_death_of_the_server(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipforge_runtime.retry.random.random", lambda: 1.0)
    calls = 0

    async def stumble_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Transient("not now")
        return await import_at_once(cause)

    async def delayed() -> bool:
        return (await workshop.counts()).delayed == 1

    await workshop.submit("film")
    async with workshop.working(stumble_once):
        await eventually(delayed)
        with without(workshop.server):
            pass
        [entry] = await workshop.hear(facts.VideoImported)

    assert entry.headers["cf-attempt"] == "2"
    assert calls == 2


async def test_a_zombie_that_is_given_its_own_retry_does_not_lose_the_job(
    workshop: Workshop, soon: None
) -> None:
    """A successor failed, and its retry comes to the worker that was frozen, and fails now."""
    woken = asyncio.Event()
    begun: asyncio.Queue[int] = asyncio.Queue()

    async def fail_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        begun.put_nowait(begun.qsize())
        if not woken.is_set():
            await woken.wait()
            raise Transient("The site does not answer.")
        return await import_at_once(cause)

    cause = await workshop.submit("film")
    async with workshop.working(fail_once, concurrency=2) as shift:
        await asyncio.wait_for(begun.get(), PATIENCE)
        await shift.bus.again(
            subjects.retry(subjects.fact_subject(cause), IMPORT, IMPORT.job(cause)),
            cause.SerializeToString(),
            message_id=f"import:{subjects.STREAM}:1:retry",
            headers={**envelope(cause, ids.derive("evt", "film"), "gateway"), "cf-attempt": "1"},
        )

        async def adopted() -> bool:
            [running] = shift.worker.running
            return len(running.deliveries) == 2

        await eventually(adopted)
        woken.set()
        [entry] = await workshop.hear(facts.VideoImported)
        await workshop.idle()

    assert entry.headers["cf-attempt"] == "3"


async def test_attempts_of_one_stage_are_not_counted_by_the_next(workshop: Workshop) -> None:
    """The fact that one stage stated at its second attempt is the first attempt of another."""
    fact = submission("film")
    gate = Gate()
    await workshop.gateway.state(
        fact, fact_id=ids.derive("evt", "film"), headers={"cf-attempt": "2", "cf-crashes": "6"}
    )

    async with workshop.working(gate):
        await gate.began()
        run = await workshop.run_key(IMPORT.job(fact))
        gate.open()
        await workshop.hear(facts.VideoImported)

    assert run.attempt == 1
    assert run.tenant == TENANT
