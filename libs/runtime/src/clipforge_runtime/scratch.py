"""Scratch folders: gone when their work is over, and swept where their process was killed."""

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

IN_USE: Final = ".in-use"  # in each folder: locked for as long as its process lives
ABANDONED_SECONDS: Final = 24 * 3600.0  # where a lock may not be seen from another host


@contextmanager
def folder(root: Path, name: str) -> Iterator[Path]:
    """A folder below `root` for the length of the block, called after this process."""
    # After a cancel a thread may still be writing; it stops at its next block.
    with (
        TemporaryDirectory(
            dir=root,
            prefix=f"{name}-{socket.gethostname()}-{os.getpid()}-",
            ignore_cleanup_errors=True,
        ) as path,
        (Path(path) / IN_USE).open("w") as in_use,
    ):
        fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Path(path)


def sweep(root: Path, name: str) -> None:
    """Remove what processes have left that are no more. To be called at boot, before the first
    folder: in a restarted container the dead process had our number.

    Of other hosts, where the volume outlives a pod or is shared: what is a day old, and not locked.
    """
    here = f"{name}-{socket.gethostname()}-"
    for left in root.glob(f"{name}-*-*-*"):
        if _is_left_here(left) if left.name.startswith(here) else _is_left_elsewhere(left):
            shutil.rmtree(left, ignore_errors=True)


def _is_left_here(left: Path) -> bool:
    pid = left.name.rsplit("-", 2)[1]
    return pid.isdigit() and (int(pid) == os.getpid() or not _lives(int(pid)))


def _is_left_elsewhere(left: Path) -> bool:
    try:
        if time.time() - left.stat().st_mtime < ABANDONED_SECONDS:
            return False
        with (left / IN_USE).open("a") as in_use:
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # locked, swept by somebody else just now, or none of ours
        return False
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
