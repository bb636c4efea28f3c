"""Free ports on loopback, remembered so that a restart finds its addresses again."""

import json
import socket
from pathlib import Path
from typing import Final

SECONDS: Final = 5.0  # for a connection to ourselves


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
    """A port that nobody listens on, and that nobody else is given for the next minute."""
    return _reserve(0)


def is_free(port: int) -> bool:
    """Whether nobody listens there. If so, nobody else is given it for the next minute."""
    try:
        _reserve(port)
    except OSError:
        return False
    return True


def _reserve(port: int) -> int:
    """Take a port, any for 0, and hang up on ourselves there.

    What has just hung up lingers (TIME_WAIT), and until that is over the kernel gives the port
    neither to a program that asks for any nor to a connection on its way out: only to a server that
    asks for this one, as ours do. A port that is merely found free may be gone before its server
    listens.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1)
        with socket.create_connection(listener.getsockname(), timeout=SECONDS) as caller:
            answering, _ = listener.accept()
            answering.close()
            caller.recv(1)  # b"": it hung up first, so it is the one that lingers
        taken: int = listener.getsockname()[1]
        return taken


def _read(file: Path) -> dict[str, int]:
    try:
        known: dict[str, int] = json.loads(file.read_text())
    except (
        FileNotFoundError,
        ValueError,
    ):  # then ports are found anew
        return {}
    return known
