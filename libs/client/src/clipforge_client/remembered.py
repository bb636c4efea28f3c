"""Uploads that were broken off, remembered on this machine so that they go on next time."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from clipforge_client import own_files
from clipforge_client.client import Client
from clipforge_client.connection import OnBytes
from clipforge_client.errors import Conflict, NotFound
from clipforge_client.models import Upload

MOST: Final = 100  # uploads; the oldest is forgotten first


def upload(
    client: Client,
    file: Path,
    *,
    on_bytes: OnBytes | None = None,
    on_resume: Callable[[Upload], None] | None = None,
) -> Upload:
    """Upload a file, going on where the last try for the same file and gateway stopped.

    It stays remembered until `forget`, so that a program that dies before it has used the upload
    does not send it again.
    """
    key = _key(client, file)

    def begun(upload: Upload) -> None:
        _write({**_read(), key: upload.id})

    if known := _read().get(key):
        try:
            return client.upload(file, upload_id=known, on_bytes=on_bytes, on_begin=on_resume)
        except (NotFound, Conflict):  # aborted, or cleared away in the meantime
            forget(client, file)
    return client.upload(file, on_bytes=on_bytes, on_begin=begun)


def forget(client: Client, file: Path) -> None:
    """The upload has been used."""
    known = _read()
    if known.pop(_key(client, file), None):
        _write(known)


def _file() -> Path:
    return own_files.state() / "uploads.json"


def _key(client: Client, file: Path) -> str:
    """Of this content at this gateway, as far as that is known without reading the file."""
    stat = file.stat()
    known = (client.url, str(file.resolve()), stat.st_size, stat.st_mtime_ns)
    return hashlib.sha256(repr(known).encode(errors="surrogateescape")).hexdigest()


def _read() -> dict[str, str]:
    try:
        found = json.loads(_file().read_text())
    except (OSError, ValueError):  # none yet, or not ours: then nothing is remembered
        return {}
    return found if isinstance(found, dict) else {}


def _write(known: dict[str, str]) -> None:
    # In a home that cannot be written the upload works, only not twice.
    with contextlib.suppress(OSError):
        own_files.replace(_file(), json.dumps(dict(list(known.items())[-MOST:])))
