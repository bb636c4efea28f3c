"""The trained weights: whole, named by their hash, and honest about what they were trained on."""

import hashlib

import numpy as np
import pytest

from clipforge_clip_detection import features, interest
from clipforge_clip_detection.interest import FILE, FOLDS, VERSION, hashes, surroundings
from clipforge_clip_detection.sentences import sentences
from detecting import talk, whole


def test_the_name_tells_version_and_hash_of_the_stored_weights() -> None:
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()

    assert interest.load().name == f"offline-{VERSION}-{digest[:12]}"


def test_the_card_beside_the_weights_names_their_version_and_hash() -> None:
    card = (FILE.parent / "README.md").read_text()

    assert f"version {VERSION}" in card
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() in card


def test_the_weights_fit_the_features_that_they_were_trained_on() -> None:
    weights = interest.load()
    measured = features.measure(whole("One sentence. Another one."))

    assert weights.hand.shape == (FOLDS, surroundings(measured).shape[1])
    assert weights.words.shape == (FOLDS, len(weights.keys))
    assert (np.diff(weights.keys.astype(np.int64)) > 0).all()
    assert FILE.stat().st_size < 300_000


def test_each_fold_judges_by_a_training_of_its_own() -> None:
    found = sentences(talk(3), 60_000)
    measured = features.measure(found)

    judged = [interest.load().of(found, measured, fold) for fold in range(FOLDS)]

    assert all(
        not np.allclose(judged[one], judged[two]) for one in range(FOLDS) for two in range(one)
    )


def test_a_better_place_never_has_a_lower_chance() -> None:
    chances = [interest.load().chance(percentile / 1000) for percentile in range(1001)]

    assert chances == sorted(chances)
    assert 0 < chances[0] < chances[-1] < 0.2  # editors take two places of two hundred


@pytest.mark.parametrize(
    ("common", "rare"), [("people", "glacier"), ("the", "photosynthesis"), ("think", "xyzzy")]
)
def test_what_most_talks_say_is_familiar(common: str, rare: str) -> None:
    familiar = interest.load().familiar

    assert familiar(common) > 0.9
    assert familiar(rare) < 0.5


def test_words_and_pairs_of_words_are_hashed_once_each() -> None:
    assert len(hashes("To be or not to be")) == 4 + 4  # to be or not; "to be" stands twice
    assert hashes("A log!").tolist() == hashes("a   LOG").tolist()
