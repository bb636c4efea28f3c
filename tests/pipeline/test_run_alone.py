"""`clipforge run` without a stack, `clipforge up` twice and after a kill: what users do to them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import psutil
import pytest
from pydantic import ConfigDict, TypeAdapter

from clipforge_standalone.report import ClipReport, Report
from clipforge_standalone.servers.process import STACK

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

CLIPFORGE = Path(sys.executable).with_name("clipforge")
PATIENCE = 240  # seconds; a busy machine is slow, and a broken promise waits for ever
SHORT = ("--clips", "1", "--min", "5", "--max", "12", "--quality", "draft")


@pytest.fixture(scope="module")
def data(server_folder: Path) -> Path:
    """One data folder for the stories of this module, which follow each other."""
    return server_folder / "alone"


@pytest.fixture
def env(data: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    env = {**os.environ, "CLIPFORGE_DATA_DIR": str(data), "XDG_STATE_HOME": str(tmp_path)}
    env.pop("CLIPFORGE_URL", None)
    env.pop("CLIPFORGE_API_KEY", None)
    yield env
    assert left(data) == []


def left(data: Path) -> list[str]:
    """The processes of the stack in this folder."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.environ().get(STACK) == str(data / "logs"):
                found.append(process.info["name"])
        except psutil.Error:  # it has ended
            continue
    return found


def listening(data: Path) -> list[str]:
    """The ports of this folder at which somebody listens."""
    found = []
    for name, port in json.loads((data / "ports.json").read_text()).items():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append(name)
    return found


def clipforge(*arguments: object, env: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [CLIPFORGE, *map(str, arguments)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until_said(process: "subprocess.Popen[str]", words: str) -> str:
    """What it says on stderr until it says this."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"ended with {process.wait()} before it said {words!r}: {said}")


def until_there(file: Path) -> None:
    """Return once there is such a file."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < deadline, file
        time.sleep(0.1)


def test_a_run_that_was_stopped_leaves_nothing_running_and_goes_on_next_time(
    env: dict[str, str], data: Path, talk: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = clipforge("run", talk, *SHORT, "--out", out, env=env)
    until_there(data / "runs.json")

    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=PATIENCE)

    assert first.returncode == 130
    assert "The same command goes on from here." in said
    assert "Traceback" not in said
    assert left(data) == []
    assert listening(data) == []
    [project] = json.loads((data / "runs.json").read_text()).values()

    second = clipforge("run", talk, *SHORT, "--out", out, "--json", env=env)
    answer, said = second.communicate(timeout=PATIENCE)

    assert second.returncode == 0, said
    assert "Going on with talk" in said
    report = json.loads(answer)
    assert report["project"] == project
    assert json.loads((data / "runs.json").read_text()) == {}
    assert left(data) == []
    assert listening(data) == []
    assert_is_a_report(report)
    assert "\x1b" not in answer + said


def assert_is_a_report(report: dict[str, object]) -> None:
    """Every field there, of its type, and no other."""
    strict = ConfigDict(strict=True, extra="forbid")
    TypeAdapter(with_config(Report, strict)).validate_json(json.dumps(report))
    assert set(report) == {field.name for field in fields(Report)}
    clips = report["clips"]
    assert isinstance(clips, list)
    for clip in clips:
        assert set(clip) == {field.name for field in fields(ClipReport)}


def with_config(kind: type[Report], config: ConfigDict) -> type[Report]:
    return type(kind.__name__, (kind,), {"__pydantic_config__": config})


def test_up_twice_on_one_folder_is_said_and_after_a_kill_it_begins_again(
    env: dict[str, str], data: Path
) -> None:
    first = clipforge("up", env=env)
    until_said(first, "Ctrl-C stops it")

    second = clipforge("up", env=env)
    _, refused = second.communicate(timeout=PATIENCE)

    assert second.returncode == 1
    assert f"is running in {data} already, as process {first.pid}" in refused
    stray = subprocess.Popen(
        [sys.executable, "-c", "import signal; signal.pause()"],
        env={**env, STACK: str(data / "logs")},
    )
    first.kill()
    first.communicate(timeout=PATIENCE)

    third = clipforge("up", env=env)
    said = until_said(third, "Ctrl-C stops it")
    assert stray.wait(timeout=PATIENCE) == -signal.SIGKILL
    assert "that a former run had left" in said

    [worker] = [
        process
        for process in psutil.Process(third.pid).children()
        if "clipforge_export" in " ".join(process.cmdline())
    ]
    worker.kill()
    until_said(third, "export ended (-9), starting it again")
    third.send_signal(signal.SIGINT)
    third.communicate(timeout=PATIENCE)
    assert third.returncode == 0


def test_a_port_that_is_taken_is_said_with_its_remedy(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = clipforge("up", env={**env, "CLIPFORGE_PORT": str(port)})
        _, said = done.communicate(timeout=PATIENCE)

    assert done.returncode == 1
    assert f"Another program uses port {port}. Set CLIPFORGE_PORT" in said
