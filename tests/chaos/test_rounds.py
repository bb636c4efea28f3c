"""The short run of `make chaos`: a handful of faults from fixed seeds."""

import asyncio

import pytest

from chaos import checker, mounts, rounds
from chaos.__main__ import last_line
from chaos.faults import KINDS
from chaos.servers import Servers

pytestmark = [pytest.mark.chaos, pytest.mark.integration, pytest.mark.timeout(600)]

FILMS = 14
SHORT = {  # seeds, and the faults of their rounds
    101: ("kill-both", "log-kill", "again", "garbled"),
    102: ("power-cut", "freeze", "store-cuts"),
    103: ("database-kill", "kill-service", "kill-webhooks", "endpoint-away"),
    104: ("leader-kill", "partition"),
}


@pytest.mark.parametrize("seed", SHORT)
def test_nothing_is_lost_or_done_twice_or_stuck_or_invented(
    house_servers: Servers, seed: int
) -> None:
    mounted = mounts.can_mount()
    kinds = [kind for kind in SHORT[seed] if mounted or not KINDS[kind].mounts]
    plan = rounds.Plan.of(seed, films=FILMS, kinds=kinds, count=len(kinds))

    result = asyncio.run(rounds.play(house_servers, plan))

    assert result.violations == [], str(result)
    assert result.jobs > len(plan.requests)


def test_a_round_follows_from_its_seed() -> None:
    kinds = list(KINDS)

    one, same, other = (
        rounds.Plan.of(seed, films=FILMS, kinds=kinds, count=3) for seed in (1, 1, 2)
    )

    assert one == same
    assert one.faults != other.faults
    assert {fault.kind for fault in one.faults} <= set(KINDS)


def test_the_last_line_says_how_many_promises_were_broken() -> None:
    broken: dict[checker.Kind, int] = {"lost": 1, "twice": 0, "stuck": 2, "invented": 3}

    line = last_line(rounds=4, jobs=500, broken=broken)

    assert line == "chaos: rounds=4 jobs=500 lost=1 twice=0 stuck=2"
