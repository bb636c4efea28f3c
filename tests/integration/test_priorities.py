"""Deliveries are fetched in shares of the priorities' weights, and none starves."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import subjects
from clipforge_contracts.facts import encode
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Plan, Priority
from clipforge_runtime.bus import DoneInPart, Unavailable
from clipforge_runtime.jetstream import JetStream, pausing
from clipforge_runtime.jetstream.publishing import envelope
from workshop import Gate, Workshop, eventually, import_at_once, submission

pytestmark = pytest.mark.integration

ROUND = 16 + 8 + 4 + 1


async def put(bus: JetStream, priority: Priority, count: int) -> None:
    """Have `count` deliveries wait at one priority."""
    due = replace(
        subjects.retry(subjects.fact_subject(submission("film")), IMPORT, "job_1"),
        priority=priority,
    )
    await asyncio.gather(
        *(bus.again(due, b"", message_id=f"{priority}-{n}", headers={}) for n in range(count))
    )


async def priorities_of(bus: JetStream, count: int) -> list[Priority]:
    """The priorities of the next deliveries."""
    found = []
    async with bus.pulls(IMPORT) as pulls:
        for _ in range(count):
            delivery = await asyncio.wait_for(pulls.next(), 10)
            await delivery.ack()
            found.append(subjects.parse(delivery.subject).priority)
    return found


async def test_while_all_wait_each_priority_gets_its_share(workshop: Workshop) -> None:
    async with workshop.connected("import") as bus:
        for priority in Priority:
            await put(bus, priority, 2 * 16)

        first = await priorities_of(bus, ROUND)
        second = await priorities_of(bus, ROUND)

    shares = {Priority.CRITICAL: 16, Priority.HIGH: 8, Priority.NORMAL: 4, Priority.LOW: 1}
    assert Counter(first) == Counter(second) == shares


async def test_the_lowest_priority_is_served_within_a_round(workshop: Workshop) -> None:
    async with workshop.connected("import") as bus:
        await put(bus, Priority.CRITICAL, 2 * ROUND)
        await put(bus, Priority.LOW, 1)

        served = await priorities_of(bus, ROUND)

    assert Priority.LOW in served


async def test_the_highest_priority_does_not_wait_for_the_backlog_below_it(
    workshop: Workshop,
) -> None:
    async with workshop.connected("import") as bus:
        await put(bus, Priority.LOW, 200)
        await priorities_of(bus, 20)
        await put(bus, Priority.CRITICAL, 1)

        served = await priorities_of(bus, 2)

    assert Priority.CRITICAL in served


async def test_a_critical_job_is_the_next_that_starts_behind_two_thousand_low_ones(
    workshop: Workshop,
) -> None:
    gate = Gate()
    await asyncio.gather(*(workshop.submit(f"low {n}", Plan.FREE) for n in range(2000)))
    async with workshop.working(gate):
        await gate.began()
        async with workshop.connected("import") as bus:
            urgent = submission("urgent")
            due = subjects.retry(subjects.fact_subject(urgent), IMPORT, IMPORT.job(urgent))
            await bus.again(
                replace(due, priority=Priority.CRITICAL),
                encode(urgent),
                message_id="urgent",
                headers=envelope(urgent, "evt_urgent", "gateway"),
            )

            async def waits() -> bool:
                counts = await workshop.gateway.counts(IMPORT)
                return counts[Priority.CRITICAL].waiting == 1

            await eventually(waits)
            gate.open()
            following = await gate.began()

    assert following.title == "urgent"


async def test_what_one_priority_does_not_use_goes_to_the_others(workshop: Workshop) -> None:
    async with workshop.connected("import") as bus:
        await put(bus, Priority.NORMAL, 40)
        await put(bus, Priority.LOW, 10)

        served = await priorities_of(bus, 50)

    assert Counter(served) == {Priority.NORMAL: 40, Priority.LOW: 10}
    assert Counter(served[:25]) == {Priority.NORMAL: 20, Priority.LOW: 5}


async def test_an_idle_worker_starts_a_new_job_at_once(workshop: Workshop) -> None:
    gate = Gate()
    async with workshop.working(gate):
        await workshop.polled()
        await workshop.submit("film")

        cause = await asyncio.wait_for(gate.began(), 2)
        gate.open()

    assert cause.title == "film"


async def test_no_more_jobs_run_at_once_than_there_are_slots(workshop: Workshop) -> None:
    gate = Gate()
    for n in range(6):
        await workshop.submit(f"film {n}", list(Plan)[n % 3])
    async with workshop.working(gate, concurrency=3):
        for _ in range(3):
            await gate.began()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gate.begun.get(), 0.5)
        active = (await workshop.counts()).active
        gate.open()
        await workshop.hear(facts.VideoImported, 6)

    assert active == 3
    assert gate.calls == 6


async def test_a_paused_queue_starts_nothing_until_it_is_resumed(workshop: Workshop) -> None:
    gate = Gate()
    gate.open()
    async with workshop.working(gate):
        await workshop.gateway.pause(IMPORT)
        await workshop.submit("film")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gate.begun.get(), 0.7)
        paused = await workshop.counts()

        await workshop.gateway.resume(IMPORT)
        await workshop.hear(facts.VideoImported)

    assert (paused.waiting, paused.paused) == (1, True)


async def test_a_pause_lets_what_runs_finish_and_no_worker_starts_anything(
    workshop: Workshop,
) -> None:
    gate = Gate()
    async with workshop.working(gate), workshop.working(gate):
        await workshop.submit("film")
        await gate.began()
        await workshop.gateway.pause(IMPORT)
        await workshop.submit("another")
        gate.open()
        await workshop.hear(facts.VideoImported)
        with pytest.raises(TimeoutError):  # both are free, and both ask
            await asyncio.wait_for(gate.begun.get(), 1.5)
        paused = await workshop.counts()

        await workshop.gateway.resume(IMPORT)
        await workshop.hear(facts.VideoImported, 2)

    assert (paused.waiting, paused.active, paused.paused) == (1, 0, True)


async def test_a_pause_that_reaches_a_part_of_the_queue_says_so_and_is_made_whole(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = workshop.gateway.connection
    ask, away = connection.api, {"import-low-l0", "import-high-l3"}

    async def api(call: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if call.startswith("CONSUMER.PAUSE.") and call.rpartition(".")[2] in away:
            raise Unavailable("it does not answer")
        return await ask(call, body)

    monkeypatch.setattr(connection, "api", api)
    monkeypatch.setattr(pausing, "AGAIN_SECONDS", 0.01)

    async def of_priorities() -> list[tuple[bool, bool]]:
        counts = await workshop.gateway.counts(IMPORT)
        return [(counts[one].paused, counts[one].partly_paused) for one in Priority]

    whole, in_part, not_at_all = (True, False), (False, True), (False, False)
    with pytest.raises(DoneInPart, match="2 of the 16 consumers of video-import"):
        await workshop.gateway.pause(IMPORT)
    halfway = await of_priorities()
    away.clear()
    await workshop.gateway.pause(IMPORT)
    paused = await of_priorities()
    away.add("import-critical-l0")
    with pytest.raises(DoneInPart):
        await workshop.gateway.resume(IMPORT)
    half_resumed = await of_priorities()
    away.clear()
    await workshop.gateway.resume(IMPORT)

    assert halfway == [whole, in_part, whole, in_part]
    assert paused == [whole] * 4
    assert half_resumed == [in_part, not_at_all, not_at_all, not_at_all]
    assert await of_priorities() == [not_at_all] * 4


async def test_a_burst_is_done_once_each_by_several_workers(workshop: Workshop) -> None:
    done: Counter[str] = Counter()

    async def count(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        done[cause.title] += 1
        return await import_at_once(cause)

    names = {f"film {n}" for n in range(60)}
    async with (
        workshop.working(count, concurrency=2),
        workshop.working(count, concurrency=2),
        workshop.working(count, concurrency=2),
    ):
        await asyncio.gather(
            *(workshop.submit(name, list(Plan)[n % 3]) for n, name in enumerate(sorted(names)))
        )
        await workshop.hear(facts.VideoImported, len(names))
        await workshop.idle()

    assert done == dict.fromkeys(names, 1)
