"""The commands that speak to a gateway, as users call them: words, JSON, files, exit codes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from clipforge_client import Client, Project
from clipforge_contracts.pipeline import BY_QUEUE
from clipforge_standalone.stack import Stack

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

CLIPFORGE = Path(sys.executable).with_name("clipforge")
PATIENCE = 240  # seconds


@pytest.fixture
def env(stack: Stack, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CLIPFORGE_URL": stack.url,
        "CLIPFORGE_API_KEY": stack.api_key,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


@pytest.fixture(scope="module")
def ready(stack: Stack, talk: Path) -> Project:
    """A film with clips."""
    options = {"clips": 1, "min_clip_ms": 5_000, "max_clip_ms": 12_000}
    with Client(stack.url, stack.api_key) as client:
        upload = client.upload(talk)
        project = client.create_project(upload_id=upload.id, title="A talk", options=options)
        project = client.wait_for_project(project.id)
    assert project.state == "ready", project.failure
    return project


def clipforge(
    *arguments: object, env: dict[str, str], stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [CLIPFORGE, *map(str, arguments)],
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr  # nobody at a terminal: no control codes
    return done


def test_projects_are_listed_and_shown(env: dict[str, str], ready: Project) -> None:
    listed = clipforge("projects", "list", env=env)
    shown = clipforge("projects", "show", ready.id, env=env)
    as_json = clipforge("projects", "show", ready.id, "--json", env=env)

    assert f"{ready.id}  ready" in listed.stdout
    assert "A talk: ready" in shown.stdout
    assert "transcription" in shown.stdout
    assert json.loads(as_json.stdout)["id"] == ready.id


def test_a_transcript_is_printed_or_written(
    env: dict[str, str], ready: Project, tmp_path: Path
) -> None:
    printed = clipforge("transcript", ready.id, env=env)
    written = clipforge(
        *("transcript", ready.id, "--format", "srt", "--out", tmp_path / "a.srt"), env=env
    )
    words = clipforge("transcript", ready.id, "--format", "json", env=env)

    assert "memory" in printed.stdout
    assert written.returncode == 0
    assert "-->" in (tmp_path / "a.srt").read_text()
    assert json.loads(words.stdout)["segments"][0]["words"]


def test_an_export_is_downloaded(env: dict[str, str], ready: Project, tmp_path: Path) -> None:
    clips = json.loads(clipforge("clips", ready.id, "--json", env=env).stdout)
    arguments = ("export", clips[0]["id"], "--quality", "draft", "--aspect", "1:1")

    done = clipforge(*arguments, "--out", tmp_path / "clips", "--json", env=env)
    links = clipforge(*arguments, env=env)

    made = json.loads(done.stdout)
    assert made["state"] == "completed"
    assert Path(made["downloaded"]["clip"]).stat().st_size == made["bytes"]
    assert set(made["downloaded"]) == {"clip", "srt", "vtt", "thumbnail"}
    assert "http://" in links.stdout


def test_what_has_happened_is_told_in_sentences_and_ends(
    env: dict[str, str], ready: Project
) -> None:
    done = clipforge("events", "show", ready.id, env=env)

    lines = [line.split("  ", 1)[1] for line in done.stdout.splitlines()]
    assert lines[0] == "The film was submitted."
    assert any(line.startswith("Imported: 0:") for line in lines)
    assert any("language en" in line for line in lines)
    assert "Clips found: 1." in lines


def key_called(name: str, env: dict[str, str]) -> dict[str, Any]:
    """As the list has it, which is behind the log for as long as the machine is busy."""
    deadline = time.monotonic() + PATIENCE
    while True:
        listed = json.loads(clipforge("keys", "list", "--json", env=env).stdout)
        if found := [one for one in listed if one["name"] == name]:
            return dict(found[0])
        assert time.monotonic() < deadline, listed


def test_a_key_is_made_used_and_revoked(env: dict[str, str]) -> None:
    made = clipforge("keys", "create", "ci", env=env)
    key = made.stdout.strip()
    as_user = {**env, "CLIPFORGE_API_KEY": key}

    seen = clipforge("projects", "list", env=as_user)
    refused = clipforge("keys", "list", env=as_user)
    listed = key_called("ci", env)
    revoked = clipforge("keys", "revoke", listed["id"], "--json", env=env)
    after = clipforge("projects", "list", env=as_user)

    assert key.startswith("cf_")
    assert seen.returncode == 0
    assert (refused.returncode, "role admin" in refused.stderr) == (4, True)
    assert json.loads(revoked.stdout) == {"id": listed["id"], "revoked": True}
    assert (after.returncode, "CLIPFORGE_API_KEY" in after.stderr) == (4, True)


def test_whoever_has_logged_in_needs_to_say_no_address(
    env: dict[str, str], ready: Project, stack: Stack
) -> None:
    of_others = ("CLIPFORGE_URL", "CLIPFORGE_API_KEY")
    bare = {name: value for name, value in env.items() if name not in of_others}

    logged_in = clipforge(
        *("login", stack.url, "--profile", "work"), env=bare, stdin=f"{stack.api_key}\n"
    )
    listed = clipforge("projects", "list", env=bare)
    known = json.loads(clipforge("profiles", "list", "--json", env=bare).stdout)
    clipforge("profiles", "use", "local", env=bare)
    nowhere = clipforge("projects", "list", env=bare)
    named = clipforge("--profile", "work", "projects", "list", env=bare)
    offered = clipforge(
        env={
            **bare,
            "CLIPFORGE_PROFILE": "work",
            "_CLIPFORGE_COMPLETE": "complete_bash",
            "COMP_WORDS": "clipforge projects show ",
            "COMP_CWORD": "3",
        }
    )
    clipforge("profiles", "remove", "work", env=bare)
    forgotten = clipforge("--profile", "work", "projects", "list", env=bare)

    assert (logged_in.returncode, logged_in.stdout) == (0, "")
    assert ready.id in listed.stdout
    assert known == [{"name": "work", "url": stack.url, "in_use": True}]
    assert nowhere.returncode == 3
    assert ready.id in named.stdout
    assert ready.id in offered.stdout.split()
    assert (forgotten.returncode, "there are: none" in forgotten.stderr) == (1, True)


def test_queues_are_a_table_or_json(env: dict[str, str]) -> None:
    table = clipforge("queues", env=env)
    as_json = clipforge("queues", "--json", env=env)

    assert "video-export" in table.stdout
    assert "waiting" in table.stdout
    assert set(json.loads(as_json.stdout)) == set(BY_QUEUE)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["projects", "show", "prj_" + "0" * 26], 1, "projects list"),
        (["projects", "show", "../queues"], 1, "clipforge"),
        (["projects", "create", "ftp://host/film.mp4"], 2, "no http(s) address"),
        (["projects", "create", "."], 2, "is a folder"),
        (["projects", "create", "https://x/y.mp4", "--min", "9", "--max", "3"], 2, "above --max"),
        (["clips"], 2, "Missing argument"),
    ],
)
def test_mistakes_are_answered_in_words(
    env: dict[str, str], arguments: list[str], code: int, said: str
) -> None:
    done = clipforge(*arguments, env=env)

    assert done.returncode == code, done.stderr
    assert said in done.stderr


def test_another_server_at_the_address_is_said_to_be_one(env: dict[str, str]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        elsewhere = f"http://127.0.0.1:{server.server_address[1]}"
        done = clipforge("projects", "list", env={**env, "CLIPFORGE_URL": elsewhere})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert done.returncode == 3
    assert "is CLIPFORGE_URL right" in done.stderr


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    """Something of several parts; nobody looks into it before it is a project."""
    file = tmp_path / "large.mp4"
    with file.open("wb") as body:
        for n in range(6):
            body.write(bytes([n]) * 16 * 1024 * 1024)
    yield file
    file.unlink()


def test_an_upload_whose_program_was_killed_goes_on(env: dict[str, str], large: Path) -> None:
    first = subprocess.Popen([CLIPFORGE, "upload", str(large)], env=env)
    memory = Path(env["XDG_STATE_HOME"]) / "clipforge" / "uploads.json"
    while not memory.exists():
        assert first.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    [known] = json.loads(memory.read_text()).values()
    first.send_signal(signal.SIGKILL)
    first.wait(timeout=PATIENCE)

    again = clipforge("upload", large, env=env)

    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() == known
    assert "Going on with the upload of large.mp4" in again.stderr
    assert json.loads(memory.read_text()) == {}
