"""How often a job is tried, and how soon again: by the plan, unless the stage's row differs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clipforge_contracts.pipeline import (
    CLIP_DETECTION,
    EXPORT,
    IMPORT,
    PIPELINE,
    TRANSCRIPTION,
    Attempts,
    Stage,
)
from clipforge_contracts.plans import Plan


@pytest.mark.parametrize("stage", [TRANSCRIPTION, CLIP_DETECTION, EXPORT], ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("plan", "limit", "seconds"), [(Plan.BUSINESS, 5, 1), (Plan.PRO, 3, 2), (Plan.FREE, 3, 2)]
)
def test_a_stage_that_says_nothing_goes_by_the_plan(
    stage: Stage, plan: Plan, limit: int, seconds: float
) -> None:
    policy = stage.attempts_of(plan)

    assert (policy.limit, policy.first) == (limit, timedelta(seconds=seconds))


@pytest.mark.parametrize("plan", Plan)
def test_the_network_is_given_longer_than_what_is_computed_here(plan: Plan) -> None:
    import_, detection = IMPORT.attempts_of(plan), CLIP_DETECTION.attempts_of(plan)

    assert import_.first > detection.first
    assert import_.limit == detection.limit


def test_a_stage_may_differ_for_one_plan_alone() -> None:
    patient = Attempts(limit=9, first=timedelta(minutes=1))

    stage = replace(EXPORT, attempts={Plan.FREE: patient})

    assert stage.attempts_of(Plan.FREE) == patient
    assert stage.attempts_of(Plan.PRO) == EXPORT.attempts_of(Plan.PRO)


@pytest.mark.parametrize("stage", PIPELINE, ids=lambda one: one.name)
@pytest.mark.parametrize("plan", Plan)
def test_every_policy_ends_and_its_schedules_are_within_a_day(stage: Stage, plan: Plan) -> None:
    policy = stage.attempts_of(plan)

    assert 1 <= policy.limit <= 10
    assert timedelta(0) < policy.first <= policy.cap < timedelta(hours=24)
