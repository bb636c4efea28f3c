"""The data folder of a stack: its secrets, its ports, and who may use it."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clipforge_contracts.permissions import users

SYSTEM: Final = Path("/var/lib/clipforge")  # for root, whose home PostgreSQL's user may not enter


class AlreadyRunning(Exception):
    """Another stack uses this folder."""


def default() -> Path:
    """Where the stack keeps its data unless CLIPFORGE_DATA_DIR says otherwise."""
    named = os.environ.get("CLIPFORGE_DATA_DIR")
    if named:
        return Path(named).absolute()
    if os.geteuid() == 0:
        return SYSTEM
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(base) / "clipforge"


def load_secrets(folder: Path) -> dict[str, str]:
    """Passwords and keys by name, made on first use, readable by the owner alone."""
    file = folder / "secrets.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    wanted = (
        "postgres",
        "s3_access",
        "s3_secret",
        "api_key",
        *(f"nats_{name}" for name in users()),
    )
    missing = [name for name in wanted if name not in known]
    if missing:
        known |= {name: secrets.token_hex(24) for name in missing}
        if "api_key" in missing:
            known["api_key"] = f"cf_{secrets.token_urlsafe(32)}"
        unfinished = file.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(known, indent=1))
        unfinished.replace(file)
    return known


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other stacks out of the folder for the body. AlreadyRunning where one is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"a stack is running in {folder}") from error
        yield
