"""When a job that failed is tried again, and by whose policy."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge_contracts.pipeline import (
    IMPORT,
    PIPELINE,
    TRANSCRIPTION,
    WEBHOOKS,
    Attempts,
    Stage,
)
from clipforge_contracts.plans import Plan
from clipforge_runtime.cause import Cause
from clipforge_runtime.retry import FARTHEST, backoff, wait
from handed import Handed
from workshop import submission

DOUBLING = [stage for stage in PIPELINE if not stage.attempts_of(Plan.FREE).waits]


@pytest.mark.parametrize("plan", Plan)
def test_a_job_is_tried_by_the_policy_of_its_stage_and_its_tenants_plan(plan: Plan) -> None:
    patient = Attempts(limit=7, first=timedelta(minutes=1))
    stage = replace(IMPORT, attempts={Plan.PRO: patient})

    policy = Cause.read(stage, Handed(submission("film", plan))).policy

    assert (policy == patient) is (plan is Plan.PRO)
    assert policy == stage.attempts_of(plan)


@given(st.sampled_from(DOUBLING), st.sampled_from(Plan), st.integers(1, 1000))
def test_the_wait_stays_below_a_ceiling_that_doubles_up_to_the_cap(
    stage: Stage, plan: Plan, attempt: int
) -> None:
    policy = stage.attempts_of(plan)

    wait = backoff(policy, attempt)

    assert timedelta(0) <= wait <= policy.cap
    if attempt < 10:
        assert wait <= policy.first * 2 ** (attempt - 1)


@given(st.sampled_from(Plan), st.integers(1, 1000))
def test_a_webhook_waits_as_the_policy_names_but_for_a_fifth(plan: Plan, attempt: int) -> None:
    policy = WEBHOOKS.attempts_of(plan)
    named = policy.waits[min(attempt, len(policy.waits)) - 1]

    waited = backoff(policy, attempt)

    assert 0.8 * named <= waited <= named


def test_a_webhook_is_tried_for_three_days() -> None:
    policy = WEBHOOKS.attempts_of(Plan.FREE)

    assert len(policy.waits) == policy.limit - 1
    assert timedelta(days=2.5) < 0.8 * sum(policy.waits, timedelta(0)) < timedelta(days=3.5)
    assert max(policy.waits) <= FARTHEST


def test_whoever_refuses_may_ask_for_a_longer_wait_of_a_day_at_most() -> None:
    policy = IMPORT.attempts_of(Plan.FREE)

    assert wait(policy, 1, after=timedelta(hours=1)) == timedelta(hours=1)
    assert wait(policy, 1, after=timedelta(days=9)) == timedelta(hours=24)
    assert wait(policy, 1, after=timedelta(0)) <= policy.first


@pytest.mark.parametrize("drawn", [0.25, 0.75])
@pytest.mark.parametrize(
    ("plan", "ceilings"),
    [
        (Plan.BUSINESS, (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300)),
        (Plan.PRO, (2, 4, 8, 16, 32, 64, 128, 256, 300, 300)),
        (Plan.FREE, (2, 4, 8, 16, 32, 64, 128, 256, 300, 300)),
    ],
)
def test_a_wait_is_drawn_from_all_below_the_ceiling(
    plan: Plan, ceilings: tuple[int, ...], drawn: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipforge_runtime.retry.random.random", lambda: drawn)
    policy = TRANSCRIPTION.attempts_of(plan)

    waits = [backoff(policy, attempt + 1).total_seconds() for attempt in range(len(ceilings))]

    assert waits == [drawn * ceiling for ceiling in ceilings]


@pytest.mark.parametrize(("drawn", "seconds"), [(0.25, (4.75, 285)), (0.75, (4.25, 255))])
def test_of_a_wait_that_the_policy_names_up_to_a_fifth_is_taken_off(
    drawn: float, seconds: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipforge_runtime.retry.random.random", lambda: drawn)
    policy = WEBHOOKS.attempts_of(Plan.PRO)

    waits = tuple(backoff(policy, attempt).total_seconds() for attempt in (1, 2))

    assert waits == pytest.approx(seconds)
