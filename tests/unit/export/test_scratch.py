"""Clips of processes that were killed do not fill the disk."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clipforge_export import handler
from clipforge_runtime.testing import FolderStore
from samples import every_fact

NOWHERE = {
    "CLIPFORGE_NATS_URL": "nats://export:none@127.0.0.1:1",
    "CLIPFORGE_S3_ENDPOINT": "http://127.0.0.1:1",
    "CLIPFORGE_S3_ACCESS_KEY": "none",
    "CLIPFORGE_S3_SECRET_KEY": "none",
    "CLIPFORGE_ADMIN_PORT": "0",
}


class Killed(BaseException):
    """Stands for a kill: nothing is cleaned up after it."""


async def test_the_folder_of_an_export_says_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    [request] = [fact for fact in every_fact() if type(fact).__name__ == "ExportRequested"]
    made: list[str] = []

    async def look(*_: object) -> None:
        made.extend(path.name for path in scratch.iterdir())
        raise Killed

    monkeypatch.setattr(handler, "render_clip", look)
    with pytest.raises(Killed):
        await handler.export_clip(
            request,  # type: ignore[arg-type]
            store=FolderStore(tmp_path / "store"),
            progress=lambda *_: None,
            scratch=scratch,
            strain=lambda: 0,
        )

    [name] = made
    assert name.startswith(f"export-{socket.gethostname()}-{os.getpid()}-")


def test_what_a_killed_export_left_is_swept_at_boot(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f"export-{socket.gethostname()}-{gone.pid}-x"
    left.mkdir()

    with subprocess.Popen(
        [sys.executable, "-m", "clipforge_export"],
        env={**os.environ, **NOWHERE, "CLIPFORGE_SCRATCH_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        assert child.stdout
        child.stdout.readline()  # that there is no log: it has begun
        child.kill()

    assert not left.exists()
