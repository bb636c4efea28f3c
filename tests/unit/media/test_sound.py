"""Sound for the recogniser, and the waveform."""

import math
import struct
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

from clipforge_media import audio, ffmpeg
from films import Films


async def test_the_sound_is_flac_of_16_kilohertz_16_bits_and_one_channel(
    films: Films, tmp_path: Path
) -> None:
    flac = tmp_path / "sound.flac"

    samples = await extract(films("film.mov"), flac)

    with av.open(str(flac)) as heard:
        (stream,) = heard.streams.audio
        assert (stream.rate, stream.channels, stream.format.name) == (16_000, 1, "s16")
        kept = b"".join(
            bytes(frame.planes[0])[: frame.samples * 2] for frame in heard.decode(stream)
        )
    assert len(samples) / audio.BYTES_A_SECOND == pytest.approx(3, abs=0.05)
    assert kept == samples


async def test_of_several_tracks_the_first_is_heard(films: Films, tmp_path: Path) -> None:
    samples = await extract(films("two-tracks.mp4"), tmp_path / "sound.flac")

    assert crossings(samples) / 3 == pytest.approx(2 * 440, rel=0.02)


def test_the_waveform_has_one_peak_for_each_50_ms_however_the_samples_arrive() -> None:
    second = b"".join(
        struct.pack("<h", round(32767 * (n / 16_000) * math.sin(n / 5))) for n in range(16_000)
    )
    whole, pieces = audio.Peaks(), audio.Peaks()

    whole.add(second)
    for start in range(0, len(second), 777):
        pieces.add(second[start : start + 777])
    values = whole.finish()

    assert values == pieces.finish()
    assert len(values) == 1000 / audio.PEAK_MS
    assert list(values) == pytest.approx([255 * (n + 1) / 20 for n in range(20)], abs=3)


def test_what_is_left_at_the_end_is_a_peak_of_its_own() -> None:
    peaks = audio.Peaks()

    peaks.add(struct.pack("<hh", -32768, 5) + b"\x01")

    assert peaks.finish() == b"\xff"


def test_silence_is_flat_and_nothing_is_nothing() -> None:
    silent, empty = audio.Peaks(), audio.Peaks()

    silent.add(b"\x00" * 3200)

    assert silent.finish() == b"\x00\x00"
    assert empty.finish() == b""


async def extract(film: Path, flac: Path) -> bytes:
    samples = bytearray()
    await ffmpeg.run(
        audio.to_flac(str(film), str(flac)), limit=timedelta(minutes=1), on_output=samples.extend
    )
    return bytes(samples)


def crossings(samples: bytes) -> int:
    values = struct.unpack(f"<{len(samples) // 2}h", samples)
    return sum(a * b < 0 or b == 0 for a, b in pairwise(values))
