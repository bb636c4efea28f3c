"""Odd films through the whole house: each ends in clips, or in a sentence that its owner reads."""

import subprocess
from pathlib import Path

import pytest

import talks
from clipforge_client.client import Client
from clipforge_client.models import Project
from clipforge_media import ffmpeg
from films import Films
from web_server import Answer, WebServer, ranged, redirect, status, whole

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

SHORT = {"min_clip_ms": 2_000, "max_clip_ms": 12_000}


def through(client: Client, film: Path) -> Project:
    upload = client.upload(film)
    project = client.create_project(upload_id=upload.id, title=film.stem, options=SHORT)
    return client.wait_for_project(project.id)


@pytest.mark.parametrize("name", ["silent.mp4", "music.mp4"])
def test_a_film_without_speech_is_ready_and_says_why_it_has_no_clips(
    client: Client, films: Films, name: str
) -> None:
    project = through(client, films(name))

    assert (project.state, client.clips(project.id)) == ("ready", [])
    assert "No speech was found" in project.notice


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-sound.mp4", "no sound"),
        ("text.mp4", "not a video"),
        ("playlist.mp4", "not a video"),
        ("no-index.mp4", "cut off"),
        ("podcast.mp3", "no picture"),
        ("photo.jpg", "not a video"),
    ],
)
def test_what_is_no_film_is_refused_in_words(
    client: Client, films: Films, name: str, said: str
) -> None:
    project = through(client, films(name))

    assert project.state == "failed"
    assert project.failure is not None
    assert project.failure.stage == "import"
    assert said in project.failure.sentence
    assert project.failure.reason


def speaking(to: Path, odd: str) -> Path:
    """Somebody speaks in a film that is odd in one way."""
    text = "Here is one short thing that I learned. Write down what is true."
    film = talks.make(to.with_name("even.mp4"), text, name=odd)
    how: dict[str, tuple[list[str], list[str]]] = {
        "portrait": ([], ["-vf", "scale=360:640", "-preset", "ultrafast"]),
        "turned": (["-display_rotation", "-90"], ["-c", "copy"]),
        "variable rate": (
            [],
            ["-vf", "setpts='PTS+if(gt(N,30),(N-30)*0.01/TB,0)'", "-fps_mode", "vfr"],
        ),
        "three seconds": ([], ["-t", "3", "-c", "copy"]),
        "odd size": ([], ["-vf", "scale=426:238", "-preset", "ultrafast"]),
    }
    before, after = how[odd]
    command = [str(ffmpeg.find()), "-v", "error", "-nostdin", "-y", *before]
    subprocess.run([*command, "-i", str(film), *after, str(to)], check=True)
    return to


@pytest.mark.parametrize(
    "odd", ["portrait", "turned", "variable rate", "three seconds", "odd size"]
)
def test_an_odd_film_comes_out_as_upright_clips(client: Client, tmp_path: Path, odd: str) -> None:
    project = through(client, speaking(tmp_path / "odd.mp4", odd))

    assert project.state == "ready", project.failure
    [first, *_] = client.clips(project.id)
    export = client.create_export(first.id, quality="draft")
    while not export.over:
        export = client.export(export.id, wait=30)
    assert export.state == "completed", export.failure
    assert export.width is not None
    assert export.height is not None
    assert export.width * 16 == export.height * 9


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(404), "no such file"),
        (redirect("http://127.0.0.1:1/film.mp4"), "not public"),
        (redirect("http://169.254.169.254/latest/meta-data"), "not public"),
        (whole(b"<html>Sign in</html>", content_type="text/html"), "web page"),
    ],
    ids=["404", "redirect-to-loopback", "redirect-to-metadata", "web-page"],
)
def test_what_cannot_be_fetched_is_refused_in_words(
    client: Client, web: WebServer, answer: Answer, said: str
) -> None:
    web.answers[:] = [answer]
    project = client.create_project(url=web.url(), options=SHORT)

    project = client.wait_for_project(project.id)

    assert project.state == "failed"
    assert project.failure is not None
    assert said in project.failure.sentence


def test_a_film_at_an_address_comes_through_a_connection_that_breaks(
    client: Client, web: WebServer, tmp_path: Path
) -> None:
    body = talks.make(tmp_path / "far.mp4", name="far").read_bytes()
    web.answers[:] = [ranged(body, cut_after=len(body) // 2), ranged(body)]
    web.asked.clear()
    project = client.create_project(url=web.url(), options={**SHORT, "clips": 1})

    project = client.wait_for_project(project.id)

    assert project.state == "ready", project.failure
    assert len(web.asked) == 2
