"""Exports of real and odd films, looked at and listened to."""

import json
from pathlib import Path

import numpy as np
import pytest

from clipforge_contracts.plans import Plan
from clipforge_contracts.styles import STYLES
from clipforge_export.canvas import CANVASES
from clipforge_export.frame import Size, framing
from clipforge_export.looking import look
from clipforge_export.reframing import layout, path
from clipforge_media.probe import probe
from data import find
from exporting import exported, loudness, make, pixels
from films import Films

pytestmark = pytest.mark.integration

FRAME_MS = 34
GREY = ("-f", "lavfi", "-i", "color=0x606060:size=640x360:rate=30:duration=4")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of one colour: what differs from it is a caption."""
    return make(tmp_path_factory.mktemp("grey") / "grey.mp4", *GREY, *TONE, *X264)


@pytest.mark.parametrize("style", STYLES)
async def test_captions_are_seen_in_the_safe_area_and_nowhere_else(
    tmp_path: Path, grey: Path, style: str
) -> None:
    for aspect, safe in CANVASES.items():
        clip = await exported(
            tmp_path, grey, 1000, 1500, words="Hello there", aspect=aspect, style=style
        )

        frame = np.frombuffer(pixels(clip, "270x270")[6], np.uint8).reshape(270, 270).astype(int)
        rows, columns = np.nonzero(np.abs(frame - np.median(frame)) > 40)

        assert len(rows) > 30, aspect
        assert columns.min() >= (safe.left - 60) * 270 / safe.width
        assert columns.max() <= (safe.right + 60) * 270 / safe.width
        assert rows.min() >= 270 * 0.5
        assert rows.max() <= 269


async def test_captions_come_and_go_with_the_voice(tmp_path: Path, grey: Path) -> None:
    clip = await exported(tmp_path, grey, 500, 3000, words="one", style="pop")
    # `exporting.spoken` says the first word from 0 to 250 ms; a cue stays 250 ms longer.
    seen = [max(frame) - min(frame) > 60 for frame in pixels(clip, "90x160")]

    assert all(seen[:15])
    assert not any(seen[17:])


async def test_a_clip_is_as_long_as_it_was_cut_at_both_ends_of_the_film(
    tmp_path: Path, films: Films
) -> None:
    film = films("plain.mp4")
    length = probe(film).duration_ms
    for start, end in ((0, 1000), (length - 1000, length), (1234, 2345)):
        info = probe(await exported(tmp_path, film, start, end))

        assert info.duration_ms == pytest.approx(end - start, abs=2 * FRAME_MS)
        assert (info.width, info.height) == (360, 640)


@pytest.mark.parametrize(
    "name",
    [
        "no-sound.mp4",
        "portrait.mp4",
        "variable.mp4",
        "turned-90.mp4",
        "two-tracks.mp4",
        "film.webm",
    ],
)
async def test_an_odd_film_comes_out_whole(tmp_path: Path, films: Films, name: str) -> None:
    info = probe(await exported(tmp_path, films(name), 500, 1500, words="Hello"))

    assert info.duration_ms == pytest.approx(1000, abs=2 * FRAME_MS)
    assert (info.width, info.height, info.rotation) == (360, 640, 0)
    assert info.audio_codec == "aac"


async def test_a_film_of_odd_dimensions_comes_out(tmp_path: Path) -> None:
    film = make(
        tmp_path / "odd.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=641x359:rate=30:duration=2", *TONE, "-t", "2"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p", "-c:a", "aac"),
    )
    for aspect in CANVASES:
        info = probe(await exported(tmp_path, film, 0, 500, aspect=aspect))
        assert min(info.width, info.height) == 360


async def test_a_turned_film_is_upright(tmp_path: Path, films: Films) -> None:
    clip = await exported(tmp_path, films("turned-90.mp4"), 0, 500)

    # Red left and blue right, turned clockwise: red is on top. Red is the lighter of the two.
    (frame, *_) = pixels(clip, "2x8")
    assert min(frame[:4]) > max(frame[12:])


@pytest.mark.parametrize("decibels", [-4, 0, 24])
async def test_loud_and_quiet_films_come_out_at_14_lufs(tmp_path: Path, decibels: int) -> None:
    film = make(
        tmp_path / "loud.mp4",
        *(*GREY, "-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.25:duration=4"),
        *("-af", f"tremolo=f=3:d=0.5,volume={decibels}dB", *X264),
    )

    clip = await exported(tmp_path, film, 0, 4000)

    assert loudness(clip) == pytest.approx(-14, abs=1)


async def test_silence_is_not_blown_up(tmp_path: Path, films: Films) -> None:
    assert loudness(await exported(tmp_path, films("silent.mp4"), 0, 2000)) <= -69


async def test_sound_and_picture_stay_together_where_pictures_are_rare(tmp_path: Path) -> None:
    """A recording of a screen: white and a tone from the fifth second on, a picture in two."""
    film = make(
        tmp_path / "slides.mp4",
        *("-f", "lavfi", "-i", "color=black:size=640x360:rate=1/2:duration=12"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=12"),
        *("-vf", "drawbox=c=white:t=fill:enable='gte(t,6)'", "-af", "volume=0:enable='lt(t,6)'"),
        *("-c:v", "libx264", "-g", "2", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac"),
    )

    clip = await exported(tmp_path, film, 3000, 8000, aspect="16:9")

    bright = [max(frame) > 128 for frame in pixels(clip, "8x8")]
    assert bright.index(True) / 30 == pytest.approx(3.0, abs=0.07)


def test_the_window_holds_the_face_of_real_footage() -> None:
    film = find("video/talk90_360p.mp4")
    truth = json.loads(find("video/gt90.json").read_text())
    info = probe(film)
    frame = framing(Size(info.width, info.height), "9:16", plan=Plan.BUSINESS, height=0)
    scale = info.width / truth["source_size"][0]
    known = {(0, 10): 500.0, (10, 20): 1450.0, (40, 50): 1680.0}

    shots = look(
        str(film),
        0,
        90_000,
        frame.source,
        rotation=0,
        on_seconds=lambda _seconds: None,
        cancelled=lambda: False,
    )
    keys = path(shots, frame, 90.0)

    assert layout(shots, frame) == "track"
    for cut in truth["cuts"]:
        assert min(abs(cut - found) for found in shots.cuts) < 0.05, cut
    inside: list[bool] = []
    for time in np.arange(0, 90, 1 / 30):
        face = next(
            (x for (start, end), x in known.items() if start + 0.05 <= time < end - 0.05), None
        )
        if 50.05 <= time < 69.95:
            face = 410 + 1100 * (0.5 - 0.5 * np.cos(2 * np.pi * (time - 50) / 20))
        if face is None:
            continue
        left = np.interp(time, [key[0] for key in keys], [key[1] for key in keys])
        inside.append(bool(left <= face * scale <= left + frame.crop.width))
    assert np.mean(inside) >= 0.95
