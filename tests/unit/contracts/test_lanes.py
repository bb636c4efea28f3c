"""Lanes: how many outstanding jobs put the next one where."""

import pytest

from clipforge_contracts.lanes import WEIGHTS, Lane, lane_of, lane_of_next


@pytest.mark.parametrize(
    ("outstanding", "lane"),
    [
        *[(0, Lane.L0), (1, Lane.L0), (2, Lane.L1), (7, Lane.L1)],
        *[(8, Lane.L2), (63, Lane.L2), (64, Lane.L3), (100_000, Lane.L3)],
    ],
)
def test_the_more_are_outstanding_the_heavier_the_lane(outstanding: int, lane: Lane) -> None:
    assert lane_of(outstanding) == lane


def test_a_lighter_lane_is_served_twice_as_often_as_the_next() -> None:
    weights = [WEIGHTS[lane] for lane in Lane]

    assert weights == [8, 4, 2, 1]


def test_what_follows_stays_in_the_lane_of_its_cause() -> None:
    assert [lane_of_next(lane, 0) for lane in Lane] == list(Lane)


def test_a_cause_of_much_work_does_not_fill_a_light_lane() -> None:
    lanes = [lane_of_next(Lane.L0, before) for before in range(100)]

    assert [lanes.count(lane) for lane in Lane] == [2, 6, 56, 36]
    assert {lane_of_next(Lane.L2, before) for before in range(10)} == {Lane.L2}
