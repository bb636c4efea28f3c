"""What was found lately is found once for all who ask."""

import asyncio

import pytest

from clipforge_gateway import lately
from clipforge_gateway.lately import Lately


class Found:
    """Finds how often it was asked, once it may."""

    def __init__(self) -> None:
        self.times = 0
        self.may = asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        self.times += 1
        await self.may.wait()
        if self.fails:
            raise OSError("away")
        return self.times


async def test_all_who_ask_meanwhile_and_soon_after_get_the_same() -> None:
    found = Found()
    one = Lately(found)

    asked = [asyncio.create_task(one.get()) for _ in range(30)]
    await asyncio.sleep(0)
    found.may.set()

    assert await asyncio.gather(*asked) == [1] * 30
    assert await one.get() == 1


async def test_what_is_old_is_found_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "GOOD_SECONDS", 0.0)
    found = Found()
    found.may.set()
    one = Lately(found)

    assert [await one.get(), await one.get()] == [1, 2]


async def test_a_failure_is_told_to_all_who_waited_and_not_remembered() -> None:
    found = Found()
    found.fails = True
    one = Lately(found)

    asked = [asyncio.create_task(one.get()) for _ in range(3)]
    await asyncio.sleep(0)
    found.may.set()
    told = await asyncio.gather(*asked, return_exceptions=True)
    found.fails = False

    assert [type(each) for each in told] == [OSError] * 3
    assert await one.get() == 2


async def test_whoever_goes_away_leaves_the_others_theirs() -> None:
    found = Found()
    one = Lately(found)

    first, second = (asyncio.create_task(one.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    found.may.set()

    assert await second == 1
