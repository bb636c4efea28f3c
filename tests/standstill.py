"""Work that would never end: what ends it is a cancel, however busy the machine is."""

import asyncio
import threading
from pathlib import Path

import psutil
import pytest

from clipforge_media import ffmpeg
from clipforge_runtime.testing import FolderStore
from workshop import PATIENCE


class StandingFfmpeg:
    """The real ffmpeg, but its `nth` run stands still before its first instruction."""

    def __init__(self, folder: Path, nth: int, patch: pytest.MonkeyPatch) -> None:
        real = ffmpeg.find()
        self._runs = 0
        self._script = folder / "standing-ffmpeg"
        self._script.write_text(f'#!/bin/sh\nkill -STOP $$\nexec {real} "$@"\n')
        self._script.chmod(0o755)

        def find() -> Path:
            self._runs += 1
            return self._script if self._runs == nth else real

        patch.setattr(ffmpeg, "find", find)

    async def stands(self) -> bool:
        """Whether it has come to its standstill."""
        return any(child.status() == psutil.STATUS_STOPPED for child in self._children())

    def gone(self) -> bool:
        """Whether nothing of it is left."""
        return self._runs > 0 and not self._children()

    def _children(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for child in psutil.Process().children(recursive=True):
            try:
                if str(self._script) in child.cmdline():
                    found.append(child)
            except psutil.NoSuchProcess:  # it has just ended
                continue
        return found


class NeverStores(FolderStore):
    """A store to which no file is ever uploaded to its end."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.begun = asyncio.Event()

    async def upload(self, *_: object, **__: object) -> None:
        self.begun.set()
        await asyncio.Future[None]()


class Held:
    """Calls in threads that are held until they are let go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self._go = threading.Event()
        self.calls = 0

    def __call__(self, *_: object, **__: object) -> None:
        self.calls += 1
        self.began.set()
        assert self._go.wait(PATIENCE)

    def let_go(self) -> None:
        """Let them all go on."""
        self._go.set()

    async def begun(self) -> None:
        """Wait for the first."""
        assert await asyncio.to_thread(self.began.wait, PATIENCE)
