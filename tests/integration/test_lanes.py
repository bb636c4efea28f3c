"""Tenants share a priority, whoever of them has submitted how much. On a real log."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import CLIP_DETECTION, IMPORT, TRANSCRIPTION
from clipforge_contracts.plans import Plan, Priority
from clipforge_runtime.bus import Delivery
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.connection import Connection
from clipforge_runtime.jetstream.declare import declare
from samples import TENANT, every_fact, imported
from workshop import Workshop, import_at_once, submission

pytestmark = pytest.mark.integration

BUSY, LIGHT = ids.new("ten"), ids.new("ten")


async def wait_in_line(
    bus: JetStream, lane: Lane, count: int, *, tenant: str, priority: Priority = Priority.NORMAL
) -> None:
    """Have a tenant's deliveries wait in a lane."""
    due = replace(
        subjects.retry(subjects.fact_subject(submission("film")), IMPORT, "job_1"),
        priority=priority,
        lane=lane,
        tenant=tenant,
    )
    await asyncio.gather(
        *(bus.again(due, b"", message_id=f"{tenant}-{lane}-{n}", headers={}) for n in range(count))
    )


async def served(bus: JetStream, count: int) -> list[Delivery]:
    """The next deliveries, settled."""
    found: list[Delivery] = []
    async with bus.pulls(IMPORT) as pulls:
        for _ in range(count):
            delivery = await asyncio.wait_for(pulls.next(), 20)
            await delivery.ack()
            found.append(delivery)
    return found


def tenants(deliveries: list[Delivery]) -> list[str]:
    return [subjects.parse(delivery.subject).tenant for delivery in deliveries]


def chunk(n: int, *, of: int) -> facts.ChunkCut:
    """One part of a long film."""
    sample = next(fact for fact in every_fact() if isinstance(fact, facts.ChunkCut))
    spans = [
        documents.AudioSpan(start_ms=90_000 * span, end_ms=90_000 * (span + 1))
        for span in range(of)
    ]
    del sample.plan.spans[:]
    sample.plan.spans.extend(spans)
    sample.n = n
    return sample


async def test_a_single_job_starts_second_beside_another_tenants_thousand(
    workshop: Workshop,
) -> None:
    async with workshop.connected("import") as bus:
        await wait_in_line(bus, Lane.L3, 1000, tenant=BUSY)
        await served(bus, 10)
        await wait_in_line(bus, Lane.L0, 1, tenant=LIGHT)

        next_two = tenants(await served(bus, 2))

    assert LIGHT in next_two


async def test_each_of_several_light_tenants_starts_within_two_jobs_a_tenant(
    workshop: Workshop,
) -> None:
    others = [ids.new("ten") for _ in range(6)]
    async with workshop.connected("import") as bus:
        await wait_in_line(bus, Lane.L3, 300, tenant=BUSY)
        await served(bus, 10)
        for tenant in others:
            await wait_in_line(bus, Lane.L0, 1, tenant=tenant)

        first = tenants(await served(bus, 2 * (len(others) + 1)))

    assert set(others) <= set(first)


async def test_the_lanes_of_a_priority_are_served_by_weight_and_none_starves(
    workshop: Workshop,
) -> None:
    async with workshop.connected("import") as bus:
        for lane in Lane:
            await wait_in_line(bus, lane, 16, tenant=TENANT)

        rounds = [await served(bus, 15) for _ in range(2)]

    for one in rounds:
        lanes = Counter(subjects.parse(delivery.subject).lane for delivery in one)
        assert lanes == {Lane.L0: 8, Lane.L1: 4, Lane.L2: 2, Lane.L3: 1}


async def test_a_full_lane_of_a_low_priority_takes_no_turn_of_a_higher_one(
    workshop: Workshop,
) -> None:
    async with workshop.connected("import") as bus:
        for lane in Lane:
            await wait_in_line(bus, lane, 30, tenant=BUSY, priority=Priority.LOW)
        await wait_in_line(bus, Lane.L3, 40, tenant=LIGHT, priority=Priority.CRITICAL)

        shares = Counter(tenants(await served(bus, 34)))

    assert shares == {LIGHT: 32, BUSY: 2}


