"""Parts become one transcript: in order, nothing lost, nothing doubled, and said once."""

from clipforge.v1.documents_pb2 import AudioSpan, Segment, Transcript, TranscriptionPlan, Word
from clipforge_transcription import notices
from clipforge_transcription.merging import merge


def plan(parts: int, notice: str = "") -> TranscriptionPlan:
    spans = [AudioSpan(start_ms=n * 1000, end_ms=n * 1000 + 1000) for n in range(parts)]
    return TranscriptionPlan(spans=spans, notice=notice)


def part(n: int, text: str = "", *, notice: str = "") -> Transcript:
    made = Transcript(language="en", duration_ms=9000, engine="tiny.en", notice=notice)
    if text:
        words = [
            Word(text=word, start_ms=n * 1000 + at * 100, end_ms=n * 1000 + at * 100 + 100)
            for at, word in enumerate(text.split())
        ]
        made.segments.append(
            Segment(text=text, start_ms=n * 1000, end_ms=words[-1].end_ms, words=words)
        )
    return made


def test_words_follow_each_other_across_the_cuts() -> None:
    merged = merge(plan(3), [part(0, "one two"), part(1, "three"), part(2, "four five")])

    words = [word for segment in merged.segments for word in segment.words]
    assert [word.text for word in words] == ["one", "two", "three", "four", "five"]
    assert [word.start_ms for word in words] == [0, 100, 1000, 2000, 2100]
    assert (merged.language, merged.engine, merged.duration_ms) == ("en", "tiny.en", 9000)
    assert merged.notice == ""


def test_the_parts_are_left_as_they_were() -> None:
    first = part(0, "one")

    merge(plan(2), [first, part(1, "two")])

    assert len(first.segments) == 1


def test_a_film_in_which_nobody_speaks_says_so() -> None:
    assert merge(plan(2), [part(0), part(1)]).notice == notices.NO_SPEECH


def test_silence_is_not_called_an_uncertain_language() -> None:
    merged = merge(plan(1, notices.uncertain("nn")), [part(0)])

    assert merged.notice == notices.NO_SPEECH


def test_what_was_uncertain_when_the_film_was_planned_is_said() -> None:
    merged = merge(plan(1, notices.uncertain("nn")), [part(0, "hei")])

    assert merged.notice == notices.uncertain("nn")


def test_a_song_among_speech_is_a_gap_and_not_worth_a_word() -> None:
    song = part(1, notice=notices.NOT_ENGLISH)

    merged = merge(plan(3), [part(0, "one"), song, part(2, "two")])

    assert [segment.text for segment in merged.segments] == ["one", "two"]
    assert merged.notice == ""


def test_what_is_said_of_parts_that_have_words_is_said_once_beside_the_languages() -> None:
    without = [part(n, "one", notice=notices.VOCABULARY_LEFT_OUT) for n in (0, 1)]

    merged = merge(plan(2, notices.uncertain("nn")), without)

    assert [segment.text for segment in merged.segments] == ["one", "one"]
    assert merged.notice == f"{notices.uncertain('nn')} {notices.VOCABULARY_LEFT_OUT}"


def test_a_film_that_was_mostly_not_understood_has_no_words_at_all() -> None:
    strange = [part(n, notice=notices.NOT_ENGLISH) for n in (0, 1)]

    merged = merge(plan(3), [*strange, part(2, "gibberish")])

    assert list(merged.segments) == []
    assert merged.notice == notices.NOT_ENGLISH
