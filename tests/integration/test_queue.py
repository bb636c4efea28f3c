"""What a worker counts on: the queue and its double keep the same promises."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_runtime.bus import Delivery, Progress
from clipforge_runtime.cause import Cause
from clipforge_runtime.testing import MemoryDelivery, MemoryQueue
from samples import TENANT
from workshop import QUICK, Workshop, eventually, submission

pytestmark = pytest.mark.integration


@dataclass
class Side:
    """The real queue, or its double: as the gateway, and as a worker holds it."""

    gateway: Any
    worker: Any
    next: Callable[[], Awaitable[Delivery]]

    async def submit(self, name: str) -> facts.ProjectSubmitted:
        fact = submission(name)
        await self.gateway.state(fact, fact_id=ids.derive("evt", name), once=True)
        return fact

    async def again(
        self, delivery: Delivery, message_id: str, *, furthest: float = 0, **said: Any
    ) -> None:
        cause = replace(Cause.read(QUICK, delivery), furthest=furthest)
        headers = cause.headers(attempt=1)
        await self.worker.again(
            cause.retry_subject, delivery.data, message_id=message_id, headers=headers, **said
        )


@pytest.fixture
async def real(workshop: Workshop) -> AsyncIterator[Side]:
    await workshop.hurry()
    async with workshop.connected("import") as worker, worker.pulls(QUICK) as pulls:
        yield Side(workshop.gateway, worker, pulls.next)


@pytest.fixture
def double() -> Side:
    queue = MemoryQueue(stage=QUICK)

    async def take() -> Delivery:
        taken: list[MemoryDelivery] = []

        async def some() -> bool:
            if found := queue.take():
                taken.append(found)
            return bool(taken)

        await eventually(some)
        return taken[0]

    return Side(queue, queue, take)


@pytest.fixture(params=["real", "double"])
def side(request: pytest.FixtureRequest) -> Side:
    side: Side = request.getfixturevalue(request.param)
    return side


async def test_what_is_not_acknowledged_is_handed_over_again_and_nothing_else_is(
    side: Side,
) -> None:
    await side.submit("first")
    await side.submit("second")

    settled = await side.next()
    await settled.ack()
    lost = await side.next()
    again = await side.next()

    assert settled.sequence != lost.sequence == again.sequence
    assert [one.deliveries for one in (settled, lost, again)] == [1, 1, 2]
    assert (again.subject, again.data, again.stream) == (lost.subject, lost.data, subjects.STREAM)


async def test_a_cause_comes_again_once_for_each_message_id(side: Side) -> None:
    fact = await side.submit("film")
    first = await side.next()
    for message_id in ("one", "one", "two"):
        await side.again(first, message_id)
    await first.ack()

    retries = [await side.next(), await side.next()]
    for retry in retries:
        await retry.ack()
    await side.submit("the next")

    assert (await side.next()).subject.startswith("facts.")  # a third has not come
    assert [retry.sequence for retry in retries] == [first.sequence + 1, first.sequence + 2]
    assert {retry.subject for retry in retries} == {
        str(subjects.retry(subjects.fact_subject(fact), QUICK, QUICK.job(fact)))
    }
    assert {retry.headers["cf-attempt"] for retry in retries} == {"1"}
    assert Cause.read(QUICK, retries[0]).fact == fact


async def test_a_retry_waits_for_its_time_and_is_seen_to_wait(side: Side) -> None:
    job = QUICK.job(await side.submit("film"))
    first = await side.next()
    await side.again(
        first, "late", at=datetime.now(UTC) + timedelta(seconds=1), sequence=first.sequence
    )
    await first.ack()
    waiting = await side.gateway.scheduled_jobs(QUICK)

    retry = await side.next()

    assert waiting == {job: "delayed"}
    assert retry.subject.startswith("retries.")
    assert Cause.read(QUICK, retry).attempt == 2
    assert await side.gateway.scheduled_jobs(QUICK) == {}


async def test_how_far_a_job_had_come_is_known_while_its_retry_waits_and_afterwards(
    side: Side,
) -> None:
    fact = await side.submit("film")
    where = {"tenant": TENANT, "project": fact.project.project_id, "job": QUICK.job(fact)}
    first = await side.next()
    untried = await side.gateway.reached(QUICK, **where)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await side.again(first, "late", furthest=60, at=soon, sequence=first.sequence)
    await first.ack()
    waiting = await side.gateway.reached(QUICK, **where)

    retry = await side.next()

    assert (untried, waiting, await side.gateway.reached(QUICK, **where)) == (0, 60, 60)
    assert Cause.read(QUICK, retry).furthest == 60


async def test_a_run_key_says_who_runs_a_job_until_it_is_deleted(side: Side) -> None:
    run = Progress(job="job_1", owner="host-1", attempt=1, percent=40, step="copying")

    async def shown() -> bool:
        return bool(await side.worker.running("job_1", None) == run)

    async def gone() -> bool:
        return await side.worker.running("job_1", None) is None

    await side.worker.put_progress(run)
    await eventually(shown)
    assert await side.worker.running("job_1", 1) is None
    await side.worker.delete_progress(run)
    await eventually(gone)


async def test_a_seat_is_one_persons_until_it_is_left(side: Side) -> None:
    async def take(owner: str) -> Any:
        return await side.worker.take_seat(QUICK, TENANT, limit=1, owner=owner)

    seat = await take("one")
    taken = await take("two")
    await side.worker.leave_seat(seat)

    async def free() -> bool:
        return await take("two") is not None

    assert (seat.owner, taken) == ("one", None)
    await eventually(free)


async def test_the_newest_fact_of_a_project_is_known_by_its_place(side: Side) -> None:
    film = await side.submit("film")
    await side.submit("other")
    where = (TENANT, film.project.project_id)

    assert await side.worker.last_of_project_at(*where) == 1
    assert await side.worker.last_of_project_at(TENANT, ids.derive("prj", "none")) == 0
