"""What probing says of films that are well made, and of those that only look odd."""

import pytest

from clipforge.v1.documents_pb2 import MediaInfo
from clipforge_media import containers
from clipforge_media.probe import Probed, probe
from films import Films


@pytest.mark.parametrize(
    ("film", "video", "audio", "extension", "content_type"),
    [
        ("plain.mp4", "h264", "aac", "mp4", "video/mp4"),
        ("film.mov", "h264", "pcm_s16le", "mov", "video/quicktime"),
        ("film.mkv", "h264", "aac", "mkv", "video/matroska"),
        ("film.webm", "vp8", "opus", "webm", "video/webm"),
        ("film.avi", "mpeg4", "mp3", "avi", "video/vnd.avi"),
        ("film.ts", "h264", "aac", "ts", "video/mp2t"),
    ],
)
def test_each_container_is_known_by_its_bytes(
    films: Films, film: str, video: str, audio: str, extension: str, content_type: str
) -> None:
    file = films(film)

    found = probe(file)
    kind = containers.kind(file, found.container)

    assert (found.video_codec, found.audio_codec) == (video, audio)
    assert (found.width, found.height, found.rotation) == (320, 180, 0)
    assert found.duration_ms == pytest.approx(3000, abs=100)
    assert found.frame_rate == pytest.approx(25, abs=0.1)
    assert not found.variable_frame_rate
    assert not found.hdr
    assert (kind.extension, kind.content_type) == (extension, content_type)


@pytest.mark.parametrize(
    ("degrees", "size"), [(90, (180, 320)), (180, (320, 180)), (270, (180, 320))]
)
def test_a_turned_phone_video_has_the_size_that_is_shown(
    films: Films, degrees: int, size: tuple[int, int]
) -> None:
    found = probe(films(f"turned-{degrees}.mp4"))

    assert found.rotation == degrees
    assert (found.width, found.height) == size


def test_a_portrait_film_is_not_turned(films: Films) -> None:
    found = probe(films("portrait.mp4"))

    assert (found.width, found.height, found.rotation) == (180, 320, 0)


def test_a_variable_frame_rate_is_seen(films: Films) -> None:
    assert probe(films("variable.mp4")).variable_frame_rate


def test_hdr_is_seen_in_a_ten_bit_hevc_film(films: Films) -> None:
    found = probe(films("hdr.mp4"))

    assert (found.video_codec, found.hdr) == ("hevc", True)


def test_a_film_without_sound_says_so(films: Films) -> None:
    assert probe(films("no-sound.mp4")).audio_codec == ""


def test_of_several_sound_tracks_the_first_is_the_films(films: Films) -> None:
    assert probe(films("two-tracks.mp4")).audio_codec == "aac"


def test_what_a_browser_recorded_has_a_length_although_it_states_none(films: Films) -> None:
    assert probe(films("live.webm")).duration_ms == pytest.approx(3000, abs=100)


def test_a_recording_that_begins_in_the_middle_of_a_picture_is_read(films: Films) -> None:
    found = probe(films("begins-anywhere.ts"))

    assert (found.width, found.height) == (320, 180)
    assert 1000 < found.duration_ms < 3000


def test_the_facts_of_a_film_are_those_of_the_document(films: Films) -> None:
    names = {field.name for field in MediaInfo.DESCRIPTOR.fields}

    assert {*Probed.__dataclass_fields__} == names - {"bytes", "sha256"}
