"""Candidates: which runs of sentences may become clips, and where they begin and end badly."""

from dataclasses import replace

import numpy as np
import pytest

from clipforge_clip_detection import candidates
from clipforge_clip_detection.candidates import begin_cost, end_cost, longest, spans
from clipforge_clip_detection.sentences import Sentence, sentences
from detecting import said, talk, whole


def length(found: list[Sentence], first: int, last: int) -> int:
    return found[last].end_ms - found[first].start_ms


def test_every_run_whose_length_lies_in_the_band_is_a_candidate_and_no_other() -> None:
    found = sentences(talk(4), 60_000)
    expected = [
        (first, last)
        for first in range(len(found))
        for last in range(first, len(found))
        if 20_000 <= length(found, first, last) <= 45_000
    ]

    every = spans(found, 20_000, 45_000)

    assert list(zip(every.first.tolist(), every.last.tolist(), strict=True)) == expected


def test_where_whole_sentences_fit_none_is_broken() -> None:
    found = [replace(one, finished=n % 3 != 1) for n, one in enumerate(sentences(talk(3), 60_000))]

    every = spans(found, 20_000, 60_000)

    assert len(every)
    assert all(found[last].finished for last in every.last.tolist())
    assert all(found[first - 1].finished for first in every.first.tolist() if first)


def test_where_ends_are_unknown_a_clip_begins_with_a_sentence_at_least() -> None:
    line = "Words " + " ".join(f"word{n}" for n in range(49))  # two parts, the first cut off
    found = whole(" ".join(f"{line} line{n}." for n in range(10)))

    every = spans(found, 13_000, 16_000)

    assert len(every)
    assert all(found[first - 1].finished for first in every.first.tolist() if first)


def test_where_few_runs_are_whole_the_rest_of_the_film_is_not_lost() -> None:
    found = whole("One two. " * 10 + " ".join(f"word{n}" for n in range(600)))

    every = spans(found, 20_000, 30_000)

    assert int(every.last.max()) == len(found) - 1
    assert np.unique(every.first).size > len(found) // 2


def test_a_film_shorter_than_the_band_gives_no_run_but_the_longest_that_fit() -> None:
    found = whole("One two three. Four five six. Seven.")

    assert len(spans(found, 20_000, 60_000)) == 0
    every = longest(found, 60_000)
    assert [(every[n].first, every[n].last) for n in range(len(every))] == [(0, 2)]


def test_what_is_too_long_by_itself_stands_alone() -> None:
    found = [replace(whole("One.")[0], end_ms=90_000)]

    every = longest(found, 60_000)

    assert (every[0].first, every[0].last) == (0, 0)


def test_a_long_film_and_a_wide_band_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MOST", 500)
    found = sentences(talk(30), 600_000)

    every = spans(found, 1000, 600_000)

    assert 250 <= len(every) <= 500
    assert np.unique(every.first).size > len(found) // 2  # from all over the film
    assert int(every.first.max()) > 0.9 * len(found)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("A log remembers everything.", "It remembers everything."),
        ("A log remembers everything.", "They were wrong about everything."),
        ("So what is a log good for?", "So it works like a charm."),
        ("And the log remembers everything.", "And that was it."),
    ],
)
def test_an_opening_that_points_back_costs_more(better: str, worse: str) -> None:
    assert begin_cost(whole(better), 0) < begin_cost(whole(worse), 0)


def test_an_answer_without_its_question_costs() -> None:
    found = whole("What is a log? A list of facts. Facts never change.")

    assert begin_cost(found, 1) > begin_cost(found, 2) == 0
    assert begin_cost(found, 0) == 0


def test_an_end_that_breaks_off_costs() -> None:
    found = whole("A log is a list. What is it good for? I went there and because. All is well.")

    question, dangling = end_cost(found, 1), end_cost(found, 2)

    assert end_cost(found, 3) <= end_cost(found, 0) < min(question, dangling)
    assert end_cost([replace(found[0], finished=False), *found[1:]], 0) == 1


def test_words_said_in_a_row_are_cut_less_gladly_than_before_a_silence() -> None:
    found = sentences(said("One two. Three four."), 60_000)

    tight = replace(found[0], pause_after_ms=50)

    assert end_cost([tight, found[1]], 0) > end_cost(found, 0)
