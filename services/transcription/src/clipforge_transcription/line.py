"""Our end of the line to a listener: bytes go out, lines of JSON come back, and a cancel ends both.

Not a socket file: a wait that times out would lose what it had read.
"""

import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any, Final

from clipforge_transcription.engines import Cancelled

LOOK_SECONDS: Final = 0.1  # between two looks whether anybody still waits
BLOCK_BYTES: Final = 64 * 1024


class Line:
    """Raises Cancelled as soon as `cancelled()`, ConnectionError where the other end is gone."""

    def __init__(self, ours: socket.socket) -> None:
        ours.settimeout(LOOK_SECONDS)
        self._socket = ours
        self._read = bytearray()

    def send(self, body: bytes, cancelled: Callable[[], bool]) -> None:
        """Send all of it. It is not taken while the other side starts."""
        left = memoryview(body)
        while left:
            _look(cancelled)
            with contextlib.suppress(TimeoutError):
                left = left[self._socket.send(left) :]

    def receive(self, cancelled: Callable[[], bool]) -> Any:
        """What the next line says."""
        while b"\n" not in self._read:
            _look(cancelled)
            with contextlib.suppress(TimeoutError):
                block = self._socket.recv(BLOCK_BYTES)
                if not block:
                    raise ConnectionError("the other end is gone")
                self._read += block
        line, _, self._read = self._read.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        """Let the other side know that nobody asks any more."""
        self._socket.close()


def _look(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled
