"""From a transcript to clips: the promises to whoever watches them."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from clipforge.v1.documents_pb2 import Clip, Segment, Transcript, Word
from clipforge_clip_detection import scoring
from clipforge_clip_detection.detector import RESULT_VERSION
from clipforge_contracts.documents import to_json
from clipforge_contracts.validation import validate
from detecting import clips, inside, said, talk

TESTS = Path(__file__).parents[2]


def in_order(found: list[Clip]) -> list[Clip]:
    return sorted(found, key=lambda clip: clip.start_ms)


@pytest.mark.parametrize("minutes", [0.2, 1, 3, 10, 45])
def test_a_talk_always_gives_clips_apart_from_each_other_and_within_it(minutes: float) -> None:
    transcript = talk(minutes)

    found = list(clips(transcript).clips)

    assert found
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(in_order(found)))
    assert all(0 <= clip.start_ms < clip.end_ms <= transcript.duration_ms for clip in found)
    assert len({clip.id for clip in found}) == len(found)


@pytest.mark.parametrize(
    ("shortest", "longest"), [(20_000, 60_000), (15_000, 30_000), (5000, 8000), (60_000, 180_000)]
)
def test_every_clip_keeps_the_lengths_that_were_asked_for(shortest: int, longest: int) -> None:
    found = clips(talk(20), min_ms=shortest, max_ms=longest).clips

    assert found
    assert all(shortest <= clip.end_ms - clip.start_ms <= longest for clip in found)


def test_a_length_that_no_run_of_sentences_has_is_kept_all_the_same() -> None:
    sentence = "Words " + " ".join(["word"] * 29)  # 11 s
    transcript = said(" ".join(f"{sentence} number{n}." for n in range(20)))

    found = clips(transcript, min_ms=14_000, max_ms=16_000).clips

    assert found
    assert all(14_000 <= clip.end_ms - clip.start_ms <= 16_000 for clip in found)
    for clip in found:  # it begins with a sentence at least
        before = inside(transcript, 0, clip.start_ms)
        assert not before or before[-1].endswith(".")


def test_a_word_in_a_long_silence_becomes_a_clip_of_the_length_asked_for() -> None:
    found = clips(said("Hello there.", silence_ms=20_000), min_ms=15_000, max_ms=30_000).clips

    assert [clip.end_ms - clip.start_ms for clip in found] == [15_000]


def test_as_many_clips_as_asked_for_best_first() -> None:
    found = clips(talk(30), count=7).clips

    assert len(found) == 7
    assert [clip.score for clip in found] == sorted((clip.score for clip in found), reverse=True)
    chances = [clip.confidence for clip in found]
    assert chances == sorted(chances, reverse=True)


def test_every_clip_begins_and_ends_with_whole_sentences() -> None:
    transcript = talk(15)

    for clip in clips(transcript).clips:
        words = inside(transcript, clip.start_ms, clip.end_ms)
        assert words[0][0].isupper()
        assert words[-1].endswith((".", "?"))
        before = inside(transcript, 0, clip.start_ms)
        assert not before or before[-1].endswith((".", "?"))


def test_a_clip_keeps_half_of_the_silence_around_it_up_to_a_breath() -> None:
    transcript = said(" ".join(["The harbour froze in the winter of that year."] * 6))
    transcript.duration_ms += 10_000
    for segment in transcript.segments:
        for word in segment.words:
            word.start_ms += 9000
            word.end_ms += 9000

    [clip] = clips(transcript, count=1).clips

    words = [word for segment in transcript.segments for word in segment.words]
    assert words[0].start_ms - clip.start_ms == 350
    assert clip.end_ms - words[-1].end_ms == 450


def test_clips_of_a_long_talk_come_from_all_of_it() -> None:
    transcript = talk(90)

    found = clips(transcript).clips

    assert {3 * clip.start_ms // transcript.duration_ms for clip in found} == {0, 1, 2}


def test_nothing_said_gives_no_clip() -> None:
    found = clips(Transcript(duration_ms=90_000))

    assert list(found.clips) == []
    assert found.candidates == 0


@pytest.mark.parametrize("text", ["Hello.", "Hello", "So here is what I learned that night."])
def test_one_sentence_gives_one_clip_that_is_all_of_it(text: str) -> None:
    transcript = said(text)

    [clip] = clips(transcript).clips

    assert inside(transcript, clip.start_ms, clip.end_ms) == text.split()
    assert clip.title
    assert clip.reasons


def test_speech_without_any_mark_gives_clips() -> None:
    transcript = said(" ".join(f"word{n}" for n in range(600)))

    found = clips(transcript).clips

    assert len(found) >= 3
    assert all(20_000 <= clip.end_ms - clip.start_ms <= 60_000 for clip in found)


def test_a_transcript_without_word_times_gives_clips_at_its_sentences() -> None:
    timed, untimed = talk(8), talk(8)
    for segment in untimed.segments:
        segment.ClearField("words")

    found = clips(untimed).clips

    ends = {segment.end_ms for segment in timed.segments}
    starts = {segment.start_ms for segment in timed.segments}
    assert found
    for clip in found:
        assert any(0 <= start - clip.start_ms <= 350 for start in starts)
        assert any(0 <= clip.end_ms - end <= 450 for end in ends)


def test_one_word_that_lasts_for_minutes_gives_one_clip_of_the_longest_length() -> None:
    word = Word(text="Oooooh.", start_ms=0, end_ms=300_000)
    segment = Segment(text=word.text, start_ms=0, end_ms=300_000, words=[word])

    [clip] = clips(Transcript(duration_ms=300_000, segments=[segment])).clips

    assert (clip.start_ms, clip.end_ms) == (0, 60_000)


@pytest.mark.parametrize(
    "text",
    [
        "今天我们讨论云计算的未来。它很有用。你觉得呢。大家都知道这个故事。" * 20,
        "يعتقد معظم الناس أن العمل سهل. هل هذا صحيح؟ لا أعرف أبدا. " * 20,
        "हम आज काम के भविष्य के बारे में बात करेंगे। क्या यह सही है? कोई नहीं जानता। " * 20,
        "Heute sprechen wir über die Zukunft der Arbeit. Ist das richtig? Niemand weiß es. " * 20,
        "วันนี้เราจะพูดถึงอนาคตของการทำงาน " * 40,
    ],
    ids=["Chinese", "Arabic", "Hindi", "German", "Thai"],
)
def test_a_talk_in_any_language_gives_clips_in_its_own_words(text: str) -> None:
    transcript = Transcript(duration_ms=150_000)
    transcript.segments.append(Segment(text=text.strip(), start_ms=0, end_ms=150_000))

    found = clips(transcript).clips

    assert found
    for clip in found:
        assert "".join(clip.title.rstrip("\u2026").split()) in "".join(text.split())
        assert all(tag[1:] in text.lower() for tag in clip.hashtags)
        validate(clip)


def test_what_the_film_announces_at_its_beginning_is_chosen_where_it_is_told() -> None:
    transcript = talk(30)
    lines = [segment.text for segment in transcript.segments]
    chosen = lines[140:143]
    opened = said(" ".join([*chosen, "Welcome back to the workshop.", *lines]))

    best = clips(opened).clips[0]

    assert all(line in best.text for line in chosen[:2])
    assert best.start_ms > 60_000
    assert "The film announces this moment at its beginning." in best.reasons


def test_each_clip_tells_how_it_was_judged_and_by_which_weights() -> None:
    found = clips(talk(5))

    assert found.result_version == RESULT_VERSION
    for clip in found.clips:
        assert {factor.name: factor.weight for factor in clip.factors} == scoring.WEIGHTS
        assert all(0 <= factor.value <= 1 for factor in clip.factors)
        assert clip.detector == found.detector
        assert 0 <= clip.score <= 100
        assert 0 < clip.confidence < 1


def test_the_same_transcript_gives_the_same_bytes_whatever_the_process() -> None:
    script = (
        "import sys; from detecting import clips, talk; "
        "from clipforge_contracts.documents import to_json; "
        "sys.stdout.buffer.write(to_json(clips(talk(20))))"
    )
    made = set()
    for seed, threads in (("0", "1"), ("1", "2"), ("4711", "8")):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "PYTHONPATH": str(TESTS),
        }
        made.add(
            subprocess.run(
                [sys.executable, "-c", script],
                env=environment,
                capture_output=True,
                check=True,
                timeout=120,
            ).stdout
        )

    assert made == {to_json(clips(talk(20)))}


def test_the_same_transcript_gives_the_same_bytes_again_and_again() -> None:
    transcript = talk(10)

    made = {to_json(clips(transcript)) for _ in range(20)}

    assert len(made) == 1
