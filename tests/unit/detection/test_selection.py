"""Selection: how many clips, from where, and none that says what another says."""

import numpy as np
import pytest

from clipforge_clip_detection.candidates import Spans, spans
from clipforge_clip_detection.selection import apart, select, standings, wanted
from clipforge_clip_detection.sentences import Sentence, sentences
from detecting import talk, whole


def each(found: list[Sentence]) -> Spans:
    return Spans(np.arange(len(found)), np.arange(len(found)))


DIFFERENT = "Queues forget. Harbours freeze. Violins break. Glaciers melt. Bakers rest. Stars fall."


@pytest.mark.parametrize(
    ("asked", "minutes", "count"), [(0, 1, 4), (0, 40, 5), (0, 600, 12), (7, 1, 7), (1, 600, 1)]
)
def test_as_many_as_asked_else_one_in_eight_minutes_within_bounds(
    asked: int, minutes: int, count: int
) -> None:
    assert wanted(asked, minutes * 60_000) == count


def test_places_never_overlap_and_come_best_first() -> None:
    found = sentences(talk(6), 60_000)
    every = spans(found, 20_000, 60_000)
    totals = np.random.default_rng(7).normal(size=len(every))

    best = apart(every, totals)

    taken = [n for place in best for n in range(every[place].first, every[place].last + 1)]
    assert len(taken) == len(set(taken))
    assert [totals[n] for n in best] == sorted((totals[n] for n in best), reverse=True)
    assert best[0] == int(np.argmax(totals))


def test_of_equals_the_earlier_and_shorter_comes_first() -> None:
    every = Spans(np.array([2, 0, 0]), np.array([3, 1, 0]))

    assert apart(every, np.zeros(3)) == [2, 0]


def test_what_tells_the_same_twice_is_chosen_once() -> None:
    joke = "A penguin walks into a library and asks for fish."
    found = whole(f"{joke} Violins break. {joke} Glaciers melt.")

    chosen = select(found, each(found), [0, 2, 1, 3], 3)

    assert chosen == [0, 1, 3]


def test_a_part_of_the_film_that_is_left_out_gets_the_last_place() -> None:
    found = whole(DIFFERENT)

    chosen = select(found, each(found), [0, 1, 4, 2, 3, 5], 2)

    assert chosen == [0, 4]


def test_a_part_whose_best_is_among_the_worst_of_the_film_gets_none() -> None:
    found = whole(f"{DIFFERENT} Bridges sway. Candles drip.")  # thirds of 3, 3 and 2

    chosen = select(found, each(found), [0, 1, 3, 2, 4, 5, 6, 7], 3)

    assert chosen == [0, 1, 3]


def test_a_standing_falls_with_each_place_and_is_never_certain() -> None:
    assert standings(1) == [0.5]
    many = standings(200)
    assert many == sorted(many, reverse=True)
    assert many[0] < 1
    assert many[-1] > 0
    assert many[0] > standings(3)[0]
