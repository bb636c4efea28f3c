"""The log's backup: `python -m clipforge_runtime.backup save F | restore F | nightly FOLDER KEEP`.

A backup is a folder of its own with `backup.json`, what the log was like, and `stream.tar.s2`, its
messages and consumers. Save as the NATS user `backup`, restore as `admin`. `nightly` saves one more
below a folder, named after the time, and keeps so many of the newest.
"""

import asyncio
import hashlib
import json
import logging
import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from clipforge_contracts import subjects
from clipforge_contracts.permissions import ADMIN, BACKUP
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream import snapshots
from clipforge_runtime.jetstream.connection import ApiError, Connection, connect
from clipforge_runtime.jetstream.snapshots import Broken
from clipforge_runtime.logs import configure
from clipforge_runtime.settings import RuntimeSettings, load

log = logging.getLogger("clipforge_runtime.backup")

ABOUT: Final = "backup.json"
DATA: Final = "stream.tar.s2"
NAMED: Final = "log-%Y-%m-%dT%H%M%S.%fZ"  # the order of names is that of times
EXISTS: Final = 10130  # a stream of this name, which a restore would not take the place of


class Unusable(Exception):
    """The folder cannot be saved to, or be restored from; the text says what to do."""


async def save(connection: Connection, folder: Path) -> int:
    """A backup in a new folder: whole, or not at all. How many messages it holds."""
    if folder.exists():
        raise Unusable(f"{folder} exists already: name a new folder for each backup.")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a backup that was broken off
    unfinished.mkdir(parents=True)
    about, pieces = await snapshots.taken(connection)
    seen = hashlib.sha256()
    with (unfinished / DATA).open("wb") as file:
        async with aclosing(pieces):
            async for piece in pieces:
                seen.update(piece)
                await asyncio.to_thread(file.write, piece)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    taken_at = datetime.now(UTC).isoformat(timespec="seconds")
    text = json.dumps({**about, "taken_at": taken_at, "sha256": seen.hexdigest()}, indent=1)
    (unfinished / ABOUT).write_text(text)
    unfinished.rename(folder)
    return int(about["state"]["messages"])


async def nightly(connection: Connection, below: Path, keep: int) -> int:
    """One more backup; then all but the `keep` newest are removed. How many messages it holds."""
    messages = await save(connection, below / datetime.now(UTC).strftime(NAMED))
    for old in sorted(below.glob(f"log-*/{ABOUT}"))[:-keep]:
        await asyncio.to_thread(shutil.rmtree, old.parent)
        log.info("removed %s", old.parent)
    return messages


async def restore(connection: Connection, folder: Path) -> int:
    """Bring the log back from a backup, where there is none. How many messages it holds."""
    about = await asyncio.to_thread(_read, folder)
    try:
        return await snapshots.given(connection, about, _pieces(folder / DATA))
    except ApiError as error:
        if error.err_code != EXISTS:
            raise
        raise Unusable(
            f"There is a log {subjects.STREAM} already, and nothing was changed. A backup takes "
            "the place of a log that is gone; docs/guides/backup.md says when to delete one."
        ) from error


def _read(folder: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text())
        with (folder / DATA).open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == about["sha256"]
        asked = {"config": about["config"], "state": about["state"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise Unusable(f"{folder} is no backup that can be read: {error}") from error
    if not whole:
        raise Unusable(f"{folder} is damaged: {DATA} is not what was saved. Use an older backup.")
    return asked


async def _pieces(file: Path) -> AsyncGenerator[bytes]:
    with file.open("rb") as opened:
        while piece := await asyncio.to_thread(opened.read, snapshots.PIECE_BYTES):
            yield piece


async def main(settings: RuntimeSettings, what: str, folder: Path, keep: int = 0) -> None:
    """One of them, as the user who may."""
    configure("backup", settings.log_level)
    async with connect(settings.nats_url, ADMIN if what == "restore" else BACKUP) as connection:
        match what:
            case "save":
                messages = await save(connection, folder)
            case "restore":
                messages = await restore(connection, folder)
            case _:
                messages = await nightly(connection, folder, keep)
    log.info("%s: %d messages, %s", what, messages, folder)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["save" | "restore" as asked, place]:
            work = main(load(RuntimeSettings), asked, Path(place))
        case ["nightly" as asked, place, number] if number.isdecimal() and int(number) > 0:
            work = main(load(RuntimeSettings), asked, Path(place), int(number))
        case _:
            sys.exit(__doc__)
    try:
        asyncio.run(work)
    except (Unusable, Broken, Unavailable, ApiError, OSError) as failure:
        sys.exit(f"The log's backup failed ({asked}): {failure}")
