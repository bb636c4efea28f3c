"""Runs that were stopped before their clips were there, remembered so that they go on."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

MOST: Final = 100  # runs; the oldest is forgotten first


class Runs:
    """Projects by what was asked for, kept in the data folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "runs.json"

    def find(self, key: str) -> str:
        """The project of a run that was stopped; empty where there is none."""
        return self._read().get(key, "")

    def remember(self, key: str, project: str) -> None:
        self._write({**self._read(), key: project})

    def forget(self, key: str) -> None:
        known = self._read()
        if known.pop(key, None):
            self._write(known)

    def _read(self) -> dict[str, str]:
        try:
            known: dict[str, str] = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):  # none yet, or half of it: then runs begin anew
            return {}
        return known

    def _write(self, known: dict[str, str]) -> None:
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(json.dumps(dict(list(known.items())[-MOST:])))
        unfinished.replace(self._file)


def key_of(source: str, remote: bool, options: dict[str, Any]) -> str:
    """What makes two runs the same: the film and what is asked for."""
    film = [source]
    if not remote:
        file = Path(source).resolve()
        stat = file.stat()
        film = [str(file), str(stat.st_size), str(stat.st_mtime_ns)]
    asked = json.dumps([film, options], sort_keys=True)
    return hashlib.sha256(asked.encode(errors="surrogateescape")).hexdigest()
