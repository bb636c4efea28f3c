"""Jobs of one group: one is at work at a time, and what it does along is not done again."""

import asyncio

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact
from clipforge_contracts.pipeline import EXPORT
from samples import every_fact
from workshop import PATIENCE, Workshop, eventually

pytestmark = pytest.mark.integration


def wish(name: str) -> facts.ExportRequested:
    """One of two exports of a group."""
    [sample] = [fact for fact in every_fact() if isinstance(fact, facts.ExportRequested)]
    made = facts.ExportRequested.FromString(sample.SerializeToString())
    made.export_id, made.group_id = ids.derive("exp", name), ids.derive("bat", "group")
    return made


def exported(export_id: str) -> facts.ClipExported:
    [sample] = [fact for fact in every_fact() if isinstance(fact, facts.ClipExported)]
    made = facts.ClipExported.FromString(sample.SerializeToString())
    made.export_id = export_id
    return made


class Renderer:
    """Does all that it is asked to do along, once it may."""

    def __init__(self, *along: str, fails: bool = False) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.may_end = asyncio.Event()
        self._along = along
        self._fails = fails

    async def __call__(self, cause: facts.ExportRequested) -> list[Fact]:
        self.begun.put_nowait(cause.export_id)
        await self.may_end.wait()
        if self._fails:
            self._fails = False
            raise ConnectionError("the store is away")
        others = [name for name in self._along if name != cause.export_id]
        return [exported(name) for name in (*others, cause.export_id)]


async def test_what_one_does_along_is_not_begun_by_another(workshop: Workshop) -> None:
    one, two = wish("one"), wish("two")
    renderer = Renderer(one.export_id, two.export_id)
    for fact in (one, two):
        await workshop.gateway.state(fact, fact_id=ids.derive("evt", fact.export_id), once=True)

    async with workshop.working(renderer, stage=EXPORT, concurrency=2):
        first = await asyncio.wait_for(renderer.begun.get(), PATIENCE)

        async def the_other_waits_outside() -> bool:
            return (await workshop.counts(EXPORT)).deferred == 1

        await eventually(the_other_waits_outside)
        assert renderer.begun.empty()
        renderer.may_end.set()
        await workshop.hear(facts.ClipExported, 2)
        await workshop.idle(EXPORT)

    assert renderer.begun.empty()
    assert first in (one.export_id, two.export_id)
    stated = [entry.fact for entry in await workshop.log() if entry.fact is not None]
    results = [fact for fact in stated if isinstance(fact, facts.ClipExported)]
    assert {fact.export_id for fact in results} == {one.export_id, two.export_id}
    assert len(results) == 2


async def test_where_one_is_cancelled_the_other_goes_on(workshop: Workshop) -> None:
    one, two = wish("one"), wish("two")
    renderer = Renderer()
    for fact in (one, two):
        await workshop.gateway.state(fact, fact_id=ids.derive("evt", fact.export_id), once=True)

    async with workshop.working(renderer, stage=EXPORT, concurrency=2):
        first = await asyncio.wait_for(renderer.begun.get(), PATIENCE)
        cancelled = facts.ExportCancelled(project=one.project, export_id=first)
        await workshop.gateway.state(cancelled, fact_id=ids.derive("evt", first, "cancelled"))
        second = await asyncio.wait_for(renderer.begun.get(), PATIENCE)
        renderer.may_end.set()
        [done] = await workshop.hear(facts.ClipExported)
        await workshop.idle(EXPORT)

    assert {first, second} == {one.export_id, two.export_id}
    assert isinstance(done.fact, facts.ClipExported)
    assert done.fact.export_id == second


async def test_where_one_is_to_be_tried_again_the_other_does_not_wait_for_that(
    workshop: Workshop,
) -> None:
    one, two = wish("one"), wish("two")
    renderer = Renderer(fails=True)
    renderer.may_end.set()
    for fact in (one, two):
        await workshop.gateway.state(fact, fact_id=ids.derive("evt", fact.export_id), once=True)

    async with workshop.working(renderer, stage=EXPORT, concurrency=2):
        done = await workshop.hear(facts.ClipExported, 2)
        await workshop.idle(EXPORT)

    found = {entry.fact.export_id for entry in done if isinstance(entry.fact, facts.ClipExported)}
    assert found == {one.export_id, two.export_id}
