"""Small disks of our own: ext4 in a file, mounted where only this process tree sees it."""

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

MEGABYTES: Final = 128
_NEW_MOUNTS: Final = 0x00020000  # CLONE_NEWNS of sched.h


@cache
def can_mount() -> bool:
    """Whether this machine lets us; from then on our mounts are private, and end with us."""
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS) != 0:
        return False
    try:
        _run("mount", "--make-rprivate", "/")
    except (OSError, subprocess.CalledProcessError):
        return False
    return shutil.which("mkfs.ext4") is not None


@dataclass
class Disk:
    """A mounted image."""

    folder: Path
    images: int = 0

    @classmethod
    @contextmanager
    def mounted(cls, folder: Path) -> Iterator["Disk"]:
        """A fresh disk below `folder`, gone at the end of the block."""
        folder.mkdir(parents=True)
        disk = cls(folder)
        disk.root.mkdir()
        with disk.image.open("wb") as image:
            image.truncate(MEGABYTES * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-m", "0", str(disk.image))
        disk._mount()
        try:
            yield disk
        finally:
            disk._unmount()

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def image(self) -> Path:
        return self.folder / f"image-{self.images}"

    def cut_power(self) -> None:
        """What has not reached the disk is lost. Whoever writes to it has been killed before."""
        cut = self.image
        self.images += 1
        _run("cp", "--sparse=always", str(cut), str(self.image))  # as it is now, before a flush
        self._unmount()
        cut.unlink()
        self._mount()

    def fill(self) -> None:
        """Take every free block."""
        with (self.root / "filler").open("wb") as filler:
            for block in (1024 * 1024, 4096):
                with contextlib.suppress(OSError):  # no space left on device: that is the point
                    while True:
                        filler.write(bytes(block))
                        filler.flush()

    def make_room(self) -> None:
        (self.root / "filler").unlink()

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self.image), str(self.root))

    def _unmount(self) -> None:
        _run("umount", str(self.root))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