async def test_later_hops_stay_in_the_lane(workshop: Workshop) -> None:
    async with workshop.working(import_at_once):
        await workshop.gateway.state(
            submission("film"), fact_id=ids.new("evt"), lane=Lane.L2, once=True
        )
        [entry] = await workshop.hear(facts.VideoImported)

    assert subjects.parse(entry.subject).lane == Lane.L2


async def test_retries_stay_in_the_lane(workshop: Workshop) -> None:
    tried = 0

    async def fail_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise ConnectionResetError
        return await import_at_once(cause)

    async with workshop.working(fail_once):
        await workshop.gateway.state(
            submission("film"), fact_id=ids.new("evt"), lane=Lane.L3, once=True
        )
        await workshop.hear(facts.VideoImported)
        [again] = await workshop.log("retries.>")

    assert subjects.parse(again.subject).lane == Lane.L3


async def test_the_parts_of_a_long_film_do_not_fill_the_lane_of_short_ones(
    workshop: Workshop,
) -> None:
    async def cut(cause: facts.VideoImported | facts.ChunkCut) -> list[facts.ChunkCut] | None:
        if isinstance(cause, facts.ChunkCut):
            return None
        return [chunk(n, of=20) for n in range(20)]

    async with workshop.working(cut, stage=TRANSCRIPTION):
        async with workshop.connected("import") as bus:
            await bus.state(imported(), fact_id=ids.new("evt"), once=True)
        entries = await workshop.hear(facts.ChunkCut, 20)

    lanes = Counter(subjects.parse(entry.subject).lane for entry in entries)
    assert lanes == {Lane.L0: 2, Lane.L1: 6, Lane.L2: 12}


async def test_an_upgrade_from_one_lane_loses_nothing(workshop: Workshop) -> None:
    for stage in (IMPORT, TRANSCRIPTION, CLIP_DETECTION):
        for priority in Priority:
            for lane in (Lane.L1, Lane.L2, Lane.L3):  # the layout before there were lanes
                durable = subjects.durable(stage, priority, lane)
                await workshop.admin.api(f"CONSUMER.DELETE.{subjects.STREAM}.{durable}")
    names = [f"film {n}" for n in range(9)]
    for n, name in enumerate(names[:6]):
        await workshop.submit(name, list(Plan)[n % 3])
    async with workshop.connected("import") as bus:  # one is settled, one is running
        pulls = bus.pulls(IMPORT)
        async with pulls:
            await (await pulls.next()).ack()
            held = await pulls.next()

            await declare(workshop.admin, workshop.settings)
            for name in names[6:]:
                await workshop.gateway.state(
                    submission(name), fact_id=ids.derive("evt", name), lane=Lane.L2, once=True
                )
            rest = [await asyncio.wait_for(pulls.next(), 20) for _ in range(7)]
            for delivery in (held, *rest):
                await delivery.ack()

    sequences = [held.sequence, *(delivery.sequence for delivery in rest)]
    assert len(set(sequences)) == 8
    await workshop.idle()


async def test_a_fetch_asks_once_however_many_consumers_are_empty(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    publish = Connection.publish

    async def counted(connection: Connection, subject: str, *args: Any, **kwargs: Any) -> None:
        asked[subject.removeprefix("$JS.API.CONSUMER.MSG.NEXT.CLIPFORGE.")] += 1
        await publish(connection, subject, *args, **kwargs)

    count = 100
    async with workshop.connected("import") as bus:
        await wait_in_line(bus, Lane.L2, count, tenant=TENANT, priority=Priority.LOW)
        monkeypatch.setattr(Connection, "publish", counted)
        await served(bus, count)

    empty = set(subjects.durables(IMPORT)) - {"import-low-l2"}
    # The first time each is asked, and a poll is left open; then the one that has something.
    assert asked["import-low-l2"] == count
    assert {name: asked[name] for name in empty} == dict.fromkeys(empty, 2)
