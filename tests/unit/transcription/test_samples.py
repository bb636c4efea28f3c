"""Spans of a sound are exactly what a whole reading has there."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from clipforge_transcription import samples
from clipforge_transcription.samples import RATE, Samples
from exporting import make


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 s of noise: no two spans are alike."""
    return make(
        tmp_path_factory.mktemp("sound") / "noise.flac",
        *("-f", "lavfi", "-i", "anoisesrc=d=25:r=16000:seed=3:a=0.3", "-ac", "1"),
    )


@pytest.fixture(scope="module")
def whole(sound: Path) -> Samples:
    return samples.read(sound, 0, 25_000)


def test_the_whole_is_as_long_as_it_lasts(whole: Samples) -> None:
    assert len(whole) == 25 * RATE
    assert 0.1 < float(np.abs(whole).max()) <= 1


@pytest.mark.parametrize(("start", "end"), [(0, 1), (1, 90), (7_333, 16_001), (24_000, 25_000)])
def test_a_span_is_that_part_of_the_whole(
    sound: Path, whole: Samples, start: int, end: int
) -> None:
    span = samples.read(sound, start, end)

    np.testing.assert_array_equal(span, whole[start * RATE // 1000 : end * RATE // 1000])


def test_spans_side_by_side_lose_and_double_nothing(sound: Path, whole: Samples) -> None:
    cuts = [0, 8_123, 16_246, 25_000]

    parts = [samples.read(sound, *span) for span in pairwise(cuts)]

    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_beyond_the_end_there_is_nothing(sound: Path) -> None:
    assert len(samples.read(sound, 24_500, 60_000)) == RATE // 2
    assert len(samples.read(sound, 40_000, 60_000)) == 0


def test_blocks_are_of_one_length_but_for_the_last(sound: Path, whole: Samples) -> None:
    blocks = list(samples.blocks(sound, 10))

    assert [len(block) for block in blocks] == [10 * RATE, 10 * RATE, 5 * RATE]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
