"""The guide about brands, typed as it stands: its commands, and its program."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import branding
from clipforge_client.client import Client
from clipforge_standalone.stack import Stack

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

GUIDE = Path(__file__).parents[2] / "docs/guides/brand.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What the guide uses `jq` for, where it is not installed.
JQ = """#!/bin/sh
exec "{python}" -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])'
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the reader has: his files, and his programs."""
    made = branding.files(tmp_path)
    shutil.copy(made.font, tmp_path / "brand.ttf")
    if shutil.which("jq") is None:
        jq = tmp_path / "jq"
        jq.write_text(JQ.format(python=sys.executable))
        jq.chmod(0o755)
    return tmp_path


def test_every_line_of_the_guide_works(stack: Stack, talk: Path, folder: Path) -> None:
    with Client(stack.url, stack.api_key) as client:
        options = {"clips": 1, "min_clip_ms": 4_000, "max_clip_ms": 8_000}
        project = client.create_project(upload_id=client.upload(talk).id, options=options)
        assert client.wait_for_project(project.id).state == "ready"
    programs = Path(sys.executable).parent
    env = {
        **os.environ,
        "CLIPFORGE_URL": stack.url,
        "CLIPFORGE_API_KEY": stack.api_key,
        "XDG_STATE_HOME": str(folder / "state"),
        "PATH": f"{folder}:{programs}:{os.environ['PATH']}",
    }
    typed = "\n".join(text for kind, text in BLOCK.findall(GUIDE.read_text()) if kind == "sh")
    [program] = [text for kind, text in BLOCK.findall(GUIDE.read_text()) if kind == "python"]

    said = [
        subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=280, check=False
        )
        for command in (["bash", "-eo", "pipefail", "-c", typed], [sys.executable, "-c", program])
    ]

    assert [one.returncode for one in said] == [0, 0], [one.stderr for one in said]
    assert list((folder / "out").glob("*.mp4"))
    assert re.findall(r"^(\S+) completed http", said[1].stdout, re.MULTILINE) == ["16:9", "9:16"]
