"""Sentences: where clips may begin and end."""

from itertools import pairwise

import pytest

from clipforge.v1.documents_pb2 import Segment, Transcript, Word
from clipforge_clip_detection.sentences import sentences
from detecting import GAP_MS, WORD_MS, said, whole


def test_full_stops_of_every_script_end_sentences() -> None:
    texts = ["It works.", "Does it?", "यह काम करता है।", "هل يعمل؟", "It does!"]

    found = whole(" ".join(texts))

    assert [sentence.text for sentence in found] == texts
    assert [sentence.asks for sentence in found] == [False, True, False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "We met Dr. Who at noon.",
        "It is J. Smith who said so.",
        "Call me at 5 p.m. on Monday.",
        "Some tools, e.g. a pencil, are old.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(text: str) -> None:
    assert [sentence.text for sentence in whole(text)] == [text]


def test_a_closing_quote_may_follow_the_full_stop() -> None:
    found = whole("He said \u201cgo on.\u201d Then he left.")

    assert [sentence.text for sentence in found] == ["He said \u201cgo on.\u201d", "Then he left."]


def test_a_long_pause_ends_a_sentence_that_has_no_full_stop() -> None:
    transcript = said("nobody wrote a full stop here")
    for word in transcript.segments[0].words[3:]:
        word.start_ms += 900
        word.end_ms += 900

    found = sentences(transcript, 60_000)

    assert [sentence.text for sentence in found] == ["nobody wrote a", "full stop here"]
    assert all(sentence.finished for sentence in found)


def test_speech_without_any_mark_is_cut_into_parts_that_say_they_are_unfinished() -> None:
    found = whole(" ".join(f"word{n}" for n in range(100)))

    assert [sentence.words for sentence in found] == [40, 40, 20]
    assert [sentence.finished for sentence in found] == [False, False, True]


def test_no_sentence_is_longer_than_a_clip_may_be() -> None:
    longest_ms = 5000

    found = sentences(said("a sentence that goes on and on " * 5), longest_ms)

    assert all(sentence.end_ms - sentence.start_ms <= longest_ms for sentence in found)


def test_every_word_is_in_one_sentence_and_none_overlap() -> None:
    text = "One two three. Four five? Six seven eight nine. Ten."
    transcript = said(text)
    for word in transcript.segments[1].words:  # recognisers let neighbours overlap
        word.start_ms -= 500

    found = sentences(transcript, 60_000)

    assert " ".join(sentence.text for sentence in found) == text
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(found))
    assert all(sentence.start_ms <= sentence.end_ms for sentence in found)


def test_the_silence_around_a_sentence_is_known() -> None:
    transcript = said("One two. Three four.", silence_ms=2000)

    first, second = sentences(transcript, 60_000)

    assert first.pause_before_ms == 2000
    assert first.pause_after_ms == second.pause_before_ms == second.start_ms - first.end_ms
    assert second.pause_after_ms == 2000
    assert first.end_ms - first.start_ms == 2 * WORD_MS + GAP_MS


def test_a_segment_without_word_times_shares_its_time_out() -> None:
    found = sentences(said("One two three. Four five.", word_times=False), 60_000)

    assert [sentence.text for sentence in found] == ["One two three.", "Four five."]
    assert found[0].end_ms <= found[1].start_ms


def test_chinese_is_joined_without_spaces() -> None:
    segment = Segment(
        words=[
            Word(text=text, start_ms=n * 200, end_ms=n * 200 + 200)
            for n, text in enumerate(["我们", "今天", "讨论", "云。", "它", "很", "有用。"])
        ]
    )

    found = sentences(Transcript(segments=[segment], duration_ms=2000), 60_000)

    assert [sentence.text for sentence in found] == ["我们今天讨论云。", "它很有用。"]


def test_a_chinese_segment_without_word_times_becomes_sentences() -> None:
    texts = ["我们今天讨论云。", "它很有用。", "你觉得呢\uff1f"]
    segment = Segment(text="".join(texts), start_ms=0, end_ms=9000)

    found = sentences(Transcript(segments=[segment], duration_ms=9000), 60_000)

    assert [sentence.text for sentence in found] == [
        "我们今天讨论云。",
        "它很有用。",
        "你觉得呢\uff1f",
    ]
    assert found[-1].asks
    assert found[-1].end_ms == 9000


def test_nothing_said_gives_no_sentence() -> None:
    empty = Transcript(duration_ms=60_000)
    blank = Transcript(duration_ms=60_000, segments=[Segment(text="  ", start_ms=0, end_ms=900)])

    assert sentences(empty, 60_000) == []
    assert sentences(blank, 60_000) == []
