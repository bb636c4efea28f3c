"""Moving big things in a thread: counted as they go, and ended where nobody waits any more."""

import io
import threading
from pathlib import Path

from clipforge_runtime.storage import Moved


class Stopped(Exception):
    """Nobody waits for this transfer any more. Raised in its thread."""


class Meter:
    """Counts the bytes of one transfer. Its `stop` may be called from another thread."""

    def __init__(self, moved: Moved | None) -> None:
        self._moved = moved
        self._total = 0
        self._stopped = threading.Event()

    def count(self, more: int) -> None:
        """So many more bytes have been moved. Stopped where it is to end."""
        if self._stopped.is_set():
            raise Stopped
        self._total += more
        if self._moved:
            self._moved(self._total)

    def stop(self) -> None:
        """A thread cannot be cancelled: it ends at its next block."""
        self._stopped.set()


class Metered(io.FileIO):
    """A file whose reading is counted."""

    def __init__(self, file: Path, meter: Meter) -> None:
        super().__init__(file, "rb")
        self._meter = meter

    def read(self, size: int | None = -1, /) -> bytes:
        block: bytes = super().read(-1 if size is None else size) or b""
        self._meter.count(len(block))
        return block
