"""How much longer: from what past jobs took, and nothing where too few have gone before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from clipforge_catalog.database import Sessions
from clipforge_catalog.queries.figures import Pace
from clipforge_gateway.pace import ENOUGH, Paces, estimate


def test_a_longer_film_takes_longer() -> None:
    pace = Pace(jobs=10, per_media=0.5, seconds=100)

    assert estimate(pace, 60_000) == 30
    assert estimate(pace, 600_000) == 300


def test_of_a_film_of_unknown_length_the_median_is_expected() -> None:
    assert estimate(Pace(jobs=10, per_media=0.5, seconds=100), 0) == 100
    assert estimate(Pace(jobs=10, per_media=None, seconds=100), 60_000) == 100


def test_too_few_jobs_say_nothing() -> None:
    assert estimate(Pace(jobs=ENOUGH - 1, per_media=0.5, seconds=100), 60_000) is None
    assert estimate(Pace(jobs=0, per_media=None, seconds=None), 60_000) is None


@asynccontextmanager
async def no_session() -> AsyncIterator[None]:
    yield


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stages that the tables were asked for."""
    found: list[str] = []
    per_media = {"import": 0.1, "transcription": 0.5, "clip-detection": 0.01}

    async def pace(_: Any, stage: str) -> Pace:
        found.append(stage)
        return Pace(5, per_media.get(stage), 7.0)

    monkeypatch.setattr("clipforge_gateway.pace.figures.pace", pace)
    return found


async def test_a_project_needs_what_its_stage_and_the_later_ones_need(asked: list[str]) -> None:
    paces = Paces(cast(Sessions, no_session))

    assert await paces.project_left("import", 50, 100_000) == 5 + 50 + 1
    assert await paces.project_left("transcription", 0, 100_000) == 50 + 1
    assert await paces.project_left("clip-detection", 100, 100_000) == 0
    assert await paces.job_left("export", 50, 0) == 4


async def test_what_is_learned_is_kept_for_a_while(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("clipforge_gateway.pace.time.monotonic", lambda: now[0])
    paces = Paces(cast(Sessions, no_session))

    for _ in range(3):
        await paces.job_left("import", 0, 1000)
    now[0] += 61
    await paces.job_left("import", 0, 1000)

    assert asked == ["import", "import"]
