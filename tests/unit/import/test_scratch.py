"""Films of processes that were killed do not fill the disk."""

import subprocess
import sys
from pathlib import Path

from clipforge_runtime import scratch

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


def test_a_folder_is_gone_with_its_block(tmp_path: Path) -> None:
    with scratch.folder(tmp_path, "import") as folder:
        (folder / "source").write_bytes(b"film")

    assert list(tmp_path.iterdir()) == []
