"""Lines that a recogniser left out: where they may be, and where they go."""

import numpy as np

from clipforge_transcription.engines import Spoken
from clipforge_transcription.omissions import Pause, Timed, filled, pauses
from clipforge_transcription.samples import RATE, Samples


def said(start: float, *texts: str) -> list[Spoken]:
    """Words two a second, a segment."""
    return [Spoken(text, start + n / 2, start + n / 2 + 0.4, 0.9) for n, text in enumerate(texts)]


def test_two_seconds_without_words_are_a_pause_wherever_they_are() -> None:
    timed = [said(3.0, "one", "two"), said(10.0, "three")]

    assert pauses(timed, 20.0) == [Pause(0, 0.0, 3.0), Pause(2, 3.9, 10.0), Pause(3, 10.4, 20.0)]


def test_less_is_a_breath() -> None:
    assert pauses([said(1.9, "one"), said(4.2, "two")], 6.5) == []


def test_where_nothing_was_heard_it_may_be_all_of_it() -> None:
    assert pauses([], 60.0) == [Pause(0, 0.0, 60.0)]


def test_a_word_that_lasts_as_long_as_a_line_hides_one() -> None:
    drawn_out = [Spoken("spring", 1.0, 9.0, 0.9), Spoken("with", 9.0, 9.2, 0.9)]

    assert pauses([drawn_out], 10.0) == [Pause(1, 3.0, 9.0)]


def whole(timed: Timed, *, speech_from: float) -> list[str]:
    """The segments of 20 s with a line in each piece in which somebody speaks, a second into it."""
    sound = np.repeat(np.arange(20, dtype=np.float32), RATE)

    def speech(pause: Samples) -> list[tuple[int, int]]:
        return [(0, len(pause) * 1000 // RATE)] if pause[0] >= speech_from else []

    segments = filled(timed, sound, speech=speech, hear=lambda _pause: [said(1.0, "a", "line")])
    words = [word for segment in segments for word in segment]
    assert words == sorted(words, key=lambda word: word.start)
    return [" ".join(word.text for word in segment) for segment in segments]


def test_a_line_goes_where_it_was_said() -> None:
    apart = [said(3.0, "one", "two"), said(10.0, "three")]
    around = [[*said(3.0, "one", "two"), *said(10.0, "three")]]

    for timed in (apart, around):
        assert whole(timed, speech_from=3) == ["one two", "a line", "three", "a line"]
    assert whole(apart, speech_from=0) == ["a line", "one two", "a line", "three", "a line"]


def test_a_long_pause_is_listened_to_in_pieces() -> None:
    """A minute without a pause for breath, of which each piece says how long it is."""
    sound = np.zeros(60 * RATE, np.float32)
    heard: list[float] = []

    def hear(piece: Samples) -> Timed:
        heard.append(len(piece) / RATE)
        return [said(0.0, "again")]

    segments = filled([said(0.0, "one")], sound, speech=lambda _: [(0, 59_600)], hear=hear)

    assert sum(heard) == 59.6
    assert max(heard) <= 8 * 4 / 3
    starts = [word.start for segment in segments for word in segment]
    assert starts == [0.0, *(0.4 + sum(heard[:n]) for n in range(len(heard)))]


def test_where_nobody_speaks_or_nothing_is_heard_nothing_changes() -> None:
    around = [[*said(3.0, "one", "two"), *said(10.0, "three")]]
    sound = np.zeros(20 * RATE, np.float32)

    assert whole(around, speech_from=99) == ["one two three"]
    assert filled(around, sound, speech=lambda _: [(0, 3000)], hear=lambda _: []) == around
