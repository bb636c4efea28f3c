"""The log and its double keep the same promises."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact, about
from clipforge_contracts.pipeline import EXPORT, IMPORT
from clipforge_contracts.plans import Priority
from clipforge_contracts.validation import Invalid
from clipforge_runtime.bus import Contradicted, Counts, Entry, Progress, Reader
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.declare import declare
from clipforge_runtime.testing import MemoryBus
from samples import PROJECT, TENANT, every_fact
from workshop import PATIENCE, Workshop, eventually, submission

pytestmark = pytest.mark.integration

REPORT = Progress(
    job="job_1",
    owner="host-1",
    attempt=1,
    percent=40,
    step="copying",
    tenant=TENANT,
    project=PROJECT,
)


@dataclass
class Side:
    """The real log, or its double."""

    log: Any
    report: Callable[[Progress], Any]

    async def state(self, fact: Fact, fact_id: str = "", *, once: bool = True) -> int:
        stated = await self.log.state(fact, fact_id=fact_id or ids.new("evt"), once=once)
        return int(stated.sequence)


@pytest.fixture
async def real(workshop: Workshop) -> AsyncIterator[Side]:
    async with workshop.connected("import") as worker:

        async def put(progress: Progress) -> None:
            await worker.put_progress(progress)
            await worker.connection.flush()

        yield Side(workshop.gateway, put)


@pytest.fixture
def double() -> Side:
    bus = MemoryBus()

    async def put(progress: Progress) -> None:
        bus.report(progress)

    return Side(bus, put)


@pytest.fixture(params=["real", "double"])
def side(request: pytest.FixtureRequest) -> Side:
    side: Side = request.getfixturevalue(request.param)
    return side


async def read(log: Any, count: int, **options: Any) -> list[Entry]:
    """The first `count` entries that a follower gets."""
    found: list[Entry] = []
    async with asyncio.timeout(PATIENCE), aclosing(log.follow(**options)) as following:
        async for entry in following:
            found.append(entry)
            if len(found) == count:
                return found
    raise AssertionError("the log has an end")


async def test_what_is_stated_is_read_back(side: Side) -> None:
    fact = submission("film")

    sequence = await side.state(fact, "evt_1")

    [entry] = await read(side.log, 1, after=0)
    assert (entry.fact, entry.fact_id, entry.sequence) == (fact, "evt_1", sequence)
    assert entry.subject.startswith("facts.project-submitted.high.l0.")
    assert entry.headers["ce-id"] == "evt_1"
    assert entry.headers["ce-type"] == "clipforge.v1.ProjectSubmitted"
    assert entry.time.tzinfo is not None


async def test_headers_travel_with_a_fact(side: Side) -> None:
    await side.log.state(submission("film"), fact_id="evt_1", headers={"traceparent": "00-a-b-01"})

    [entry] = await read(side.log, 1, after=0)

    assert entry.headers["traceparent"] == "00-a-b-01"


async def test_the_same_fact_again_is_success_and_no_second_fact(side: Side) -> None:
    first = await side.log.state(submission("film"), fact_id="evt_1", once=True)
    again = await side.log.state(submission("film"), fact_id="evt_1", once=True)

    assert (first.fresh, again.fresh) == (True, False)
    assert first.sequence == again.sequence == await side.log.last_sequence()


async def test_what_is_stated_once_cannot_be_stated_by_another(side: Side) -> None:
    await side.state(submission("film"), "evt_1")

    with pytest.raises(Contradicted):
        await side.state(submission("film"), "evt_2")
    assert await side.log.last_sequence() == 1


async def test_once_holds_whatever_the_priority(side: Side) -> None:
    """The tenant has bought another plan in between: it is the same project."""
    fact = submission("film")
    await side.state(fact, "evt_1")
    fact.project.plan = 3  # type: ignore[assignment]

    with pytest.raises(Contradicted):
        await side.state(fact, "evt_2")


async def test_of_several_at_once_exactly_one_wins(side: Side) -> None:
    answers = await asyncio.gather(
        *(side.state(submission("film"), f"evt_{n}") for n in range(4)), return_exceptions=True
    )

    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert sum(isinstance(answer, Contradicted) for answer in answers) == 3


async def test_of_two_edits_of_the_same_state_one_wins(side: Side) -> None:
    fact = next(fact for fact in every_fact() if isinstance(fact, facts.TenantSaved))
    first = await side.log.state(fact, fact_id=ids.new("evt"), after=0)

    second = await side.log.state(fact, fact_id=ids.new("evt"), after=first.sequence)
    with pytest.raises(Contradicted):
        await side.log.state(fact, fact_id=ids.new("evt"), after=first.sequence)

    assert second.sequence > first.sequence


async def test_what_may_be_stated_often_is(side: Side) -> None:
    fact = next(fact for fact in every_fact() if isinstance(fact, facts.TenantSaved))

    await side.state(fact, "evt_1", once=False)
    await side.state(fact, "evt_2", once=False)

    assert await side.log.last_sequence() == 2


async def test_a_fact_that_breaks_a_rule_is_refused_by_its_writer(side: Side) -> None:
    with pytest.raises(Invalid):
        await side.state(facts.ProjectCancelled())
    assert await side.log.last_sequence() == 0


async def test_the_newest_fact_of_a_kind_is_found(side: Side) -> None:
    fact = next(fact for fact in every_fact() if isinstance(fact, facts.TenantSaved))
    for n in range(3):
        fact.name = f"name {n}"
        await side.state(fact, f"evt_{n}", once=False)

    found = await side.log.last(facts.TenantSaved, tenant=TENANT, project="", about=TENANT)

    assert found.fact.name == "name 2"
    assert found.sequence == 3


async def test_what_was_never_stated_is_not_found(side: Side) -> None:
    await side.state(submission("film"))
    other = submission("other").project.project_id

    kind, where = facts.ProjectSubmitted, {"tenant": TENANT, "project": other, "about": other}
    assert await side.log.last(kind, **where) is None
    assert await side.log.last_of_project(TENANT, other) is None


async def test_the_newest_fact_of_a_project_is_found(side: Side) -> None:
    fact = submission("film")
    await side.state(fact)
    await side.state(facts.ProjectCancelled(project=fact.project))
    await side.state(submission("other"))

    found = await side.log.last_of_project(TENANT, fact.project.project_id)

    assert isinstance(found.fact, facts.ProjectCancelled)
    assert about(found.fact) == fact.project.project_id


async def test_a_follower_gets_what_was_and_what_comes_in_order(side: Side) -> None:
    for n in range(3):
        await side.state(submission(f"film {n}"))
    reading = asyncio.create_task(read(side.log, 4, after=1))
    await asyncio.sleep(0)
    for n in range(3, 5):
        await side.state(submission(f"film {n}"))

    assert [entry.sequence for entry in await reading] == [2, 3, 4, 5]


async def test_a_follower_gets_only_what_it_asked_for(side: Side) -> None:
    fact = submission("film")
    await side.state(fact)
    await side.state(submission("other"))
    await side.state(facts.ProjectCancelled(project=fact.project))

    filters = (f"facts.*.*.*.{TENANT}.{fact.project.project_id}.>",)
    assert [entry.sequence for entry in await read(side.log, 2, after=0, filters=filters)] == [1, 3]


async def test_two_followers_do_not_take_from_each_other(side: Side) -> None:
    for n in range(5):
        await side.state(submission(f"film {n}"))

    one, other = await asyncio.gather(read(side.log, 5, after=0), read(side.log, 5, after=0))

    assert [entry.sequence for entry in one] == [entry.sequence for entry in other]


async def test_the_log_knows_its_ends_and_its_incarnation(side: Side) -> None:
    assert await side.log.last_sequence() == 0
    await side.state(submission("film"))

    assert (await side.log.first_sequence(), await side.log.last_sequence()) == (1, 1)
    assert await side.log.incarnation() == await side.log.incarnation() != ""
    assert await side.log.healthy()


async def test_a_queue_is_paused_and_resumed_alone(side: Side) -> None:
    async def paused(stage: Any) -> set[bool]:
        return {counts.paused for counts in (await side.log.counts(stage)).values()}

    await side.log.pause(IMPORT)
    while_paused = await paused(IMPORT), await paused(EXPORT)
    await side.log.resume(IMPORT)

    assert while_paused == ({True}, {False})
    assert await paused(IMPORT) == {False}


async def test_an_idle_queue_counts_nothing_at_each_priority(side: Side) -> None:
    counts = await side.log.counts(IMPORT)

    assert counts == dict.fromkeys(Priority, Counts(0, 0, 0, paused=False))


async def test_what_runs_shows_its_progress(side: Side) -> None:
    assert await side.log.progress("job_1") == ()

    await side.report(REPORT)
    await side.report(replace(REPORT, percent=60))

    async def at_sixty() -> bool:
        return bool(await side.log.progress("job_1") == (replace(REPORT, percent=60),))

    await eventually(at_sixty)
    assert await side.log.progress("job_2") == ()


async def test_the_parts_of_a_job_show_their_progress_apart(side: Side) -> None:
    parts = tuple(replace(REPORT, part=n, parts=2, percent=n * 10) for n in range(2))
    for part in parts:
        await side.report(part)

    async def both() -> bool:
        return bool(await side.log.progress("job_1") == parts)

    await eventually(both)


async def test_progress_is_heard_as_it_is_reported(side: Side) -> None:
    watching = side.log.watch_progress()
    first = asyncio.create_task(anext(watching))

    async def heard() -> bool:
        await side.report(REPORT)  # whoever watches hears what comes from then on
        return first.done()

    await eventually(heard)
    assert await first == REPORT
    await watching.aclose()


async def test_a_follower_that_is_closed_leaves_nothing_at_the_log(workshop: Workshop) -> None:
    before = await consumers(workshop)
    await workshop.submit("film")

    await read(workshop.gateway, 1, after=0)

    assert await consumers(workshop) == before


async def test_a_log_that_is_made_anew_is_another_incarnation(workshop: Workshop) -> None:
    before = await workshop.gateway.incarnation()
    await workshop.admin.api("STREAM.DELETE.CLIPFORGE")
    await declare(workshop.admin, workshop.settings)

    assert await workshop.gateway.incarnation() != before


async def consumers(workshop: Workshop) -> int:
    info = await workshop.admin.api("STREAM.INFO.CLIPFORGE")
    return int(info["state"]["consumer_count"])


def test_both_are_logs() -> None:
    """Checked by mypy: each is what the ports ask for."""
    for log in (JetStream, MemoryBus):
        assert {name for name in vars(Reader) if not name.startswith("_")} <= set(dir(log))
