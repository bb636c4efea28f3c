"""What a recogniser invents is taken out; what was said stays."""

import pytest

from clipforge_transcription import guards
from clipforge_transcription.engines import Heard, Spoken


def heard(
    text: str,
    *,
    sure: float = 0.9,
    no_speech: float = 0.0,
    logprob: float = -0.3,
    compression: float = 1.3,
) -> Heard:
    words = tuple(Spoken(word, n, n + 1, sure) for n, word in enumerate(text.split()))
    return Heard(words, no_speech=no_speech, logprob=logprob, compression=compression)


@pytest.mark.parametrize(
    "invented",
    [
        heard("Prose in music.", no_speech=0.7, logprob=-1.2),
        heard("and on and on and on and on", compression=3.1),
        heard("Thank you.", sure=0.3),
        heard("Thanks for watching!", sure=0.4),
        heard("You You", sure=0.2),
        heard(""),
        heard("... ...", sure=0.05),
        heard("♪ ♪"),
    ],
)
def test_what_nobody_said_is_taken_out(invented: Heard) -> None:
    assert guards.believable([invented]) == []


@pytest.mark.parametrize(
    "said",
    [
        heard("A quiet remark.", no_speech=0.7, logprob=-0.4),
        heard("Mumbled, but said.", no_speech=0.1, logprob=-1.2),
        heard("It was the best of times, it was the worst of times.", compression=2.37),
        heard("Thank you.", sure=0.9),
        heard("Thank you for coming here today.", sure=0.3),
    ],
)
def test_what_somebody_said_stays(said: Heard) -> None:
    assert guards.believable([said]) == [said]


# Means of tiny.en, measured on read and spontaneous speech.
@pytest.mark.parametrize(
    ("logprob", "sure", "foreign"),
    [
        (-0.95, 0.46, True),  # Italian
        (-1.01, 0.47, True),  # Polish
        (-2.11, 0.27, True),  # Portuguese
        (-0.41, 0.81, False),  # a short phrase, misheard
        (-0.34, 0.86, False),  # Shakespeare
    ],
)
def test_prose_made_of_another_language_is_told(logprob: float, sure: float, foreign: bool) -> None:
    text = "I hope you enjoyed this video and see you"

    assert guards.sounds_foreign([heard(text, logprob=logprob, sure=sure)]) == foreign


def test_a_long_good_segment_outweighs_a_short_bad_one() -> None:
    good = heard("word " * 40)

    assert not guards.sounds_foreign([heard("um er", logprob=-2, sure=0.1), good])


def test_a_doubt_about_a_few_words_may_be_a_short_answer() -> None:
    assert guards.few([heard("Ciao monde"), heard("uno due")])
    assert not guards.few([heard("Ciao monde uno"), heard("due tre")])
