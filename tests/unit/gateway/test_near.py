"""What is near: bounded in bytes and age, read once for all who ask, never of a former version."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import REGISTRY

from clipforge_gateway.near import Near, Read

FILM = ("ten_1", "prj_1")


def near(kind: str = "test", *, most_bytes: int = 1000, seconds: float = 60) -> Near:
    return Near(kind, most_bytes=most_bytes, seconds=seconds)


class Reader:
    """Reads, and says how often."""

    def __init__(self, value: str = "value", *, weight: int = 1, keep: bool = True) -> None:
        self._read = Read(value, weight, keep)
        self.times = 0

    async def __call__(self) -> Read[str]:
        self.times += 1
        await asyncio.sleep(0)
        return self._read


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"clipforge_near_{name}", labels) or 0.0


async def test_what_is_near_is_not_read_again() -> None:
    place, read = near("again"), Reader()

    found = [await place.get(FILM, "row", 1, read) for _ in range(3)]

    assert (found, read.times) == (["value"] * 3, 1)
    assert counted("reads_total", kind="again", outcome="miss") == 1
    assert counted("reads_total", kind="again", outcome="hit") == 2


async def test_a_former_version_is_not_given() -> None:
    place = near()
    await place.get(FILM, "row", 1, Reader("old"))

    newer = await place.get(FILM, "row", 2, Reader("new"))
    again = await place.get(FILM, "row", 2, Reader("never read"))

    assert (newer, again) == ("new", "new")


@pytest.mark.parametrize(
    ("owner", "what"), [(("ten_2", "prj_1"), "row"), (("ten_1", "prj_2"), "row"), (FILM, "more")]
)
async def test_nobody_is_given_what_is_of_others(owner: tuple[str, str], what: str) -> None:
    place = near()
    await place.get(FILM, "row", 1, Reader("mine"))

    theirs = await place.get(owner, what, 1, Reader("theirs"))

    assert theirs == "theirs"


async def test_those_who_ask_at_once_are_answered_by_one_reading() -> None:
    place, read = near(), Reader()

    found = await asyncio.gather(*(place.get(FILM, "row", 1, read) for _ in range(100)))

    assert (set(found), read.times) == ({"value"}, 1)


async def test_who_asks_for_a_newer_version_does_not_join_the_reading_of_a_former_one() -> None:
    place = near()

    found = await asyncio.gather(
        place.get(FILM, "row", 1, Reader("old")), place.get(FILM, "row", 2, Reader("new"))
    )

    assert [*found] == ["old", "new"]


async def test_who_goes_away_does_not_end_what_others_wait_for() -> None:
    place, read = near(), Reader()
    first = asyncio.create_task(place.get(FILM, "row", 1, read))
    second = asyncio.create_task(place.get(FILM, "row", 1, read))
    await asyncio.sleep(0)

    first.cancel()

    assert await second == "value"
    assert read.times == 1


async def test_an_error_is_told_to_all_who_wait_and_not_kept() -> None:
    place = near()

    async def fail() -> Read[str]:
        await asyncio.sleep(0)
        raise ConnectionResetError

    told = await asyncio.gather(
        *(place.get(FILM, "row", 1, fail) for _ in range(3)), return_exceptions=True
    )
    after = await place.get(FILM, "row", 1, Reader("back"))

    assert [type(error) for error in told] == [ConnectionResetError] * 3
    assert after == "back"


async def test_a_former_version_is_better_than_none_where_it_is_said_so() -> None:
    place = near("older")
    await place.get(FILM, "row", 1, Reader("old"))

    async def fail() -> Read[str]:
        raise ConnectionResetError

    found = await place.get(FILM, "row", 2, fail, or_older=(ConnectionResetError,))
    with pytest.raises(ConnectionResetError):
        await place.get(FILM, "row", 2, fail)
    with pytest.raises(ConnectionResetError):
        await place.get(FILM, "more", 2, fail, or_older=(ConnectionResetError,))

    assert found == "old"
    assert counted("reads_total", kind="older", outcome="older") == 1


@pytest.mark.parametrize(
    ("version", "read"), [(None, Reader()), (1, Reader(keep=False)), (1, Reader(weight=1001))]
)
async def test_what_may_be_old_or_is_too_large_is_not_kept(
    version: int | None, read: Reader
) -> None:
    place = near()

    for _ in range(2):
        assert await place.get(FILM, "row", version, read) == "value"

    assert (read.times, len(place)) == (2, 0)


async def test_what_was_used_least_lately_makes_room() -> None:
    place, read = near("room"), Reader(weight=400)
    await place.get(("ten_1", "prj_1"), "row", 1, read)
    await place.get(("ten_1", "prj_2"), "row", 1, read)
    await place.get(("ten_1", "prj_1"), "row", 1, read)

    await place.get(("ten_1", "prj_3"), "row", 1, read)
    before = read.times
    await place.get(("ten_1", "prj_1"), "row", 1, read)
    await place.get(("ten_1", "prj_2"), "row", 1, read)

    assert (before, read.times) == (3, 4)
    assert counted("bytes", kind="room") == 800
    assert counted("evicted_total", kind="room", why="room") == 2


async def test_what_is_too_old_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    place, read = near("age", seconds=0.0), Reader()

    for _ in range(3):
        await place.get(FILM, "row", 1, read)

    assert read.times == 3
    assert counted("evicted_total", kind="age", why="age") >= 1


@pytest.mark.parametrize(
    "forget", [lambda place: place.forget(FILM), Near.forget_all], ids=["news", "a gap"]
)
async def test_news_of_it_and_a_gap_in_the_log_make_it_go(
    forget: Callable[[Near], Awaitable[None]],
) -> None:
    place, read = near(), Reader()
    for what in ("row", "more"):
        await place.get(FILM, what, 1, read)

    forget(place)

    assert len(place) == 0
    await place.get(FILM, "row", 1, read)
    assert read.times == 3
