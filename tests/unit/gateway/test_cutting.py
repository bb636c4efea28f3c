"""Where clips begin and end: on words, inside the film, within the plan."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge.v1.documents_pb2 import Word
from clipforge_gateway import cutting
from clipforge_gateway.cutting import Edges, Uncuttable

WORDS = [
    Word(text=text, start_ms=1000 * n, end_ms=1000 * n + 600)
    for n, text in enumerate(["Why", "do", "queues", "lose", "work?"], start=10)
]
LONGEST = timedelta(minutes=3)


def test_a_clip_of_words_begins_and_ends_with_them() -> None:
    assert cutting.at_words(WORDS, 1, 3) == Edges(11_000, 13_600)


@pytest.mark.parametrize(("first", "last", "says"), [(0, 5, "has 5 words"), (3, 1, "before")])
def test_words_that_there_are_not_are_refused(first: int, last: int, says: str) -> None:
    with pytest.raises(Uncuttable, match=says):
        cutting.at_words(WORDS, first, last)


def test_a_film_without_words_has_clips_of_times_only() -> None:
    with pytest.raises(Uncuttable, match="give times"):
        cutting.at_words([], 0, 0)

    assert cutting.snapped([], Edges(100, 5000)) == Edges(100, 5000)


def test_times_move_to_the_nearest_words() -> None:
    assert cutting.snapped(WORDS, Edges(11_400, 13_300)) == Edges(11_000, 13_600)


def test_times_far_from_every_word_are_meant_as_they_are() -> None:
    assert cutting.snapped(WORDS, Edges(2000, 40_000)) == Edges(2000, 40_000)


@given(start=st.integers(0, 20_000), length=st.integers(1, 20_000))
def test_what_is_snapped_once_stays(start: int, length: int) -> None:
    once = cutting.snapped(WORDS, Edges(start, start + length))

    assert once.end_ms > once.start_ms
    assert cutting.snapped(WORDS, once) == once


@pytest.mark.parametrize(
    ("edges", "says"),
    [
        (Edges(10_000, 90_001), "ends at 90000 ms"),
        (Edges(10_000, 10_999), "at least 1000 ms"),
        (Edges(20_000, 10_000), "at least 1000 ms"),
        (Edges(0, 180_001), "at most 180000 ms"),
    ],
)
def test_edges_without_room_are_refused_with_what_there_is(edges: Edges, says: str) -> None:
    film_ms = 600_000 if edges.end_ms > 100_000 else 90_000

    with pytest.raises(Uncuttable, match=says):
        cutting.checked(edges, film_ms=film_ms, longest=LONGEST)
