"""Scratch folders: gone when their work is over, and swept where their process was killed."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def folder(root: Path, name: str) -> Iterator[Path]:
    """A folder below `root` for the length of the block, called after this process."""
    # After a cancel a thread may still be writing; it stops at its next block.
    with TemporaryDirectory(
        dir=root, prefix=f"{name}-{socket.gethostname()}-{os.getpid()}-", ignore_cleanup_errors=True
    ) as path:
        yield Path(path)


def sweep(root: Path, name: str) -> None:
    """Remove what processes of this host have left that are no more. To be called at boot, before
    the first folder: in a restarted container the dead process had our number.
    """
    for left in root.glob(f"{name}-{socket.gethostname()}-*-*"):
        pid = left.name.rsplit("-", 2)[1]
        if pid.isdigit() and (int(pid) == os.getpid() or not _lives(int(pid))):
            shutil.rmtree(left, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
