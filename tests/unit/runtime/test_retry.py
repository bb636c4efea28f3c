"""When a job that failed is tried again, and by whose policy."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge_contracts import subjects
from clipforge_contracts.facts import encode
from clipforge_contracts.pipeline import IMPORT, PIPELINE, Attempts, Stage
from clipforge_contracts.plans import Plan
from clipforge_runtime.cause import Cause
from clipforge_runtime.jetstream.publishing import envelope
from clipforge_runtime.retry import backoff
from workshop import submission


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


@given(st.sampled_from(PIPELINE), st.sampled_from(Plan), st.integers(1, 1000))
def test_the_wait_stays_below_a_ceiling_that_doubles_up_to_the_cap(
    stage: Stage, plan: Plan, attempt: int
) -> None:
    policy = stage.attempts_of(plan)

    wait = backoff(policy, attempt)

    assert timedelta(0) <= wait <= policy.cap
    if attempt < 10:
        assert wait <= policy.first * 2 ** (attempt - 1)
