"""How often a tenant may ask, and what one process does while it has too much in hand."""

import asyncio
from collections import Counter
from typing import cast

import pytest

from clipforge_contracts.plans import Plan
from clipforge_gateway import rates
from clipforge_gateway.auth import Caller
from clipforge_gateway.depth import Depth
from clipforge_gateway.load import PROBES, Load
from clipforge_gateway.rates import Rates
from clipforge_gateway.settings import Settings
from clipforge_runtime.bus import Shared, Unavailable

FREE = Caller("ten_free", Plan.FREE, "user")


class Counters:
    """Counters in memory; each increment takes a turn of the loop."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.asked = 0
        self.away = False

    async def add(self, counter: str, many: int) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("nobody answers")
        self.totals[counter] += many
        return self.totals[counter]


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still, at the beginning of a window."""
    moment = [1_000_000.0]
    monkeypatch.setattr("clipforge_gateway.rates.time.time", lambda: moment[0])
    return moment


def replica(counters: Counters, **changes: int) -> Rates:
    settings = Settings.model_construct(rate_free=600, rate_pro=0, rate_business=0)
    return Rates(cast(Shared, counters), settings.model_copy(update=changes))


async def allowed(rate: Rates, times: int, kind: rates.Kind = "read") -> int:
    """How many of so many requests at once may go on."""
    every = await asyncio.gather(*(rate.count(FREE, kind) for _ in range(times)))
    return sum(one is not None and one.allowed for one in every)


async def test_replicas_together_let_exactly_the_quota_through(counters: Counters) -> None:
    three = [replica(counters) for _ in range(3)]

    passed = await asyncio.gather(*(allowed(one, 70) for one in three))

    assert sum(passed) == 100


async def test_what_waits_together_is_counted_by_one_message(counters: Counters) -> None:
    await allowed(replica(counters), 50)

    assert counters.asked <= 2


async def test_who_is_past_the_quota_is_not_counted_again(counters: Counters) -> None:
    rate = replica(counters)
    await allowed(rate, 120)
    asked = counters.asked

    assert await allowed(rate, 20) == 0
    assert counters.asked == asked


async def test_the_next_window_begins_anew(counters: Counters, now: list[float]) -> None:
    rate = replica(counters)
    await allowed(rate, 120)

    now[0] += rates.WINDOW_SECONDS

    assert await allowed(rate, 120) == 100


async def test_writes_and_searches_have_a_share_of_their_own(counters: Counters) -> None:
    rate = replica(counters)

    assert await allowed(rate, 150, "write") == 25
    assert await allowed(rate, 150, "search") == 10
    assert await allowed(rate, 150, "read") == 100


async def test_the_headers_say_what_is_left(counters: Counters, now: list[float]) -> None:
    now[0] += 3
    rate = await replica(counters).count(FREE, "read")

    assert rate is not None
    assert rate.headers() == {
        "RateLimit-Policy": '"read";q=100;w=10',
        "RateLimit": '"read";r=99;t=7',
    }


async def test_a_plan_without_a_limit_costs_nothing(counters: Counters) -> None:
    assert await replica(counters, rate_free=0).count(FREE, "read") is None
    assert counters.asked == 0


async def test_without_the_counters_each_replica_counts_for_itself(counters: Counters) -> None:
    counters.away = True

    rate = replica(counters)

    assert await allowed(rate, 60) + await allowed(rate, 60) == 100
    assert counters.asked == 1  # nobody waits for them again soon


def test_a_loop_that_stays_late_refuses_and_one_slow_moment_does_not() -> None:
    load = Load(most=10, longest_lag=1.0)
    load.saw(5.0)
    with load.request(counts=True) as once:
        pass
    for _ in range(PROBES):
        load.saw(5.0)
    with load.request(counts=True) as lasting:
        pass
    load.saw(0.0)
    with load.request(counts=True) as over:
        pass

    assert (once, lasting, over) == (None, "lag", None)


def test_so_many_requests_are_in_hand_and_no_more() -> None:
    load = Load(most=1, longest_lag=1.0)

    with (
        load.request(counts=True) as first,
        load.request(counts=True) as second,
        load.request(counts=False) as held,
    ):
        assert (first, second, held) == (None, "number", None)
    with load.request(counts=True) as later:
        assert later is None


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b'{"a": [1, {"b": 2}]}', 3),
        (b'{"a": "[[[[{{{{"}', 1),
        (rb'{"a": "\"[[\\", "b": []}', 2),
        (b"[" * 40, 40),
    ],
)
def test_the_depth_of_a_body_is_that_of_its_brackets(body: bytes, deep: int) -> None:
    whole, pieces = Depth(), Depth()

    whole.feed(body)
    for n in range(len(body)):
        pieces.feed(body[n : n + 1])

    assert (whole.deepest, pieces.deepest) == (deep, deep)
