"""What handlers have done, outside of the log: one file a process, each line on the disk."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

KILL_AT_RETRY: Final = "kill-at-retry"  # an order: a file that one handler takes away


@dataclass(frozen=True)
class Effect:
    """A handler has `begun` with a job or has `made` its result."""

    what: str
    stage: str
    about: str  # the project or export
    part: int | None
    process: str
    at: float  # seconds since 1970


class Effects:
    """The effects of one process, and what all processes together have tried."""

    def __init__(self, folder: Path, process: str) -> None:
        self._process = f"{process}-{os.getpid()}"
        self._folder = folder
        self._tries = folder / "tries"
        self._tries.mkdir(parents=True, exist_ok=True)
        self._file = (folder / f"{self._process}.jsonl").open("a")

    def record(self, what: str, stage: str, about: str, part: int | None) -> None:
        """Note it, and return once it would survive a power cut."""
        effect = Effect(what, stage, about, part, self._process, time.time())
        self._file.write(json.dumps(asdict(effect)) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def nth_try(self, stage: str, about: str, part: int | None) -> int:
        """How often this has been begun, this time included; whoever asks gets a new number."""
        n = 1
        while True:
            try:
                (self._tries / f"{stage}.{about}.{part}.{n}").touch(exist_ok=False)
            except FileExistsError:
                n += 1
            else:
                return n

    def takes(self, order: str) -> bool:
        """Whether there is such an order and this process is the one that carries it out."""
        try:
            (self._folder / order).unlink()
        except FileNotFoundError:
            return False
        return True


def read(folder: Path) -> Iterator[Effect]:
    """Every effect of every process. The last line of a killed one may be half a line."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                yield Effect(**json.loads(line))
