"""Scoring: what is measured about a span, and that flawed spans come last."""

import numpy as np
import pytest

from clipforge_clip_detection import features, interest, scoring
from clipforge_clip_detection.candidates import Spans, spans
from clipforge_clip_detection.sentences import Sentence, sentences
from detecting import said, talk, whole


def each(found: list[Sentence]) -> Spans:
    """Every sentence as a span of its own."""
    return Spans(np.arange(len(found)), np.arange(len(found)))


def factor(found: list[Sentence], name: str) -> list[float]:
    judged = scoring.judge(found, each(found), interest.load())
    values: list[float] = judged.factors[:, list(scoring.WEIGHTS).index(name)].tolist()
    return values


def test_every_factor_of_every_span_lies_between_0_and_1() -> None:
    found = sentences(talk(5), 60_000)

    judged = scoring.judge(found, spans(found, 20_000, 60_000), interest.load())

    assert judged.factors.shape[1] == len(scoring.WEIGHTS)
    assert judged.factors.min() >= 0
    assert judged.factors.max() <= 1
    assert np.isfinite(judged.totals).all()


@pytest.mark.parametrize(
    ("name", "strong", "weak"),
    [
        ("hook", "Why does nobody remember the biggest mistake?", "The table stood at a wall."),
        ("emotion", "War and death are always terrible.", "The table stood at a wall."),
        ("density", "We ship on Fridays.", "Um sort of like basically um."),
        ("self_contained", "The table stood at a wall.", "And that was it."),
        ("ending", "The table stood at a wall.", "Who has asked for that?"),
    ],
)
def test_a_factor_tells_what_it_is_named_for(name: str, strong: str, weak: str) -> None:
    found = whole(f"Here is some text. {weak} Here is more text. {strong} Here is an end.")

    values = factor(found, name)

    assert values[3] > values[1]


def test_what_is_central_to_a_film_has_focus() -> None:
    central = [f"Harbours near rivers{n} grow." for n in range(6)]
    others = [f"Somebody{n} whistled tune{n} outdoors{n}." for n in range(20)]

    values = factor(whole(" ".join([*central, *others])), "focus")

    assert min(values[:6]) > max(values[6:])


@pytest.mark.parametrize(
    "flawed",
    [
        "They never told anybody about the biggest mistake of their lives.",
        "Why does nobody remember the biggest mistake?",
        "Please subscribe, and thank you for listening to this podcast.",
    ],
    ids=["points back", "ends with a question", "housekeeping"],
)
def test_a_flawed_span_comes_after_all_others(flawed: str) -> None:
    found = whole(f"The table stood at a wall. Tables are made of wood. {flawed} Walls are stone.")

    totals = scoring.judge(found, each(found), interest.load()).totals

    assert int(np.argmin(totals)) == 2


def test_a_span_between_long_silences_beats_the_same_words_in_a_row() -> None:
    transcript = said("Tables are made of wood. " * 6)
    for segment in transcript.segments[3:]:
        for word in segment.words:
            word.start_ms += 1500
            word.end_ms += 1500
    found = sentences(transcript, 60_000)

    values = factor(found, "silence")

    assert values[2] == values[3] == max(values)
    assert values[1] < values[2]


def test_a_rank_is_the_share_below_and_ties_share_theirs() -> None:
    ranks = scoring.rank(np.array([3.0, 1.0, 3.0, 9.0]))

    assert ranks.tolist() == [0.5, 0.125, 0.5, 0.875]
    assert scoring.rank(np.array([5.0])).tolist() == [0.5]


def test_a_film_in_which_nothing_differs_gives_equal_totals() -> None:
    found = whole("Tables are made of wood. " * 9)

    judged = scoring.judge(found, each(found), interest.load())

    assert np.isfinite(judged.totals).all()


@pytest.mark.parametrize("text", ["", "...", "?!", "हिन्दी में एक वाक्य", "这是一个句子", "שלום עולם"])
def test_any_script_can_be_measured(text: str) -> None:
    found = whole(f"{text} and more. ")

    measured = features.measure(found)

    assert np.isfinite(measured).all()


def test_vowel_signs_do_not_tear_hindi_words_apart() -> None:
    assert features.tokens("हिन्दी में, \u201cनमस्ते\u201d!") == ["हिन्दी", "में", "नमस्ते"]
