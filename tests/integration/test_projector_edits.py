"""What people have edited stays, in whatever order and however often facts are told."""

import random

import pytest

from clipforge.v1.facts_pb2 import ClipEdited, ClipsDetected, ProjectEdited, VideoImported
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Clip, Project
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact
from clipforge_projector import projector
from clipforge_runtime.testing import MemoryBus
from samples import CLIP, PROJECT, every_fact

pytestmark = pytest.mark.integration

LIFE = [
    fact
    for fact in every_fact()
    if fact.DESCRIPTOR.name in ("ProjectSubmitted", "VideoImported", "VideoTranscribed")
]
[DETECTED] = [fact for fact in every_fact() if isinstance(fact, ClipsDetected)]


def edit(version: int, *, deleted: bool = False) -> ClipEdited:
    fact = ClipEdited(
        project=DETECTED.project, clip=DETECTED.clips[0], version=version, deleted=deleted
    )
    fact.clip.title = f"Title {version}"
    fact.clip.end_ms += version
    return fact


async def rows_after(sessions: Sessions, facts: list[Fact]) -> Clip:
    """The clip after these facts."""
    bus = MemoryBus()
    for fact in facts:
        await bus.state(fact, fact_id=ids.new("evt"))
    await projector.rebuild(sessions, bus, batch=3, from_nothing=True)
    async with sessions() as session:
        found = await session.get(Clip, CLIP)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(12))
async def test_the_newest_edit_stays_whatever_is_told_again(sessions: Sessions, seed: int) -> None:
    dice = random.Random(seed)
    newest = dice.randint(1, 5)
    told: list[Fact] = [edit(version) for version in range(1, newest + 1)]
    for _ in range(dice.randint(1, 6)):  # what a restored log or a replay says once more
        again: Fact = DETECTED if dice.random() < 0.5 else edit(dice.randint(1, newest))
        told.insert(dice.randint(0, len(told)), again)

    clip = await rows_after(sessions, [*LIFE, DETECTED, *told])

    assert (clip.title, clip.version) == (f"Title {newest}", newest)
    assert clip.end_ms == DETECTED.clips[0].end_ms + newest
    assert clip.rank == 0
    assert clip.deleted_at is None


async def test_a_deleted_clip_stays_deleted_when_it_is_found_again(sessions: Sessions) -> None:
    clip = await rows_after(
        sessions, [*LIFE, DETECTED, edit(1), edit(2, deleted=True), DETECTED, edit(1)]
    )

    assert clip.deleted_at is not None


async def test_an_edit_makes_the_clip_where_no_detection_has(sessions: Sessions) -> None:
    clip = await rows_after(sessions, [*LIFE, edit(1), DETECTED])

    assert (clip.title, clip.version, clip.rank) == ("Title 1", 1, 0)


@pytest.mark.parametrize("seed", range(4))
async def test_the_newest_title_stays_whatever_is_told_again(sessions: Sessions, seed: int) -> None:
    dice = random.Random(seed)
    newest = dice.randint(1, 4)
    told: list[Fact] = [renamed(version) for version in range(1, newest + 1)]
    [imported] = [fact for fact in LIFE if isinstance(fact, VideoImported)]
    for _ in range(dice.randint(1, 6)):
        again: Fact = imported if dice.random() < 0.5 else renamed(dice.randint(1, newest))
        told.insert(dice.randint(0, len(told)), again)

    await rows_after(sessions, [*LIFE, DETECTED, *told])

    async with sessions() as session:
        row = await session.get(Project, PROJECT)
    assert row is not None
    assert (row.title, row.version) == (f"Title {newest}", newest)


def renamed(version: int) -> ProjectEdited:
    [sample] = [fact for fact in every_fact() if isinstance(fact, ProjectEdited)]
    sample.version, sample.title = version, f"Title {version}"
    return sample
