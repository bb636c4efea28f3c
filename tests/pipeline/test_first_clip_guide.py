"""The guide to the first clip, followed from top to end: by the command, by curl, by Python."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clipforge_standalone.stack import Stack

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("jq") is None, reason="the guide uses jq"),
]

GUIDE = (Path(__file__).parents[2] / "docs/guides/first-clip.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(900)
def test_every_way_to_the_first_clip_leads_to_one(stack: Stack, talk: Path, tmp_path: Path) -> None:
    _, by_command, by_curl = [text for kind, text in BLOCKS if kind == "sh"]
    [by_python] = [text for kind, text in BLOCKS if kind == "python"]
    shutil.copy(talk, tmp_path / "talk.mp4")
    shell = ("bash", "-euo", "pipefail", "-c")

    run(stack, tmp_path, *shell, by_command)
    said = run(stack, tmp_path, *shell, by_curl)
    curled = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "clip.mp4").unlink()
    printed = run(stack, tmp_path, sys.executable, "-c", by_python)

    assert (tmp_path / "out/index.html").exists()
    assert said.splitlines()[-1] == "ready"
    assert curled[4:8] == b"ftyp"
    assert (tmp_path / "clip.mp4").read_bytes() == curled, "the same clip is rendered once"
    assert printed


def run(stack: Stack, folder: Path, *argv: str) -> str:
    """What it prints, with the address and the key of the stack, in a folder with the film."""
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CLIPFORGE_URL": stack.url,
        "CLIPFORGE_API_KEY": stack.api_key,
    }
    done = subprocess.run(
        argv, cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
