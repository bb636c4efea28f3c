"""One effect, whatever comes twice. On a real log."""

import asyncio
from collections import Counter

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Priority
from clipforge_runtime.bus import Contradicted
from clipforge_runtime.jetstream.declare import consumer_config
from workshop import QUICK, Gate, Workshop, import_at_once, submission

pytestmark = pytest.mark.integration


async def test_a_request_that_is_sent_ten_times_is_done_once(workshop: Workshop) -> None:
    done: Counter[str] = Counter()

    async def count(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        done[cause.title] += 1
        return await import_at_once(cause)

    async with workshop.working(count, concurrency=4), workshop.working(count, concurrency=4):
        stated = await asyncio.gather(
            *(
                workshop.gateway.state(
                    submission("film"), fact_id=ids.derive("evt", "film"), once=True
                )
                for _ in range(10)
            )
        )
        await workshop.hear(facts.VideoImported)
        await workshop.idle()

    assert sum(one.fresh for one in stated) == 1
    assert done == {"film": 1}


async def test_a_log_that_is_handed_over_anew_from_its_beginning_is_not_done_again(
    workshop: Workshop,
) -> None:
    done: Counter[str] = Counter()

    async def count(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        done[cause.title] += 1
        return await import_at_once(cause)

    names = {f"film {n}" for n in range(12)}
    for name in names:
        await workshop.submit(name)
    async with workshop.working(count, concurrency=3):
        await workshop.hear(facts.VideoImported, len(names))
        await workshop.idle()
    for durable in subjects.durables(IMPORT):
        await workshop.admin.api(f"CONSUMER.DELETE.{subjects.STREAM}.{durable}")
    # As after a restore: the queues begin at the beginning.
    await declare_from_the_beginning(workshop)

    async with workshop.working(count, concurrency=3):
        await workshop.idle()

    assert done == dict.fromkeys(names, 1)
    assert len(await workshop.log("facts.video-imported.>")) == len(names)


async def test_a_worker_that_wakes_up_beside_its_successor_changes_nothing(
    workshop: Workshop,
) -> None:
    await workshop.hurry(run_keys=1.5)
    frozen, successor = Gate(), Gate()
    await workshop.submit("film")
    async with workshop.connected("import") as bus, bus.pulls(QUICK) as pulls:
        # Fetched, begun and never heard of: no heartbeat, no run key.
        delivery = await pulls.next()
        zombie = asyncio.create_task(frozen(submission("film")))
        await frozen.began()
        async with workshop.working(successor, stage=QUICK):
            await successor.began()
            successor.open()
            [first] = await workshop.hear(facts.VideoImported)
            await workshop.idle()

            frozen.open()  # it wakes up, states its result and settles what it had
            result = await zombie
            with pytest.raises(Contradicted):
                await bus.state(result, fact_id=ids.new("evt"), once=True)
            await delivery.ack()
            await workshop.idle()

    [only] = await workshop.log("facts.video-imported.>")
    assert only.fact_id == first.fact_id
    assert only.headers["cf-crashes"] == "1"


async def declare_from_the_beginning(workshop: Workshop) -> None:
    """Queues of import that hear the log from its first message."""
    for priority in Priority:
        for lane in Lane:
            config = consumer_config(IMPORT, priority, lane, after=0)
            await workshop.admin.api(
                f"CONSUMER.CREATE.{subjects.STREAM}.{config['durable_name']}",
                {"stream_name": subjects.STREAM, "config": config, "action": "create"},
            )
