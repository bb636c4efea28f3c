"""Word times: shifted by what the model is late, aligned under a guard, put in order."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge_transcription import timing
from clipforge_transcription.engines import Heard, Spoken
from clipforge_transcription.samples import RATE, Samples

TEN_SECONDS = np.zeros(10 * RATE, np.float32)


def said(*words: tuple[str, float, float]) -> list[Heard]:
    return [Heard(tuple(Spoken(text, start, end, 0.9) for text, start, end in words))]


def never(samples: Samples, words: Sequence[str]) -> None:
    """An aligner that cannot tell."""


@pytest.mark.parametrize(("engine", "start"), [("tiny.en", 0.905), ("base", 1.06), ("other", 1.0)])
def test_each_model_is_late_or_early_by_its_own_constant(engine: str, start: float) -> None:
    [[word]] = timing.correct(said(("one", 1.0, 1.4)), TEN_SECONDS, engine=engine, align=None)

    assert word.start == pytest.approx(start)
    assert word.end == pytest.approx(start + 0.4)


def test_no_word_is_shifted_out_of_the_sound() -> None:
    [[first, last]] = timing.correct(
        said(("one", 0.0, 0.05), ("two", 9.98, 10.0)), TEN_SECONDS, engine="base", align=never
    )

    assert first.start >= 0
    assert last.end <= 10


def test_an_aligned_word_takes_the_aligners_times() -> None:
    def align(samples: Samples, words: Sequence[str]) -> list[tuple[float, float]]:
        # The window begins 0.3 s before the first word.
        return [(0.35, 0.5), (0.62, 0.8)]

    [[one, two]] = timing.correct(
        said(("one", 1.0, 1.2), ("two", 1.2, 1.5)), TEN_SECONDS, engine="other", align=align
    )

    assert [one.start, one.end, two.start, two.end] == pytest.approx([1.05, 1.2, 1.32, 1.5])


def test_a_word_that_the_aligner_moves_far_keeps_its_time() -> None:
    def align(samples: Samples, words: Sequence[str]) -> list[tuple[float, float]]:
        return [(0.3, 0.5), (0.3 + timing.GUARD + 0.3, 1.4)]

    [[one, two]] = timing.correct(
        said(("one", 1.0, 1.2), ("two", 1.2, 1.5)), TEN_SECONDS, engine="other", align=align
    )

    assert one.start == pytest.approx(1.0)
    assert (two.start, two.end) == (1.2, 1.5)


def test_a_group_that_cannot_be_aligned_keeps_its_times_and_the_next_is_tried() -> None:
    asked: list[list[str]] = []

    def align(samples: Samples, words: Sequence[str]) -> list[tuple[float, float]] | None:
        asked.append(list(words))
        return None if "Zyx." in words else [(0.4, 0.6)]

    [[zyx, two]] = timing.correct(
        said(("Zyx.", 1.0, 1.4), ("two", 3.0, 3.4)), TEN_SECONDS, engine="other", align=align
    )

    assert asked == [["Zyx."], ["two"]]
    assert zyx.start == 1.0
    assert two.start == pytest.approx(3.1)


def test_groups_end_at_pauses_at_sentences_and_when_they_get_long() -> None:
    asked: list[int] = []

    def align(samples: Samples, words: Sequence[str]) -> None:
        asked.append(len(words))

    steady = [("word", n * 0.5, n * 0.5 + 0.4) for n in range(40)]
    timing.correct(said(*steady), np.zeros(30 * RATE, np.float32), engine="other", align=align)
    timing.correct(
        said(("One.", 0, 0.4), ("two", 0.5, 0.9), ("three", 1.6, 2.0)),
        TEN_SECONDS,
        engine="other",
        align=align,
    )

    assert asked == [24, 16, 1, 1, 1]


def test_the_sound_around_a_group_never_reaches_its_neighbours() -> None:
    lengths: list[float] = []

    def align(samples: Samples, words: Sequence[str]) -> None:
        lengths.append(len(samples) / RATE)

    timing.correct(
        said(("One.", 1.0, 2.0), ("Two.", 2.2, 3.0)), TEN_SECONDS, engine="other", align=align
    )

    assert lengths == [pytest.approx(0.3 + 1.0 + 0.1), pytest.approx(0.1 + 0.8 + 0.3)]


def test_milliseconds_are_those_of_the_film() -> None:
    [segment] = timing.segments(
        [[Spoken("Hello", 1.0, 1.25, 0.5), Spoken("there.", 1.25, 1.75, 0.75)]],
        offset_ms=90_000,
        end_ms=180_000,
    )

    assert segment.text == "Hello there."
    assert (segment.start_ms, segment.end_ms) == (91_000, 91_750)
    assert [(word.start_ms, word.end_ms) for word in segment.words] == [
        (91_000, 91_250),
        (91_250, 91_750),
    ]
    assert [word.confidence for word in segment.words] == [0.5, 0.75]


def test_of_two_words_that_overlap_the_later_ones_start_counts() -> None:
    [segment] = timing.segments(
        [[Spoken("one", 1.0, 1.9, 1), Spoken("two", 1.5, 2.0, 1)]], offset_ms=0, end_ms=10_000
    )

    assert [(word.start_ms, word.end_ms) for word in segment.words] == [(1000, 1500), (1500, 2000)]


def test_a_word_is_at_most_two_seconds_long() -> None:
    [segment] = timing.segments([[Spoken("so", 1, 9, 1)]], offset_ms=0, end_ms=10_000)

    assert segment.end_ms == 3000


def test_words_at_the_very_end_of_a_part_are_squeezed_and_none_is_lost() -> None:
    late = [Spoken(text, 10.0, 10.0, 1) for text in ("and", "that", "is", "it.")]

    [segment] = timing.segments([late], offset_ms=0, end_ms=10_000)

    assert segment.text == "and that is it."
    assert [word.end_ms for word in segment.words] == [9997, 9998, 9999, 10_000]


def test_scripts_without_spaces_stay_without() -> None:
    words = [Spoken(text, n, n + 1, 1, spaced=False) for n, text in enumerate("今日は")]

    [segment] = timing.segments([words], offset_ms=0, end_ms=10_000)

    assert segment.text == "今日は"
    assert len(segment.words) == 3


seconds = st.floats(0, 10, allow_nan=False)


@given(st.lists(st.lists(st.tuples(seconds, seconds), max_size=8), max_size=8))
def test_whatever_the_recogniser_says_words_are_in_order_within_their_part(
    times: list[list[tuple[float, float]]],
) -> None:
    timed = [[Spoken("word", start, end, 1) for start, end in group] for group in times]

    made = timing.segments(timed, offset_ms=5_000, end_ms=15_000)

    words = [word for segment in made for word in segment.words]
    assert len(words) == sum(map(len, times))
    assert all(5_000 <= word.start_ms < word.end_ms <= 15_000 for word in words)
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(words))
