"""How soon whose work is served: by the plan and the stage."""

import pytest

from clipforge_contracts.plans import Plan, deferrable, priority_of

PIPELINE = ("import", "transcription", "clip-detection")
ROUTES = [
    *((Plan.BUSINESS, stage, "high") for stage in PIPELINE),
    *((Plan.PRO, stage, "normal") for stage in PIPELINE),
    *((Plan.FREE, stage, "low") for stage in PIPELINE),
    (Plan.BUSINESS, "export", "critical"),
    (Plan.PRO, "export", "high"),
    (Plan.FREE, "export", "normal"),
    *((plan, "maintenance", "low") for plan in Plan),
]


@pytest.mark.parametrize(("plan", "stage", "priority"), ROUTES)
def test_a_plan_routes_its_jobs(plan: Plan, stage: str, priority: str) -> None:
    assert priority_of(plan, stage) == priority


@pytest.mark.parametrize(
    ("stage", "priority"), [*((stage, "low") for stage in PIPELINE), ("export", "normal")]
)
def test_what_is_held_back_under_load_is_the_free_plans(stage: str, priority: str) -> None:
    assert deferrable(stage) == priority
