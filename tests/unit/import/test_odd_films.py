"""Films as people have them: each is imported right, or refused in words that help."""

from pathlib import Path

import pytest

from clipforge_runtime.errors import Permanent
from films import Films
from importing import House


@pytest.mark.parametrize(
    ("film", "width", "height", "seconds"),
    [
        ("plain.mp4", 320, 180, 3),
        ("silent.mp4", 320, 180, 3),
        ("music.mp4", 320, 180, 3),
        ("portrait.mp4", 180, 320, 3),
        ("turned-90.mp4", 180, 320, 3),
        ("variable.mp4", 320, 180, 3),
        ("hdr.mp4", 320, 180, 3),
        ("two-tracks.mp4", 320, 180, 3),
        ("film.mkv", 320, 180, 3),
        ("film.webm", 320, 180, 3),
        ("film.mov", 320, 180, 3),
        ("film.avi", 320, 180, 3),
        ("live.webm", 320, 180, 3),
        ("begins-anywhere.ts", 320, 180, 2.7),
        ("covered.mp4", 320, 180, 3),
        ("short-picture.mp4", 320, 180, 20),
        ("short-sound.mp4", 160, 90, 20),
    ],
)
async def test_it_is_imported(
    films: Films, tmp_path: Path, film: str, width: int, height: int, seconds: float
) -> None:
    imported = await House(tmp_path).upload(films(film))

    media = imported.media
    assert (media.width, media.height) == (width, height)
    assert media.duration_ms / 1000 == pytest.approx(seconds, abs=0.5)
    assert media.bytes == films(film).stat().st_size
    assert not imported.reused


@pytest.mark.parametrize(
    ("film", "reason", "words"),
    [
        ("no-sound.mp4", "no-audio", "no sound"),
        ("empty.mp4", "empty", "empty"),
        ("text.mp4", "not-a-video", "not a video"),
        ("playlist.mp4", "not-a-video", "not a video"),
        ("photo.png", "not-a-video", "a photo, not a video"),
        ("podcast.mp3", "no-picture", "only sound"),
        ("podcast.m4a", "no-picture", "only sound"),
        ("cut-off.mp4", "cut-off", "cut off"),
        ("cut-off.mkv", "cut-off", "cut off"),
        ("no-index.mp4", "cut-off", "cut off"),
        ("damaged.mp4", "damaged", "damaged"),
        ("huge.mp4", "too-many-pixels", "8K at most"),
        ("hours.mkv", "too-long", "longer than your plan takes"),
        ("unknown-sound.mp4", "unsupported-codec", "Use AAC"),
    ],
)
async def test_it_is_refused(
    films: Films, tmp_path: Path, film: str, reason: str, words: str
) -> None:
    house = House(tmp_path)

    with pytest.raises(Permanent, match=words) as refusal:
        await house.upload(films(film))

    assert refusal.value.reason == reason
    assert list(house.scratch.iterdir()) == []
    assert await house.store.find("tenants/") == []
