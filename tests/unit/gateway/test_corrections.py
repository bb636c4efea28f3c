"""Corrections of a transcript: what they say changes, and times stay in step with the sound."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from clipforge.v1.documents_pb2 import Segment, Transcript, Word
from clipforge_contracts import subtitles
from clipforge_contracts.documents import to_json
from clipforge_gateway.correcting import corrected
from clipforge_gateway.corrections import Uncorrectable
from clipforge_gateway.transcript_schemas import EditTranscript, Operation


def heard(*sentences: str) -> Transcript:
    """A transcript whose words take 400 ms each, one after the other."""
    found = Transcript(language="en", duration_ms=60_000, engine="scripted", result_version=1)
    at = 10_000
    for sentence in sentences:
        words = []
        for text in sentence.split():
            words.append(Word(text=text, start_ms=at, end_ms=at + 400, confidence=0.5, speaker="A"))
            at += 400
        found.segments.append(
            Segment(text=sentence, start_ms=words[0].start_ms, end_ms=at, words=words)
        )
    return found


HEARD = heard("Why do cues loose work?", "They do knot.", "Fine.")


def said(transcript: Transcript) -> list[str]:
    return [segment.text for segment in transcript.segments]


def times(transcript: Transcript) -> list[tuple[str, int, int]]:
    return [(word.text, word.start_ms, word.end_ms) for word in subtitles.words(transcript)]


def edit(*operations: dict[str, Any]) -> Transcript:
    body = EditTranscript.model_validate({"operations": list(operations)})
    return corrected(HEARD, body.operations)


def test_a_word_is_replaced_and_keeps_its_times() -> None:
    made = edit({"op": "replace", "first": 2, "text": "queues"})

    assert said(made) == ["Why do queues loose work?", "They do knot.", "Fine."]
    assert times(made)[2] == ("queues", 10_800, 11_200)
    assert subtitles.words(made)[2].confidence == 1
    assert subtitles.words(made)[2].speaker == "A"
    assert made.segments[1:] == HEARD.segments[1:]


def test_words_are_replaced_by_as_many_one_by_one() -> None:
    made = edit({"op": "replace", "first": 2, "last": 3, "text": "queues lose"})

    assert times(made)[2:4] == [("queues", 10_800, 11_200), ("lose", 11_200, 11_600)]


def test_more_words_share_the_time_of_those_that_were() -> None:
    made = edit({"op": "replace", "first": 2, "text": "a queue or"})

    assert times(made)[2:6] == [
        ("a", 10_800, 10_850),
        ("queue", 10_850, 11_100),
        ("or", 11_100, 11_200),
        ("loose", 11_200, 11_600),
    ]


def test_deleted_words_leave_silence() -> None:
    made = edit({"op": "delete", "first": 3, "last": 5})

    assert said(made) == ["Why do cues", "do knot.", "Fine."]
    assert (made.segments[0].end_ms, made.segments[1].start_ms) == (11_200, 12_400)


def test_a_sentence_of_which_nothing_is_left_is_gone() -> None:
    assert said(edit({"op": "delete", "first": 8})) == ["Why do cues loose work?", "They do knot."]


def test_words_merge_and_split() -> None:
    merged = edit({"op": "merge", "first": 5, "last": 6})
    parted = edit({"op": "split", "word": 7, "texts": ["k", "not."], "at_ms": [12_900]})
    by_letters = edit({"op": "split", "word": 7, "texts": ["k", "not."]})

    assert times(merged)[5] == ("Theydo", 12_000, 12_800)
    assert times(parted)[7:9] == [("k", 12_800, 12_900), ("not.", 12_900, 13_200)]
    assert times(by_letters)[7:9] == [("k", 12_800, 12_880), ("not.", 12_880, 13_200)]


def test_a_word_moves_between_its_neighbours() -> None:
    gap = edit({"op": "retime", "word": 2, "start_ms": 10_900, "end_ms": 11_000})

    assert times(gap)[2] == ("cues", 10_900, 11_000)
    with pytest.raises(Uncorrectable, match="from 10800 ms to 11200 ms"):
        edit({"op": "retime", "word": 2, "start_ms": 10_900, "end_ms": 11_300})


def test_words_are_named_by_when_they_are_said() -> None:
    made = edit({"op": "replace", "start_ms": 10_700, "end_ms": 11_300, "text": "queues"})

    assert said(made)[0] == "Why do queues loose work?"


def test_indexes_are_those_of_what_was_read_whatever_else_changes() -> None:
    made = edit(
        {"op": "replace", "first": 7, "text": "not."},
        {"op": "delete", "first": 0, "last": 1},
        {"op": "replace", "first": 3, "text": "lose"},
    )

    assert said(made) == ["cues lose work?", "They do not.", "Fine."]


def test_words_across_sentences_go_to_the_first_of_them() -> None:
    made = edit({"op": "replace", "first": 4, "last": 5, "text": "work, they"})

    assert said(made) == ["Why do cues loose work, they", "do knot.", "Fine."]


def test_a_sentence_without_times_of_words_gets_them() -> None:
    bare = Transcript(segments=[Segment(text="one too three", start_ms=0, end_ms=1100)])
    operations = EditTranscript.model_validate(
        {"operations": [{"op": "replace", "first": 1, "text": "two"}]}
    ).operations

    made = corrected(bare, operations)

    assert times(made) == [("one", 0, 300), ("two", 300, 600), ("three", 600, 1100)]


@pytest.mark.parametrize(
    ("operations", "says"),
    [
        ([{"op": "replace", "first": 9, "text": "x"}], "no word 9: this transcript has 9"),
        ([{"op": "delete", "first": 5, "last": 3}], "`last` is before"),
        ([{"op": "delete", "start_ms": 0, "end_ms": 9000}], "No word is said between"),
        (
            [{"op": "delete", "first": 1, "last": 3}, {"op": "replace", "first": 3, "text": "x"}],
            "about word 3",
        ),
        ([{"op": "split", "word": 7, "texts": ["k", "not."], "at_ms": [9]}], "12800 to 13200 ms"),
    ],
)
def test_what_cannot_be_made_is_refused(operations: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(Uncorrectable, match=says):
        edit(*operations)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "first": 1, "text": " "},
        {"op": "replace", "text": "x"},
        {"op": "replace", "first": 1, "start_ms": 0, "end_ms": 9, "text": "x"},
        {"op": "delete", "start_ms": 5},
        {"op": "delete", "last": 5},
        {"op": "split", "word": 1, "texts": ["whole"]},
        {"op": "merge", "first": 1, "last": 2, "text": "two words"},
        {"op": "shout", "first": 1},
    ],
)
def test_an_operation_that_says_too_little_or_too_much_is_no_operation(
    operation: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[Any](Operation).validate_python(operation)


TEXTS = st.lists(st.text("abcdé漢", min_size=1, max_size=8), min_size=1, max_size=4)


@given(st.data())
def test_whatever_is_corrected_words_stay_in_order_and_can_be_stored(data: st.DataObject) -> None:
    edges = data.draw(st.lists(st.integers(0, 9), min_size=2, max_size=6, unique=True).map(sorted))
    operations: list[dict[str, Any]] = []
    for first, behind in pairwise(edges):
        last = behind - 1
        kind = data.draw(st.sampled_from(["replace", "delete", "merge"]))
        texts = " ".join(data.draw(TEXTS)) if kind == "replace" else ""
        more = {"text": texts} if texts else {}
        operations.append({"op": kind, "first": first, "last": last, **more})

    made = edit(*operations)

    spoken = subtitles.words(made)
    assert all(word.start_ms <= word.end_ms for word in spoken)
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(spoken))
    assert to_json(made)
    untouched = [w.text for n, w in enumerate(subtitles.words(HEARD)) if n < edges[0]]
    assert [word.text for word in spoken][: len(untouched)] == untouched
    assert subtitles.srt(made).count("-->") <= len(spoken)
