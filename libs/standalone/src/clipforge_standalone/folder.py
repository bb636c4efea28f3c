"""The data folder of a stack: its secrets, its ports, and who may use it."""

import fcntl
import json
import os
import pwd
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clipforge_contracts.permissions import users

SYSTEM: Final = Path("/var/lib/clipforge")  # for root, whose home PostgreSQL's user may not enter


LEAST_BYTES: Final = 256 * 1024**2  # the servers alone write some 100 MB at their first start


class AlreadyRunning(Exception):
    """Another stack uses this folder."""


class Unusable(Exception):
    """The data folder cannot be used; the text says why, and what to do."""


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
    try:
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    except ValueError as error:
        raise Unusable(
            f"{file} is damaged. Bring it back from a backup, or set CLIPFORGE_DATA_DIR to an "
            "empty folder and begin anew."
        ) from error
    wanted = (
        "postgres",
        "s3_access",
        "s3_secret",
        "api_key",
        "webhooks_key",
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
    """Keep other stacks out of the folder for the body. AlreadyRunning, Unusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check(folder)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise Unusable(
            f"The data folder {folder} cannot be used: {error.strerror}. "
            "Set CLIPFORGE_DATA_DIR to a folder that you may write."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise AlreadyRunning(
                f"ClipForge is running in {folder} already, as process {lock.read() or 'unknown'}. "
                "Use that one or stop it; with another CLIPFORGE_DATA_DIR a second one can run."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _check(folder: Path) -> None:
    secret = folder / "secrets.json"
    if secret.exists() and secret.stat().st_uid != os.geteuid():
        raise Unusable(
            f"The data folder {folder} belongs to {_name(secret.stat().st_uid)}. Run ClipForge as "
            "that user, or set CLIPFORGE_DATA_DIR to a folder of your own."
        )
    free = shutil.disk_usage(folder).free
    if free < LEAST_BYTES:
        raise Unusable(
            f"The disk of {folder} is full: {free // 1024**2} MB are free, and at least "
            f"{LEAST_BYTES // 1024**2} MB are needed. Make room, or set CLIPFORGE_DATA_DIR to a "
            "folder on another disk."
        )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
