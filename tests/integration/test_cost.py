"""What a delivery costs: the requests that it makes of a real log."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import IMPORT
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.connection import Connection
from clipforge_runtime.jetstream.pulling import Pulls
from workshop import Gate, Workshop, import_at_once

pytestmark = pytest.mark.integration


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Requests by their first tokens, from now on."""
    found: Counter[str] = Counter()
    request = Connection.request

    async def counted(connection: Connection, subject: str, *args: Any, **kwargs: Any) -> Message:
        found[".".join(subject.split(".")[: 5 if subject.startswith("$JS.API") else 2])] += 1
        return await request(connection, subject, *args, **kwargs)

    monkeypatch.setattr(Connection, "request", counted)
    return found


async def test_an_ordinary_job_asks_for_nothing_but_to_state_its_outcome(
    workshop: Workshop, asked: Counter[str]
) -> None:
    async with workshop.working(import_at_once):
        await workshop.polled()
        asked.clear()
        await workshop.submit("film")
        await workshop.hear(facts.VideoImported)
        looks = asked["$JS.API.STREAM.MSG.GET"]
        await workshop.idle()

    assert (asked["facts.video-imported"], asked["$JS.ACK"]) == (1, 0)
    assert looks == 0


async def test_a_job_of_before_the_worker_began_costs_one_look(
    workshop: Workshop, asked: Counter[str]
) -> None:
    for n in range(5):
        await workshop.submit(f"film {n}")
    asked.clear()
    async with workshop.working(import_at_once):
        await workshop.hear(facts.VideoImported, 5)
        looks = asked["$JS.API.STREAM.MSG.GET"]

    assert looks == 5


async def test_a_cancel_that_was_heard_is_looked_up_when_the_turn_comes(
    workshop: Workshop,
) -> None:
    gate = Gate()
    async with workshop.working(gate):
        await workshop.submit("first")
        await gate.began()
        second = await workshop.submit("second")
        await workshop.gateway.state(
            facts.ProjectCancelled(project=second.project), fact_id=ids.new("evt"), once=True
        )
        third = await workshop.submit("third")
        gate.open()
        done = await workshop.hear(facts.VideoImported, 2)
        await workshop.idle()

    projects = {entry.subject.split(".")[-2] for entry in done}
    assert second.project.project_id not in projects
    assert third.project.project_id in projects
    assert gate.calls == 2


async def test_slots_that_are_free_together_ask_together(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten slots, and twelve jobs: each job once, and those without one hear that there is none."""
    asked: list[int] = []
    publish = Connection.publish

    async def counted(connection: Connection, subject: str, body: bytes = b"", **more: Any) -> None:
        if ".CONSUMER.MSG.NEXT." in subject and json.loads(body).get("no_wait"):
            asked.append(json.loads(body)["batch"])
        await publish(connection, subject, body, **more)

    monkeypatch.setattr(Connection, "publish", counted)
    for n in range(12):
        await workshop.submit(f"film {n}")
    found: list[int] = []

    async def slot(pulls: Pulls) -> None:
        while True:
            delivery = await pulls.next()
            found.append(delivery.sequence)
            await delivery.ack()

    async with workshop.connected("import") as bus, bus.pulls(IMPORT) as pulls:
        slots = [asyncio.create_task(slot(pulls)) for _ in range(10)]
        await workshop.idle()
        await workshop.polled()  # all ten wait for news
        for each in slots:
            each.cancel()
        await asyncio.gather(*slots, return_exceptions=True)

    assert sorted(found) == list(range(1, 13))
    assert len(asked) < sum(asked)
