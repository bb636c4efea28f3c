"""Every process is killed in turn while films are under way. Each film comes out, once."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import talks
from clipforge_client.client import Client
from clipforge_client.errors import Unreachable
from clipforge_client.models import Project
from clipforge_standalone.stack import Stack
from stacks import running

pytestmark = [pytest.mark.pipeline, pytest.mark.integration, pytest.mark.timeout(600)]

# Each victim, and where its film stands when it is hit.
VICTIMS = {
    "import": "importing",
    "transcription": "transcribing",
    "clip-detection": "detecting",
    "projector": "transcribing",
    "gateway": "transcribing",
    "nats": "transcribing",
    "postgres": "transcribing",
    "s3": "transcribing",
}
ORDER = ("queued", "importing", "transcribing", "detecting", "ready")
LOOK = 0.1  # seconds between two looks: they would else take a core from those that are looked at


@pytest.fixture(scope="module")
def stack(server_folder: Path) -> Iterator[Stack]:
    """Not the one of the other tests: its processes do not live long."""
    with running(server_folder / "killed") as stack:
        yield stack


def test_each_process_is_killed_and_every_film_comes_out_once(
    stack: Stack, client: Client, tmp_path: Path
) -> None:
    under_way: dict[str, str] = {}

    for victim, state in VICTIMS.items():
        film = talks.make(tmp_path / f"{victim}.mp4", talks.BRIEF, name=victim)
        upload = client.upload(film)
        options = {"clips": 1, "min_clip_ms": 5_000, "max_clip_ms": 15_000}
        project = client.create_project(upload_id=upload.id, title=victim, options=options)
        under_way[victim] = project.id
        reached(client, project, state)
        kill(stack, victim)
        answers(client, project)

    for victim, project_id in under_way.items():
        done = client.wait_for_project(project_id)
        assert done.state == "ready", (victim, done.failure)
        assert len(client.clips(project_id)) == 1
        assert set(facts_of(client, project_id).values()) == {1}, victim


def test_an_export_goes_on_after_its_worker_was_killed(
    stack: Stack, client: Client, tmp_path: Path
) -> None:
    upload = client.upload(talks.make(tmp_path / "export.mp4", name="export", size="1920x1080"))
    options = {"clips": 1, "min_clip_ms": 15_000, "max_clip_ms": 20_000}
    project = client.create_project(upload_id=upload.id, title="export", options=options)
    client.wait_for_project(project.id)
    export = client.create_export(client.clips(project.id)[0].id)

    while export.state == "waiting":
        time.sleep(LOOK)
        export = client.export(export.id)
    kill(stack, "export")

    while not export.over:
        export = client.export(export.id, wait=30)
    assert export.state == "completed", export.failure
    assert client.download(export.files["clip"], tmp_path / "clip.mp4") == export.bytes


def reached(client: Client, project: Project, state: str) -> None:
    """Return once a project is where it is wanted, or has gone past."""
    while ORDER.index(project.state) < ORDER.index(state):
        time.sleep(LOOK)
        project = client.project(project.id)


def kill(stack: Stack, name: str) -> None:
    """End a process at once, and return when it has been started again."""
    victim = stack.processes[name]
    assert victim, f"{name} is not running"
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while stack.processes[name] in (0, victim):
        assert time.monotonic() < deadline, f"{name} was not started again"
        time.sleep(LOOK)  # a process table has nothing to await


def answers(client: Client, project: Project) -> None:
    """Return when the gateway answers again: on a busy machine it starts for longer than its
    client bears with it.
    """
    deadline = time.monotonic() + 60
    while True:
        try:
            client.project(project.id)
        except Unreachable:  # after several tries, with pauses between them
            assert time.monotonic() < deadline, "the gateway does not answer again"
        else:
            return


def facts_of(client: Client, project_id: str) -> Counter[str]:
    told: Counter[str] = Counter()
    for event in client.events(project_id):
        if event.name != "progress":
            told[event.name] += 1
        if event.name == "clips-detected":
            return told
    raise AssertionError("the stream ended")
