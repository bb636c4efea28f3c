"""The examples of the client's README, run against a real stack, in the order of the page."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clipforge_standalone.stack import Stack

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

README = Path(__file__).parents[2] / "libs/client/README.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def test_every_example_of_the_readme_runs(stack: Stack, talk: Path, tmp_path: Path) -> None:
    shutil.copy(talk, tmp_path / "talk.mp4")
    env = {**os.environ, "CLIPFORGE_URL": stack.url, "CLIPFORGE_API_KEY": stack.api_key}

    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        for program in PROGRAMS
    ]

    assert len(said) == 4
    assert [one.returncode for one in said] == [0] * 4, [one.stderr for one in said]
    assert (tmp_path / "clip.mp4").stat().st_size > 0
    assert "ready" in said[1].stdout
    assert re.search(r"(\d+) of \1 bytes", said[2].stdout)
    assert not (tmp_path / "upload-id").exists()
    assert said[3].stdout.startswith("project-submitted")
