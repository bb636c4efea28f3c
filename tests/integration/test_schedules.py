"""Counting what waits for its time: exact while they are few, else a small part of the work."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from clipforge_contracts import subjects
from clipforge_contracts.pipeline import EXPORT, IMPORT
from clipforge_contracts.plans import Priority
from clipforge_runtime.jetstream.connection import Connection
from clipforge_runtime.jetstream.schedules import FEW, Schedules
from workshop import Workshop, eventually, submission

pytestmark = pytest.mark.integration

AT_ONCE = 50  # publishes under way


async def wait_for_their_time(workshop: Workshop, numbers: range) -> None:
    """Messages under the subjects of schedules; every third is deferred, every second critical."""
    due = subjects.retry(subjects.fact_subject(submission("film")), IMPORT, "job")
    free = asyncio.Semaphore(AT_ONCE)
    async with workshop.connected(IMPORT.name) as worker:

        async def publish(n: int) -> None:
            own = replace(due, priority=Priority.CRITICAL if n % 2 else Priority.LOW)
            async with free:
                await worker.connection.request(
                    subjects.schedule(own, n, deferred=n % 3 == 0), b"{}"
                )

        await asyncio.gather(*(publish(n) for n in numbers))


class Listings:
    """A connection that counts how often a list of subjects is asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.count = 0

    async def api(self, what: str, body: Any = None) -> dict[str, Any]:
        self.count += 1
        return await self._connection.api(what, body)


async def test_few_are_counted_anew_whenever_somebody_asks(workshop: Workshop) -> None:
    schedules = Schedules(workshop.gateway.connection)

    for count in (6, 12):
        await wait_for_their_time(workshop, range(count - 6, count))

        found = await schedules.count(IMPORT)
        assert (found.delayed.total(), found.deferred.total()) == (count * 2 // 3, count // 3)
        assert found.delayed[Priority.CRITICAL] == found.delayed[Priority.LOW] == count // 3
        assert found.deferred[Priority.CRITICAL] == found.deferred[Priority.LOW] == count // 6
    assert (await schedules.count(EXPORT)).delayed.total() == 0


async def test_many_are_not_counted_for_each_who_asks_and_yet_again_and_again(
    workshop: Workshop,
) -> None:
    listings: Any = Listings(workshop.gateway.connection)
    schedules = Schedules(listings)
    await wait_for_their_time(workshop, range(FEW + 2))

    asked = [await schedules.count(IMPORT) for _ in range(5)]
    together = await asyncio.gather(*(schedules.count(IMPORT) for _ in range(20)))

    assert {found.delayed.total() + found.deferred.total() for found in asked + together} == {
        FEW + 2
    }
    assert listings.count < 10

    await wait_for_their_time(workshop, range(FEW + 2, FEW + 4))

    async def seen() -> bool:
        found = await schedules.count(IMPORT)
        return found.delayed.total() + found.deferred.total() == FEW + 4

    await eventually(seen)
