"""Subtitles: readable cues of whatever was said, in forms that players accept."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge.v1.documents_pb2 import Segment, Transcript, Word
from clipforge_contracts import subtitles
from clipforge_contracts.subtitles import LINE, LONGEST_MS, SHORTEST_MS, Cue, cues


def said(text: str, *, every: int = 300, start: int = 0) -> list[Word]:
    """Words one after the other, without pauses."""
    return [
        Word(text=one, start_ms=start + n * every, end_ms=start + (n + 1) * every)
        for n, one in enumerate(text.split())
    ]


def transcript(*segments: list[Word]) -> Transcript:
    return Transcript(
        segments=[
            Segment(
                text=" ".join(word.text for word in words),
                start_ms=words[0].start_ms,
                end_ms=words[-1].end_ms,
                words=words,
            )
            for words in segments
        ]
    )


TALK = transcript(said("Why do queues lose work?"), said("Because nobody asked.", start=3000))


def test_srt_numbers_its_cues_and_has_commas_in_its_times() -> None:
    assert subtitles.srt(TALK) == (
        "1\n00:00:00,000 --> 00:00:01,500\nWhy do queues lose work?\n\n"
        "2\n00:00:03,000 --> 00:00:03,900\nBecause nobody asked.\n"
    )


def test_vtt_has_a_head_and_points_in_its_times() -> None:
    assert subtitles.vtt(TALK) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nWhy do queues lose work?\n\n"
        "00:00:03.000 --> 00:00:03.900\nBecause nobody asked.\n"
    )


def test_text_is_a_segment_a_line() -> None:
    assert subtitles.txt(TALK) == "Why do queues lose work?\nBecause nobody asked.\n"


@pytest.mark.parametrize(
    "silent",
    [
        pytest.param(Transcript(), id="no-segments"),
        pytest.param(Transcript(segments=[Segment(text=" ", end_ms=900)]), id="blank-segment"),
        pytest.param(
            Transcript(segments=[Segment(words=[Word(text=" ", end_ms=900)])]), id="blank-word"
        ),
    ],
)
def test_where_nothing_was_said_there_are_no_cues(silent: Transcript) -> None:
    assert subtitles.srt(silent) == ""
    assert subtitles.vtt(silent) == "WEBVTT\n\n"
    assert subtitles.txt(silent) == ""


def test_a_segment_without_words_is_shared_out_over_its_time() -> None:
    text = " ".join(["sentence"] * 30)
    whole = Transcript(segments=[Segment(text=text, start_ms=1000, end_ms=31_000)])

    made = cues(subtitles.words(whole))

    assert len(made) > 4
    assert " ".join(line for cue in made for line in cue.lines) == text
    assert made[0].start_ms == 1000
    assert made[-1].end_ms == 31_000


def test_a_very_long_word_is_cut_to_lines_and_to_times() -> None:
    address = "https://example.com/" + "a" * 280

    made = cues([Word(text=address, start_ms=0, end_ms=3000), *said("said she", start=3000)])

    assert "".join(line for cue in made for line in cue.lines).startswith(address)
    assert all(len(line) <= LINE for cue in made for line in cue.lines)
    assert [cue.start_ms for cue in made] == sorted({cue.start_ms for cue in made})


def test_two_lines_are_of_nearly_one_length() -> None:
    [cue] = cues(said("these are ten words which do not fit one line", every=100))

    assert cue.lines == ("these are ten words", "which do not fit one line")


def test_a_pause_ends_a_cue() -> None:
    made = cues([*said("before it"), *said("after it", start=2000)])

    assert [cue.lines for cue in made] == [("before it",), ("after it",)]


@pytest.mark.parametrize("end", [".", "?", "!", '."', "。", "؟", "।"])
def test_the_end_of_a_sentence_ends_a_cue(end: str) -> None:
    made = cues(said(f"so it was{end} Then came more"))

    assert [cue.lines for cue in made] == [(f"so it was{end}",), ("Then came more",)]


def test_a_short_word_is_held_until_it_can_be_read() -> None:
    made = cues([Word(text="No.", start_ms=1000, end_ms=1100), *said("Never ever.", start=9000)])

    assert made[0] == Cue(1000, 1000 + SHORTEST_MS, ("No.",))


def test_a_word_that_never_ends_is_shown_no_longer_than_a_cue() -> None:
    [cue] = cues([Word(text="Aaah", start_ms=0, end_ms=60_000)])

    assert cue.end_ms == LONGEST_MS


def test_what_runs_from_right_to_left_keeps_the_order_in_which_it_is_said() -> None:
    hebrew = "שלום לכולם, ברוכים הבאים לפודקאסט שלנו על תורים"

    made = cues(said(hebrew))

    assert " ".join(line for cue in made for line in cue.lines) == hebrew


def test_marks_stay_with_their_letters_and_take_no_room() -> None:
    word = "مُحَمَّدٌ" * 12  # four letters and five marks, twelve times

    made = cues([Word(text=word, start_ms=0, end_ms=2000)])

    lines = [line for cue in made for line in cue.lines]
    assert "".join(lines) == word
    assert [len(re.sub("[\u064b-\u0652]", "", line)) for line in lines] == [LINE, 48 - LINE]
    assert not any(re.match("[\u064b-\u0652]", line) for line in lines)


def test_scripts_without_spaces_get_none() -> None:
    [cue] = cues(said("今日 は 良い 天気 です NATS の 話"))

    assert cue.lines == ("今日は良い天気です NATS の話",)


def test_markup_is_text() -> None:
    [tagged] = [transcript(said("<i>R&D</i> --> done"))]

    assert "&lt;i&gt;R&amp;D&lt;/i&gt; --&gt; done" in subtitles.vtt(tagged)
    assert subtitles.srt(tagged).count("-->") == 1


def test_a_text_cannot_end_its_cue() -> None:
    broken = transcript([Word(text="one\n\ntwo\r\n", start_ms=0, end_ms=900)])

    assert subtitles.srt(broken) == "1\n00:00:00,000 --> 00:00:00,900\none two\n"


def test_times_beyond_an_hour_are_written_out() -> None:
    [late] = [transcript(said("late", start=3_723_004))]

    assert "01:02:03,004 --> 01:02:03,704" in subtitles.srt(late)


any_words = st.lists(
    st.builds(
        Word,
        text=st.text(max_size=60),
        start_ms=st.integers(0, 40_000),
        end_ms=st.integers(0, 40_000),
    ),
    max_size=30,
)


@given(any_words)
def test_whatever_was_said_the_cues_can_be_shown(spoken: list[Word]) -> None:
    made = cues(spoken)

    for cue, following in pairwise(made):
        assert cue.end_ms <= following.start_ms
    for cue in made:
        assert cue.start_ms < cue.end_ms <= cue.start_ms + LONGEST_MS
        assert 1 <= len(cue.lines) <= 2
        assert all(line.strip() and subtitles._columns(line) <= LINE for line in cue.lines)


@given(any_words)
def test_no_letter_is_lost(spoken: list[Word]) -> None:
    in_order = sorted(spoken, key=lambda word: word.start_ms)

    shown = "".join(line for cue in cues(spoken) for line in cue.lines)

    assert "".join(shown.split()) == "".join("".join(word.text.split()) for word in in_order)
