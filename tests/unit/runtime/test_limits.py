"""How many jobs of one tenant run at once: what an operator sets, by plan."""

import pytest

from clipforge_contracts.plans import Plan
from clipforge_runtime.limits import Limits
from clipforge_runtime.settings import RuntimeSettings

NOWHERE = {
    "nats_url": "nats://import:none@127.0.0.1:1",
    "s3_endpoint": "http://127.0.0.1:1",
    "s3_access_key": "none",
    "s3_secret_key": "none",
}


def settings(**limits: int) -> RuntimeSettings:
    return RuntimeSettings.model_validate({**NOWHERE, **limits})


def test_each_plan_has_the_limit_that_its_setting_names() -> None:
    limits = Limits.of(
        settings(running_limit_business=7, running_limit_pro=5, running_limit_free=3)
    )

    found = {plan: limits.of_plan(plan) for plan in Plan}

    assert found == {Plan.BUSINESS: 7, Plan.PRO: 5, Plan.FREE: 3}


def test_unless_it_is_set_a_plan_has_its_own_limit() -> None:
    limits = Limits.of(settings())

    assert {plan: limits.of_plan(plan) for plan in Plan} == {
        Plan.BUSINESS: 8,
        Plan.PRO: 4,
        Plan.FREE: 2,
    }


@pytest.mark.parametrize("plan", Plan)
def test_nought_is_no_limit_and_only_for_that_plan(plan: Plan) -> None:
    limits = Limits.of(settings(**{f"running_limit_{plan}": 0}))

    assert [one for one in Plan if limits.of_plan(one) is None] == [plan]
