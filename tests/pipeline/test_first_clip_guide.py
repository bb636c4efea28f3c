"""The guide to the first clip, followed from top to end: by the command, by curl, by Python."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clipforge_client import local_stack
from clipforge_standalone.stack import Stack

pytestmark = [pytest.mark.pipeline, pytest.mark.integration, pytest.mark.timeout(900)]

GUIDE = (Path(__file__).parents[2] / "docs/guides/first-clip.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


SHELL = ("bash", "-euo", "pipefail", "-c")
OF_OTHERS = ("CLIPFORGE_URL", "CLIPFORGE_API_KEY", "CLIPFORGE_PROFILE")


@pytest.fixture
def folder(talk: Path, tmp_path: Path) -> Path:
    """Where the reader is, with a film."""
    shutil.copy(talk, tmp_path / "talk.mp4")
    return tmp_path


def test_the_command_and_python_find_the_stack_of_this_machine(
    stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    for name in OF_OTHERS:
        monkeypatch.delenv(name, raising=False)

    with local_stack.announced(stack.url, stack.api_key):
        run(folder, *SHELL, ways()[0])
        printed = run(folder, sys.executable, "-c", python())

    assert (folder / "out/index.html").exists()
    assert (folder / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert printed


@pytest.mark.skipif(shutil.which("jq") is None, reason="this way uses jq")
def test_curl_leads_to_the_same_clip(
    stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPFORGE_URL", stack.url)
    monkeypatch.setenv("CLIPFORGE_API_KEY", stack.api_key)

    said = run(folder, *SHELL, ways()[1])
    curled = (folder / "clip.mp4").read_bytes()
    (folder / "clip.mp4").unlink()
    run(folder, sys.executable, "-c", python())

    assert said.splitlines()[-1] == "ready"
    assert (folder / "clip.mp4").read_bytes() == curled, "the same clip is rendered once"


def ways() -> list[str]:
    """What is typed, once the stack runs: by the command, and by curl."""
    return [text for kind, text in BLOCKS if kind == "sh"][1:]


def python() -> str:
    program: str
    [program] = [text for kind, text in BLOCKS if kind == "python"]
    return program


def run(folder: Path, *argv: str) -> str:
    """What it prints, in a folder with the film."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, "PATH": programs},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
