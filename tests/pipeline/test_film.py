"""A film through the whole house."""

from pathlib import Path

import av
import pytest

import talks
from clipforge_client.client import Client
from clipforge_client.errors import NotFound
from clipforge_client.models import Export, Project

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

SHORT = {"clips": 2, "min_clip_ms": 5_000, "max_clip_ms": 15_000}


def submit(client: Client, film: Path, **options: object) -> Project:
    upload = client.upload(film)
    return client.create_project(upload_id=upload.id, title=film.stem, options={**SHORT, **options})


def rendered(client: Client, clip_id: str, **look: object) -> Export:
    export = client.create_export(clip_id, quality="draft", **look)
    while not export.over:
        export = client.export(export.id, wait=30)
    return export


def was_cached(client: Client, project: Project) -> bool:
    """Whether its film had been transcribed before."""
    events = client.events(project.id)
    return next(bool(e.data["cached"]) for e in events if e.name == "video-transcribed")


def test_a_film_comes_out_as_clips_with_captions(
    client: Client, talk: Path, tmp_path: Path
) -> None:
    project = client.wait_for_project(submit(client, talk).id)

    assert project.state == "ready", project.failure
    assert project.language == "en"
    assert set(project.seconds_per_stage) == {"import", "transcription", "clip-detection"}
    clips = client.clips(project.id)
    assert clips
    best = clips[0]
    assert 5_000 <= best.end_ms - best.start_ms <= 15_000
    assert best.title
    assert best.reasons
    export = rendered(client, best.id)
    assert export.state == "completed", export.failure
    file = tmp_path / "clip.mp4"
    assert client.download(export.files["clip"], file) == export.bytes
    with av.open(str(file)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.width * 16 == picture.height * 9
        assert sound.codec_context.sample_rate == 48_000
        seconds = (container.duration or 0) / 1e6
    assert seconds == pytest.approx((best.end_ms - best.start_ms) / 1000, abs=0.1)
    client.download(export.files["srt"], tmp_path / "captions.srt")
    assert "-->" in (tmp_path / "captions.srt").read_text()


def test_the_transcript_says_what_was_said(client: Client, talk: Path) -> None:
    project = client.wait_for_project(submit(client, talk).id)

    document = client.transcript(project.id)
    words = [
        word["text"].strip(" .,?!").lower()
        for segment in document["segments"]
        for word in segment["words"]
    ]
    assert {"night", "machine", "videos", "memory", "log", "worker"} <= set(words)
    assert client.transcript(project.id, format="vtt").startswith("WEBVTT")
    assert "-->" in client.transcript(project.id, format="srt")
    assert "memory" in client.transcript(project.id, format="txt")


def test_the_same_film_twice_is_worked_on_once(client: Client, tmp_path: Path) -> None:
    film = talks.make(tmp_path / "twice.mp4", name="twice")  # nobody has rendered a clip of it
    first = client.wait_for_project(submit(client, film).id)
    again = client.wait_for_project(submit(client, film).id)

    spans = [
        [(clip.start_ms, clip.end_ms, clip.title) for clip in client.clips(project.id)]
        for project in (first, again)
    ]
    assert spans[0] == spans[1]
    assert was_cached(client, again)
    one = rendered(client, client.clips(first.id)[0].id, aspect="1:1")
    other = rendered(client, client.clips(again.id)[0].id, aspect="1:1")
    assert (one.cached, other.cached) == (False, True)
    assert one.bytes == other.bytes


def test_two_films_at_once_do_not_mix(client: Client, tmp_path: Path) -> None:
    said = {
        "ships": "The captain of the ship never erases the log book. He only adds a line. "
        "A ship without a captain is only wood and water, and the sea knows it.",
        "bread": "Good bread needs four things. Flour, water, salt and patience. "
        "Most bakers have the flour. Very few bakers have the patience, and you can taste it.",
    }
    projects = {
        name: submit(client, talks.make(tmp_path / f"{name}.mp4", text, name=name)).id
        for name, text in said.items()
    }

    texts = {}
    for name, project in projects.items():
        assert client.wait_for_project(project).state == "ready"
        texts[name] = client.transcript(project, format="txt").lower()

    assert "captain" in texts["ships"]
    assert "captain" not in texts["bread"]
    assert "patience" in texts["bread"]


def test_what_happened_is_told_once_and_in_order(client: Client, talk: Path) -> None:
    project = client.wait_for_project(submit(client, talk).id)

    told = []
    for event in client.events(project.id):
        if event.name != "progress":
            told.append(event.name)
        if event.name == "clips-detected":
            break
    assert told == ["project-submitted", "video-imported", "video-transcribed", "clips-detected"]


def test_a_cancelled_film_stays_cancelled(client: Client, tmp_path: Path) -> None:
    project = submit(client, talks.make(tmp_path / "cancelled.mp4", name="cancelled"))

    client.cancel_project(project.id)

    assert client.wait_for_project(project.id).state == "cancelled"


def test_a_deleted_film_is_gone(client: Client, talk: Path) -> None:
    project = client.wait_for_project(submit(client, talk).id)

    client.delete_project(project.id)

    with pytest.raises(NotFound):
        client.project(project.id)
