"""What is no film is refused, with a reason that stays and a sentence that helps."""

from pathlib import Path

import pytest

from clipforge_media import boxes
from clipforge_media.probe import NotMedia, probe
from films import Films


@pytest.mark.parametrize(
    ("film", "reason", "words"),
    [
        ("text.mp4", "not-a-video", "Use MP4"),
        ("empty.mp4", "not-a-video", "Use MP4"),
        ("playlist.mp4", "not-a-video", "Use MP4"),
        ("concat.mp4", "not-a-video", "Use MP4"),
        ("photo.jpg", "not-a-video", "a photo"),
        ("photo.png", "not-a-video", "a photo"),
        ("photo.gif", "not-a-video", "a photo"),
        ("podcast.mp3", "no-picture", "only sound"),
        ("podcast.m4a", "no-picture", "only sound"),
        ("no-index.mp4", "cut-off", "Upload it again"),
        ("cut-off.mp4", "cut-off", "40% of it is missing"),
        ("huge.mp4", "too-many-pixels", "9000x5000"),
        ("damaged.mp4", "damaged", "Upload it again"),
        ("unknown-picture.mp4", "unsupported-codec", "something unknown"),
        ("unknown-sound.mp4", "unsupported-codec", "something unknown"),
    ],
)
def test_what_is_no_film_is_refused(films: Films, film: str, reason: str, words: str) -> None:
    with pytest.raises(NotMedia, match=words) as refusal:
        probe(films(film))

    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "head", [b"\x00\x00\x00\x18ftypheic", b"\x00\x00\x00\x18ftypavif", b"RIFF\x10\x00\x00\x00WEBP"]
)
def test_photos_of_phones_are_told_from_broken_films(tmp_path: Path, head: bytes) -> None:
    photo = tmp_path / "photo.mp4"
    photo.write_bytes(head + b"\x00" * 100)

    with pytest.raises(NotMedia, match="a photo"):
        probe(photo)


@pytest.mark.parametrize("ends_at", [0, 1, 7, 8, 9, 40, 300, 2000])
def test_a_head_of_any_length_is_refused_in_words(
    films: Films, tmp_path: Path, ends_at: int
) -> None:
    head = tmp_path / "head.mp4"
    head.write_bytes(films("long.mp4").read_bytes()[:ends_at])

    with pytest.raises(NotMedia) as refusal:
        probe(head)

    assert refusal.value.reason in {"not-a-video", "cut-off"}


def test_boxes_that_lie_about_their_size_end_the_walk(tmp_path: Path) -> None:
    liar = tmp_path / "liar.mp4"
    liar.write_bytes(b"\x00\x00\x00\x00ftyp" + b"\x00\x00\x00\x01mdat" + b"\x00" * 8)

    found = boxes.read(liar)

    assert found == boxes.Boxes(indexed=False, missing=0, bytes=24)


def test_a_box_of_64_bits_is_measured(tmp_path: Path) -> None:
    film = tmp_path / "big.mp4"
    film.write_bytes(
        b"\x00\x00\x00\x08ftyp\x00\x00\x00\x08moov"
        + b"\x00\x00\x00\x01mdat"
        + (1000).to_bytes(8, "big")
        + b"x" * 234
    )

    found = boxes.read(film)

    assert found is not None
    assert found.indexed
    assert found.missing == 1000 - 250
