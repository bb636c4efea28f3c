"""Films of processes that were killed do not fill the disk."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import pytest

from clipforge_runtime import scratch

PREFIX = "import-import-7d9f-x2x-7-"

CHILD = """
import sys, time
from pathlib import Path
from clipforge_runtime import scratch
with scratch.folder(Path(sys.argv[1]), "import") as folder:
    (folder / "source").write_bytes(b"film")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "import-of-somebody-else").mkdir()
    with (
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as child,
        scratch.folder(tmp_path, "export"),
    ):
        assert child.stdout is not None
        left = Path(child.stdout.readline().strip())

        scratch.sweep(tmp_path, "import")
        assert (left / "source").exists()  # its process lives

        child.kill()
        child.wait()
        scratch.sweep(tmp_path, "import")

        assert not left.exists()
        assert len(list(tmp_path.iterdir())) == 2  # the stranger's, and that of another service


def aged(folder: Path) -> Path:
    """As if made two days ago, by another host."""
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(folder, (two_days_ago, two_days_ago))
    return folder


def test_what_another_host_has_left_on_a_volume_is_swept_unless_it_is_used_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("socket.gethostname", lambda: "import-7d9f-x2x")
        left, new = (Path(mkdtemp(dir=tmp_path, prefix=PREFIX)) for _ in range(2))
        for each in (left, new):
            (each / scratch.IN_USE).touch()
        aged(left)
        with scratch.folder(tmp_path, "import") as used:
            aged(used)
            elsewhere.undo()

            scratch.sweep(tmp_path, "import")

            assert (used.exists(), left.exists(), new.exists()) == (True, False, True)


def test_a_folder_is_gone_with_its_block(tmp_path: Path) -> None:
    with scratch.folder(tmp_path, "import") as folder:
        (folder / "source").write_bytes(b"film")

    assert list(tmp_path.iterdir()) == []
