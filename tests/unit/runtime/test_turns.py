"""Turns: everybody gets the share of its weight, whatever happened before."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from clipforge_contracts import lanes
from clipforge_contracts.plans import WEIGHTS
from clipforge_runtime.jetstream.turns import GroupedTurns, Queue, Turns

SHARES = tuple(WEIGHTS.values())
ROUND = sum(SHARES)
Everybody = frozenset(range(len(SHARES)))
LANES = tuple(lanes.WEIGHTS.values())
EVERY_QUEUE = frozenset(Queue(group, lane) for group in Everybody for lane in range(len(LANES)))


def take(turns: Turns, waiting: frozenset[int]) -> int | None:
    """One turn while these queues have something waiting, and nobody knows which."""
    contenders = set(Everybody)
    while contenders:
        one = turns.take(contenders)
        if one in waiting:
            return one
        turns.give_back(one, contenders)
        contenders.discard(one)
    return None


histories = st.lists(
    st.tuples(st.frozensets(st.sampled_from(sorted(Everybody))), st.integers(1, 60)), max_size=8
)


def test_while_all_wait_a_round_gives_each_its_weight() -> None:
    turns = Turns(SHARES)

    for _ in range(5):
        served = Counter(take(turns, Everybody) for _ in range(ROUND))
        assert served == dict(enumerate(SHARES))


def test_a_share_is_spread_over_the_round() -> None:
    turns = Turns(SHARES)

    served = [take(turns, Everybody) for _ in range(ROUND)]

    for start in range(ROUND - 3):
        assert 0 in served[start : start + 3]


@given(histories)
def test_whatever_was_before_nobody_waits_longer_than_two_rounds(
    history: list[tuple[frozenset[int], int]],
) -> None:
    turns = Turns(SHARES)
    for waiting, count in history:
        for _ in range(count):
            take(turns, waiting)

    served = [take(turns, Everybody) for _ in range(2 * ROUND)]

    assert set(served) == Everybody


@given(histories, st.frozensets(st.sampled_from(sorted(Everybody)), min_size=1))
def test_in_the_long_run_those_that_wait_share_by_weight(
    history: list[tuple[frozenset[int], int]], waiting: frozenset[int]
) -> None:
    turns = Turns(SHARES)
    for before, count in history:
        for _ in range(count):
            take(turns, before)
    total = sum(SHARES[one] for one in waiting)
    rounds = 12

    served = Counter(take(turns, waiting) for _ in range(rounds * total))

    for one in waiting:
        assert abs(served[one] - rounds * SHARES[one]) <= ROUND


def test_nothing_is_taken_where_nothing_waits() -> None:
    assert take(Turns(SHARES), frozenset()) is None


@given(st.frozensets(st.sampled_from(sorted(EVERY_QUEUE)), min_size=1))
def test_groups_share_by_their_weights_whatever_their_members(waiting: frozenset[Queue]) -> None:
    turns = GroupedTurns(SHARES, LANES)
    groups = {queue.group for queue in waiting}
    total = sum(SHARES[group] for group in groups)
    rounds = 4

    served = Counter(turns.take(waiting).group for _ in range(rounds * total))

    assert served == {group: rounds * SHARES[group] for group in groups}


def test_the_members_of_a_group_share_by_theirs() -> None:
    turns = GroupedTurns(SHARES, LANES)

    served = Counter(turns.take(EVERY_QUEUE) for _ in range(ROUND * sum(LANES)))

    assert served == {
        Queue(group, lane): SHARES[group] * LANES[lane] for group, lane in EVERY_QUEUE
    }
