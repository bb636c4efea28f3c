"""`clipforge run` and `clipforge up` as their users call them: child processes with exit codes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

import talks
from clipforge.v1.facts_pb2 import VideoTranscribed
from clipforge_client.client import Client
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone import folder
from clipforge_standalone.stack import Stack

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

CLIPFORGE = Path(sys.executable).with_name("clipforge")


def clipforge(*arguments: str, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [CLIPFORGE, *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def at_stack(stack: Stack) -> dict[str, str]:
    return {"CLIPFORGE_URL": stack.url, "CLIPFORGE_API_KEY": stack.api_key}


def test_run_leaves_clips_a_page_and_a_report(
    at_stack: dict[str, str], talk: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    done = clipforge(
        *("run", str(talk), "--clips", "2", "--aspect", "1:1", "--style", "karaoke"),
        *("--min", "5", "--max", "12", "--quality", "draft", "--out", str(out), "--json"),
        env=at_stack,
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["state"] == "ready"
    assert 1 <= len(report["clips"]) <= 2
    stages = {"import", "transcription", "clip-detection", "export"}
    assert set(report["seconds_per_stage"]) == stages
    for clip in report["clips"]:
        assert (out / clip["file"]).stat().st_size == clip["bytes"] > 0
        assert set(clip["captions"]) == {"srt", "vtt"}
        assert all((out / name).exists() for name in clip["captions"].values())
        assert (out / clip["thumbnail"]).exists()
        assert 5_000 <= clip["end_ms"] - clip["start_ms"] <= 12_000
        assert clip["width"] == clip["height"] > 0
        assert clip["title"]
        assert clip["reasons"]
    page = (out / "index.html").read_text()
    for clip in report["clips"]:
        assert clip["file"] in page
        assert clip["reasons"][0] in page


def test_run_says_what_it_made(at_stack: dict[str, str], talk: Path, tmp_path: Path) -> None:
    done = clipforge(
        *("run", str(talk), "--clips", "1", "--max", "12", "--quality", "draft"),
        *("--out", str(tmp_path)),
        env=at_stack,
    )

    assert done.returncode == 0, done.stderr
    [clip] = tmp_path.glob("01-*.mp4")
    assert clip.name in done.stdout
    assert "index.html" in done.stdout


def test_the_recogniser_is_told_what_run_was_told(
    at_stack: dict[str, str], stack: Stack, client: Client, tmp_path: Path
) -> None:
    film = talks.make(tmp_path / "asked.mp4", talks.BRIEF, name="asked")

    done = clipforge(
        *(
            "run",
            str(film),
            "--model",
            "base",
            "--language",
            "en",
            "--vocabulary",
            "Kubernetes, log",
        ),
        *("--clips", "1", "--max", "12", "--quality", "draft", "--out", str(tmp_path), "--json"),
        env=at_stack,
    )

    assert done.returncode == 0, done.stderr
    project = json.loads(done.stdout)["project"]
    transcript = client.transcript(project)
    assert (transcript["engine"], transcript["language"]) == ("base", "en")
    stated = asyncio.run(transcribed(stack, project))
    assert stated.film.options.vocabulary == ["Kubernetes", "log"]


async def transcribed(stack: Stack, project: str) -> VideoTranscribed:
    """What the worker stated of a project, with the film as it was told of it."""
    password = folder.load_secrets(stack.folder)["nats_gateway"]
    port = json.loads((stack.folder / "ports.json").read_text())["nats"]
    settings = RuntimeSettings(
        nats_url=f"nats://gateway:{password}@127.0.0.1:{port}",
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="none",
        s3_secret_key=SecretStr("none"),
    )
    async with JetStream.connect(settings, name="gateway") as bus:
        async for entry in bus.follow(after=0, filters=("facts.video-transcribed.>",)):
            if (
                isinstance(entry.fact, VideoTranscribed)
                and entry.fact.film.project.project_id == project
            ):
                return entry.fact
    raise AssertionError("the log ended")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["no-such-file.mp4"], 2, "no-such-file.mp4 does not exist"),
        (["x.mp4", "--style", "popp"], 2, "'popp' is not one of 'pop'"),
        (["http://127.0.0.1:9/film.mp4"], 1, "address"),
    ],
)
def test_run_refuses_in_words(
    at_stack: dict[str, str], tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = clipforge("run", *arguments, "--out", str(tmp_path / "out"), env=at_stack)

    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_file_is_refused(at_stack: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()

    done = clipforge("run", str(empty), "--out", str(tmp_path / "out"), env=at_stack)

    assert done.returncode == 1
    assert "is empty" in done.stderr


def test_run_says_that_nobody_answers(talk: Path, tmp_path: Path) -> None:
    nowhere = {"CLIPFORGE_URL": "http://127.0.0.1:9", "CLIPFORGE_API_KEY": "cf_none"}

    done = clipforge("run", str(talk), "--out", str(tmp_path), env=nowhere)

    assert done.returncode == 3
    assert "does not answer" in done.stderr


def test_up_continues_what_it_had_not_finished(talk: Path, server_folder: Path) -> None:
    data = server_folder / "continued"
    env = {**os.environ, "CLIPFORGE_DATA_DIR": str(data)}
    env.pop("CLIPFORGE_URL", None)
    before = up(env)
    reached = address(before)
    at_it = {"CLIPFORGE_URL": reached["gateway"], "CLIPFORGE_API_KEY": reached["API key"]}
    submitting = subprocess.Popen(
        [CLIPFORGE, "run", str(talk), "--clips", "1", "--max", "12", "--out", str(data / "out")],
        env={**env, **at_it},
        stderr=subprocess.PIPE,
    )
    wait_for_state(at_it, "transcribing")
    submitting.kill()  # not its Ctrl-C, which cancels the film
    submitting.communicate(timeout=10)

    stop(before)
    after = up(env)
    try:
        assert address(after) == reached
        wait_for_state(at_it, "ready")
        found = clipforge("projects", "list", env=env)  # which says nowhere where it is
    finally:
        stop(after)
    nobody = clipforge("projects", "list", env=env)

    assert found.returncode == 0, found.stderr
    assert "ready" in found.stdout
    assert nobody.returncode == 3


def up(env: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [CLIPFORGE, "up", "--quiet"], env=env, stderr=subprocess.PIPE, text=True
    )


def address(process: "subprocess.Popen[str]") -> dict[str, str]:
    """What `up` prints once everything is ready."""
    told: dict[str, str] = {}
    assert process.stderr is not None
    for line in process.stderr:
        name, _, value = line.strip().partition("  ")
        if name in ("gateway", "API key"):
            told[name] = value.strip()
        if line.startswith("Ctrl-C"):
            return told
    raise AssertionError(f"up ended with {process.wait()}")


def stop(process: "subprocess.Popen[str]") -> None:
    """Ctrl-C: it ends cleanly, and soon."""
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0


def wait_for_state(env: dict[str, str], state: str) -> None:
    """Return once the only project has reached a state."""
    order = ("queued", "importing", "transcribing", "detecting", "ready")
    with Client(env["CLIPFORGE_URL"], env["CLIPFORGE_API_KEY"]) as client:
        while not any(order.index(one.state) >= order.index(state) for one in client.projects()):
            time.sleep(0.1)  # it need not be there yet
