"""The short run of `make chaos`: a handful of faults from fixed seeds, and a checker that sees."""

import asyncio

import pytest

from chaos import rounds
from chaos.servers import Servers

pytestmark = [pytest.mark.chaos, pytest.mark.integration, pytest.mark.timeout(600)]


def test_a_worker_that_is_killed_costs_no_job_and_does_none_twice(house_servers: Servers) -> None:
    plan = rounds.Plan.of(101, films=20, kinds=["kill"], count=2)

    result = asyncio.run(rounds.play(house_servers, plan))

    assert result.violations == [], str(result)
    assert result.jobs > len(plan.requests)
