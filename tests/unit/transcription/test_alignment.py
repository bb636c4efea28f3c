"""PocketSphinx aligns what it can spell, and says where it cannot."""

import numpy as np
import pytest

from clipforge_transcription.alignment import _decoder, _spelled, align
from clipforge_transcription.samples import RATE

NOISE = (np.random.default_rng(7).normal(size=3 * RATE) * 0.05).astype(np.float32)


@pytest.mark.parametrize(
    ("word", "spelled"),
    [
        ("Hello,", ["hello"]),
        ("don\u2019t", ["don't"]),
        ("ill-disposed.", ["ill", "disposed"]),
        ("beauty's", ["beauty"]),
        ("'tis", ["tis"]),
        ("self-unbless", []),
        ("1984", []),
        ("\u2014", []),
    ],
)
def test_words_are_spelled_as_the_dictionary_has_them(word: str, spelled: list[str]) -> None:
    assert _spelled(word, _decoder()) == spelled


def test_one_unknown_word_leaves_the_whole_group_as_it_is() -> None:
    assert align(NOISE, ["hello", "Zyxomma"]) is None


def test_too_little_sound_is_not_aligned() -> None:
    assert align(NOISE[: RATE // 20], ["hello"]) is None


def test_words_that_do_not_fit_the_sound_give_nothing_or_times_within_it() -> None:
    times = align(NOISE, ["hello", "well-known", "world"])

    assert times is None or (len(times) == 3 and all(0 <= one < two <= 3 for one, two in times))
