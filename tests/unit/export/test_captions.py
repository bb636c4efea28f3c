"""Captions: which words are shown when, and where they stand."""

from itertools import pairwise

import pytest

from clipforge.v1.documents_pb2 import Segment, Transcript, Word
from clipforge_contracts.styles import STYLES, Style
from clipforge_export import captions
from clipforge_export.canvas import CANVASES
from clipforge_export.captions import Said
from exporting import metrics, spoken

TEXT = (
    "Have you ever lost a whole night of work because one machine fell over? I have. "
    "Four hundred videos were waiting, incomprehensibilities notwithstanding, in one line."
)
SPAN = 120  # letters of a word that fits at no size


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("aspect", CANVASES)
@pytest.mark.parametrize("text", [TEXT, "short " + "W" * SPAN + " words", "שלום עולם טוב מאוד"])
def test_every_word_stands_inside_the_safe_box(style: Style, aspect: str, text: str) -> None:
    safe = CANVASES[aspect]

    cues = captions.cues(spoken(text), style, metrics(style), safe)

    for word in (word for cue in cues for word in cue.words):
        assert safe.left - 1 <= word.x - word.width / 2
        assert word.x + word.width / 2 <= safe.right + 1
        assert style.size / 2 < word.y < safe.height - style.size / 2


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_cues_keep_to_the_lines_and_words_of_their_style_and_lose_no_word(style: Style) -> None:
    cues = captions.cues(spoken(TEXT), style, metrics(style), CANVASES["9:16"])

    for cue in cues:
        rows = [word.y for word in cue.words]
        assert len(set(rows)) <= style.lines
        assert all(rows.count(y) <= style.words for y in rows)
    assert [word.text for cue in cues for word in cue.words] == TEXT.split()


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_cues_never_overlap_and_words_keep_their_own_times(style: Style) -> None:
    said = spoken(TEXT)

    cues = captions.cues(said, style, metrics(style), CANVASES["9:16"])

    assert all(one.end_ms <= two.start_ms for one, two in pairwise(cues))
    times = [(word.start_ms, word.end_ms) for cue in cues for word in cue.words]
    assert times == [(word.start_ms, word.end_ms) for word in said]


def test_a_pause_and_the_end_of_a_sentence_end_a_cue() -> None:
    said = [Said("One.", 0, 200), Said("two", 210, 400), Said("three", 1100, 1300)]

    cues = captions.cues(said, STYLES["minimal"], metrics(STYLES["minimal"]), CANVASES["1:1"])

    assert [[word.text for word in cue.words] for cue in cues] == [["One."], ["two"], ["three"]]
    assert cues[1].end_ms == 400 + captions.LINGER_MS


def test_words_that_run_from_right_to_left_stand_so() -> None:
    style = STYLES["karaoke"]

    (cue,) = captions.cues(spoken("שלום עולם"), style, metrics(style), CANVASES["9:16"])

    assert [word.text for word in cue.words] == ["שלום", "עולם"]
    assert cue.words[0].x > cue.words[1].x


def test_a_word_that_no_size_makes_fit_is_broken_within_its_time() -> None:
    style = STYLES["pop"]

    cues = captions.cues([Said("W" * SPAN, 1000, 4000)], style, metrics(style), CANVASES["9:16"])

    pieces = [word for cue in cues for word in cue.words]
    assert "".join(piece.text for piece in pieces) == "W" * SPAN
    assert pieces[0].start_ms == 1000
    assert pieces[-1].end_ms == 4000
    assert min(piece.scale for piece in pieces) >= captions.SHRINK


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("one\ntwo", "one two"),
        ("great👍🏽", "great"),
        ("❤️", ""),
        ("1️⃣", "1"),
        ("\u202ebackwards", "backwards"),
        ("می\u200cشود", "می\u200cشود"),
        ("a\x00b", "ab"),
    ],
)
def test_only_what_can_be_drawn_is_kept_of_a_word(text: str, kept: str) -> None:
    said = captions.said(_transcript(Word(text=text, start_ms=0, end_ms=100)), 0, 1000)

    assert [word.text for word in said] == ([kept] if kept else [])


def test_words_are_those_of_the_span_in_its_own_time_and_in_order() -> None:
    film = _transcript(
        Word(text="late", start_ms=1900, end_ms=2300),
        Word(text="before", start_ms=0, end_ms=400),
        Word(text="edge", start_ms=900, end_ms=1300),
        Word(text="after", start_ms=2100, end_ms=2500),
    )

    said = captions.said(film, 1000, 2150)

    assert said == [Said("edge", 0, 300), Said("late", 900, 1150)]


def _transcript(*words: Word) -> Transcript:
    return Transcript(segments=[Segment(text="x", start_ms=0, end_ms=9000, words=words)])
