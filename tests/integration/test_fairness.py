"""How many jobs start before somebody's, with several workers of several slots. On a real log."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import encode
from clipforge_contracts.lanes import Lane, lane_of
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Priority
from clipforge_runtime.jetstream.publishing import envelope
from workshop import PATIENCE, Workshop, eventually, import_at_once, submission

pytestmark = pytest.mark.integration

WORKERS, SLOTS = 2, 2
AT_ONCE = WORKERS * SLOTS
ROUND = {Priority.CRITICAL: 16, Priority.HIGH: 8, Priority.NORMAL: 4, Priority.LOW: 1}


class Turnstile:
    """Handlers that record who starts, and end one at a time, when they are let through."""

    def __init__(self) -> None:
        self.started: list[facts.ProjectSubmitted] = []
        self._tickets = asyncio.Semaphore(0)

    async def __call__(self, cause: facts.ProjectSubmitted) -> facts.VideoImported:
        self.started.append(cause)
        await self._tickets.acquire()
        return await import_at_once(cause)

    def let_through(self, count: int = 1) -> None:
        for _ in range(count):
            self._tickets.release()

    async def starts(self, count: int) -> None:
        """Wait until so many have started, ever."""

        async def so_many() -> bool:
            return len(self.started) >= count

        await eventually(so_many, within=3 * PATIENCE)

    async def until(self, over: Callable[[], bool]) -> None:
        """Let one after the other through, as slots are filled again, until that is so."""
        while not over():
            before = len(self.started)
            self.let_through()
            await self.starts(before + 1)


@asynccontextmanager
async def crowd(workshop: Workshop, turnstile: Turnstile) -> AsyncIterator[None]:
    """Several workers of several slots, whose jobs wait at the turnstile."""
    async with AsyncExitStack() as stack:
        for _ in range(WORKERS):
            await stack.enter_async_context(workshop.working(turnstile, concurrency=SLOTS))
        yield
        turnstile.let_through(10_000)


async def submit(workshop: Workshop, tenant: str, count: int) -> None:
    """A tenant's films, each in the lane in which the gateway would put it."""
    for first in range(0, count, 100):
        await asyncio.gather(
            *(
                workshop.gateway.state(
                    _of(tenant, n), fact_id=ids.derive("evt", tenant, n), lane=lane_of(n)
                )
                for n in range(first, min(first + 100, count))
            )
        )


def _of(tenant: str, n: int) -> facts.ProjectSubmitted:
    fact = submission(f"{tenant} {n}")
    fact.project.tenant_id = tenant
    return fact


@pytest.mark.parametrize("others", [1, 4])
async def test_a_single_job_waits_two_job_lengths_a_tenant_at_most_beside_anothers_thousand(
    workshop: Workshop, others: int
) -> None:
    busy, *light = (ids.new("ten") for _ in range(1 + others))
    turnstile = Turnstile()
    await submit(workshop, busy, 1000)
    async with crowd(workshop, turnstile):
        await turnstile.starts(AT_ONCE)
        await turnstile.until(lambda: len(turnstile.started) >= 10 * AT_ONCE)
        before = len(turnstile.started)
        await asyncio.gather(*(submit(workshop, tenant, 1) for tenant in light))

        def all_started() -> bool:
            return set(light) <= {cause.project.tenant_id for cause in turnstile.started[before:]}

        await turnstile.until(all_started)
        meanwhile = [cause.project.tenant_id for cause in turnstile.started[before:]]
        waiting = await workshop.counts()

    # In one job length each slot starts one job.
    assert len(meanwhile) - len(light) <= 2 * (1 + others) * AT_ONCE
    assert waiting.waiting > 800  # the thousand did wait all the time


async def test_while_all_priorities_wait_several_workers_start_them_by_weight(
    workshop: Workshop,
) -> None:
    turnstile = Turnstile()
    rounds = 4
    async with workshop.connected("import") as bus:
        for priority, share in ROUND.items():
            for n in range(share * (rounds + 2)):
                film = submission(f"{priority} {n}")
                due = subjects.retry(subjects.fact_subject(film), IMPORT, IMPORT.job(film))
                await bus.again(
                    replace(due, priority=priority, lane=Lane.L0),
                    encode(film),
                    message_id=film.title,
                    headers=envelope(film, ids.derive("evt", film.title), "gateway"),
                )
    async with crowd(workshop, turnstile):
        await turnstile.starts(AT_ONCE)
        count = rounds * sum(ROUND.values())
        await turnstile.until(lambda: len(turnstile.started) >= count)
        started = Counter(cause.title.split()[0] for cause in turnstile.started[:count])

    # Each worker takes its own turns, and may be in the midst of a round.
    for priority, share in ROUND.items():
        assert abs(started[priority] - rounds * share) <= WORKERS, started
