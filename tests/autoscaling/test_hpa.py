"""The model of the autoscaler decides as the real one is documented to."""

from typing import Any

from autoscaling.hpa import SYNC, Hpa

AT_ONCE: dict[str, Any] = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 1000, "periodSeconds": 15}],
    },
    "scaleDown": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    },
}


def hpa(least: int = 1, most: int = 50, **behavior: Any) -> Hpa:
    ways = {way: {**AT_ONCE[way], **behavior.get(way, {})} for way in AT_ONCE}
    return Hpa(5, least, most, ways)


def test_the_size_follows_from_the_work_and_not_from_the_size() -> None:
    assert hpa().decide(0, 1, 20) == 4
    assert hpa().decide(0, 10, 20) == 4


def test_a_tenth_more_or_less_changes_nothing() -> None:
    assert hpa().decide(0, 10, 54) == 10
    assert hpa().decide(0, 10, 46) == 10
    assert hpa().decide(0, 10, 56) == 12


def test_each_way_may_let_more_or_less_pass() -> None:
    one = hpa(scaleUp={"tolerance": "0.3"}, scaleDown={"tolerance": "0"})

    assert one.decide(0, 10, 56) == 10
    assert one.decide(15, 10, 70) == 14
    assert hpa(scaleDown={"tolerance": "0"}).decide(0, 10, 48) == 10
    assert hpa(scaleDown={"tolerance": "0"}).decide(0, 10, 45) == 9


def test_it_stays_between_its_bounds() -> None:
    assert hpa(most=3).decide(0, 1, 1000) == 3
    assert hpa(least=2).decide(0, 4, 0) == 2


def test_it_goes_down_to_the_highest_of_the_last_minutes() -> None:
    one = hpa(scaleDown={"stabilizationWindowSeconds": 60})

    assert one.decide(0, 10, 50) == 10
    assert one.decide(15, 10, 5) == 10
    assert one.decide(75, 10, 5) == 1


def test_it_goes_up_by_no_more_than_the_largest_policy_in_its_time() -> None:
    policies = [
        {"type": "Pods", "value": 4, "periodSeconds": 60},
        {"type": "Percent", "value": 100, "periodSeconds": 60},
    ]
    one = hpa(scaleUp={"policies": policies})

    assert one.decide(0, 1, 500) == 5
    assert one.decide(SYNC, 5, 500) == 5
    assert one.decide(60, 5, 500) == 10


def test_it_goes_down_by_no_more_than_the_smallest_policy_in_its_time() -> None:
    policies = [
        {"type": "Pods", "value": 2, "periodSeconds": 60},
        {"type": "Percent", "value": 25, "periodSeconds": 60},
    ]
    one = hpa(scaleDown={"selectPolicy": "Min", "policies": policies})

    assert one.decide(0, 20, 0) == 18
    assert one.decide(SYNC, 18, 0) == 18
    assert one.decide(60, 18, 0) == 16


def test_four_go_down_to_three_and_two_to_one() -> None:
    policies = [{"type": "Percent", "value": 25, "periodSeconds": 60}]

    assert hpa(scaleDown={"selectPolicy": "Min", "policies": policies}).decide(0, 4, 0) == 3
    assert hpa(scaleDown={"selectPolicy": "Min", "policies": policies}).decide(0, 2, 0) == 1
