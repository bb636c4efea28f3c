"""Free ports on loopback, remembered so that a restart finds its addresses again."""

import json
import socket
from pathlib import Path


class Ports:
    """Ports by name, kept in a file of the data folder."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _read(file)

    def get(self, name: str) -> int:
        """The port of former times where it is free, else another one."""
        port = self._known.get(name, 0)
        if not port or not is_free(port):
            port = free()
            self._known[name] = port
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._file.with_suffix(".new")
            unfinished.write_text(json.dumps(self._known, indent=1))
            unfinished.replace(self._file)
        return port


def free() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _read(file: Path) -> dict[str, int]:
    try:
        known: dict[str, int] = json.loads(file.read_text())
    except (
        FileNotFoundError,
        ValueError,
    ):  # then ports are found anew
        return {}
    return known


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
