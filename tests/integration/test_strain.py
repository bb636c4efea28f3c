"""A retry changes something where the same would fail again, or is not made. On a real log."""

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import ce_type
from clipforge_contracts.pipeline import IMPORT
from clipforge_runtime.errors import Overloaded
from clipforge_runtime.strain import LIGHTEST, strain
from clipforge_runtime.worker import Handler
from workshop import QUICK, Gate, Workshop, eventually, import_at_once, submission

pytestmark = pytest.mark.integration


async def test_what_was_too_much_is_tried_with_less_until_it_is_done(workshop: Workshop) -> None:
    strains: list[int] = []

    async def bear_two(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        strains.append(strain())
        if strain() < 2:
            raise Overloaded("Too much for this machine.")
        return await import_at_once(cause)

    async with workshop.working(bear_two):
        await workshop.submit("film")
        await workshop.hear(facts.VideoImported)

    assert strains == [0, 1, 2]


async def test_where_the_lightest_is_too_much_no_further_attempt_is_made(
    workshop: Workshop,
) -> None:
    strains: list[int] = []

    async def bear_nothing(_: facts.ProjectSubmitted) -> None:
        strains.append(strain())
        raise Overloaded("Too much for any machine.")

    async with workshop.working(bear_nothing):
        await workshop.submit("film")  # a business plan, which has five attempts
        failure = await workshop.failure()

    assert strains == [0, 1, 2]
    assert (failure.attempts, failure.sentence) == (3, "Too much for any machine.")


async def test_an_error_of_the_world_is_no_strain(workshop: Workshop) -> None:
    strains: list[int] = []

    async def fail_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        strains.append(strain())
        if len(strains) == 1:
            raise ConnectionResetError
        return await import_at_once(cause)

    async with workshop.working(fail_once):
        await workshop.submit("film")
        await workshop.hear(facts.VideoImported)

    assert strains == [0, 0]


async def test_the_death_of_a_worker_is_a_strain(workshop: Workshop) -> None:
    await workshop.hurry()
    strains: list[int] = []

    async with workshop.connected("import") as dead, dead.pulls(QUICK) as pulls:
        await workshop.submit("film")
        await pulls.next()  # and is never heard of again
        async with workshop.working(noting(strains), stage=QUICK):
            await workshop.hear(facts.VideoImported)

    assert strains == [1]


def noting(strains: list[int]) -> Handler:
    """Imports at once, and notes the strain that it was asked to bear."""

    async def import_it(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        strains.append(strain())
        return await import_at_once(cause)

    return import_it


async def crashed(workshop: Workshop, crashes: int) -> None:
    """A film of which so many workers have died, to be tried again."""
    cause = submission("film")
    async with workshop.connected("import") as bus:
        await bus.again(
            subjects.retry(subjects.fact_subject(cause), IMPORT, IMPORT.job(cause)),
            cause.SerializeToString(),
            message_id="crashed",
            headers={
                "ce-type": ce_type(cause),
                "ce-id": ids.derive("evt", "film"),
                "cf-attempt": "0",
                "cf-crashes": str(crashes),
            },
        )


async def test_deaths_of_workers_are_borne_beyond_the_lightest_settings(workshop: Workshop) -> None:
    strains: list[int] = []

    await crashed(workshop, 5)  # as nodes may have gone five times
    async with workshop.working(noting(strains)):
        await workshop.hear(facts.VideoImported)

    assert strains == [5]


async def test_what_is_too_much_after_deaths_of_workers_is_not_tried_again(
    workshop: Workshop,
) -> None:
    strains: list[int] = []

    async def bear_nothing(_: facts.ProjectSubmitted) -> None:
        strains.append(strain())
        raise Overloaded("Too much for any machine.")

    await crashed(workshop, LIGHTEST)
    async with workshop.working(bear_nothing):
        failure = await workshop.failure()

    assert strains == [2]
    assert (failure.attempts, failure.crashes) == (1, 2)


async def test_a_stall_is_a_strain(workshop: Workshop) -> None:
    strains: list[int] = []
    gate = Gate()

    async def stall_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        strains.append(strain())
        return await (import_at_once(cause) if strain() else gate(cause))

    async with workshop.working(stall_once, stage=QUICK):
        await workshop.submit("film")
        await workshop.hear(facts.VideoImported)

        async def released() -> bool:
            return gate.cancelled == 1

        await eventually(released)

    assert strains == [0, 1]
