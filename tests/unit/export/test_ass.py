"""The ASS file: nothing that is said can change how it looks, and times are the words' own."""

import re

import pytest

from clipforge_contracts.styles import STYLES
from clipforge_export import ass, captions
from clipforge_export.canvas import CANVASES
from clipforge_export.captions import Said
from exporting import metrics, spoken

SAFE = CANVASES["9:16"]
OVERRIDE = re.compile(r"(?<!\\)\{[^}]*\}")
NASTY = [
    "{\\fs200}big",
    "a\\Nb",
    "a\\nb",
    "\\{\\b1}",
    "}{",
    "one,two,,three",
    "Dialogue: 0,0:00:00.00",
    "{\\p1}m",
    "\\",
    "{",
]


def lines(said: list[Said], style: str) -> list[list[str]]:
    """The fields of each event."""
    look = STYLES[style]
    text = ass.write(captions.cues(said, look, metrics(look), SAFE), look, metrics(look), SAFE)
    found = [line for line in text.splitlines() if line.startswith("Dialogue: ")]
    return [line.removeprefix("Dialogue: ").split(",", 9) for line in found]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("word", NASTY)
def test_nothing_that_is_said_becomes_an_override(style: str, word: str) -> None:
    tame = [OVERRIDE.findall(event[9]) for event in lines([Said("x", 0, 500)], style)]
    nasty = lines([Said(word, 0, 500)], style)

    assert len(nasty) >= len(tame)
    for event in nasty:
        shown = OVERRIDE.sub("", event[9]) if event[3] == "W" else ""
        assert not re.search(r"(?<!\\)[{}]", shown)
        assert not re.search(r"\\[^{}\u2060]", shown)
        assert len(OVERRIDE.findall(event[9])) == 1


@pytest.mark.parametrize("style", ["pop", "boxed", "neon", "minimal", "bar", "build", "single"])
def test_each_word_lights_up_within_ten_milliseconds_of_its_time(style: str) -> None:
    said = [Said("one", 123, 333), Said("two", 347, 701), Said("three", 708, 999)]

    starts = {_milliseconds(event[1]) for event in lines(said, style)}

    for word in said:
        assert min(abs(start - word.start_ms) for start in starts) <= 10


def test_a_sweep_reaches_each_word_within_ten_milliseconds_of_its_time() -> None:
    said = [Said("one", 123, 333), Said("two", 347, 701), Said("three", 708, 999)]

    for word, event in zip(said, lines(said, "karaoke"), strict=True):
        before = int(re.findall(r"\\k(\d+)", event[9])[0])
        assert abs(_milliseconds(event[1]) + before * 10 - word.start_ms) <= 15


@pytest.mark.parametrize("style", STYLES)
def test_no_event_ends_before_it_begins_where_words_overlap_or_have_no_length(style: str) -> None:
    said = [Said("one", 0, 900), Said("two", 300, 300), Said("three", 300, 350)]

    for event in lines(said, style):
        assert _milliseconds(event[2]) >= _milliseconds(event[1])


def test_a_film_without_words_has_a_file_without_events() -> None:
    assert lines([], "pop") == []
    assert lines(spoken("a"), "pop") != []


def _milliseconds(time: str) -> int:
    hours, minutes, seconds = time.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)
