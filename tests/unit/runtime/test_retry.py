"""When a job that failed is tried again, and by whose policy."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge_contracts import subjects
from clipforge_contracts.facts import encode
from clipforge_contracts.pipeline import IMPORT, PIPELINE, WEBHOOKS, Attempts, Stage
from clipforge_contracts.plans import Plan
from clipforge_runtime.cause import Cause
from clipforge_runtime.jetstream.publishing import envelope
from clipforge_runtime.retry import FARTHEST, backoff, wait
from workshop import submission

DOUBLING = [stage for stage in PIPELINE if not stage.attempts_of(Plan.FREE).waits]


@dataclass(frozen=True)
class Handed:
    """A film to import, handed to a worker for the first time."""

    plan: Plan
    stream: str = subjects.STREAM
    sequence: int = 1
    deliveries: int = 1
    subject: str = field(init=False)
    data: bytes = field(init=False)
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        fact = submission("film", self.plan)
        object.__setattr__(self, "subject", str(subjects.fact_subject(fact)))
        object.__setattr__(self, "data", encode(fact))
        object.__setattr__(self, "headers", envelope(fact, "evt_1", "test"))

    async def ack(self) -> None:
        raise AssertionError("nothing is settled here")

    async def in_progress(self) -> None:
        raise AssertionError("nothing runs here")


@pytest.mark.parametrize("plan", Plan)
def test_a_job_is_tried_by_the_policy_of_its_stage_and_its_tenants_plan(plan: Plan) -> None:
    patient = Attempts(limit=7, first=timedelta(minutes=1))
    stage = replace(IMPORT, attempts={Plan.PRO: patient})

    policy = Cause.read(stage, Handed(plan)).policy

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
