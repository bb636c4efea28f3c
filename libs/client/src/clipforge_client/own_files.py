"""Files that commands keep for their user: replaced whole or not at all, read by nobody else."""

import os
from pathlib import Path


def state() -> Path:
    """The folder of what commands remember by themselves."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return Path(base) / "clipforge"


def replace(file: Path, text: str) -> None:
    """Write a file. OSError where that cannot be done: then it is as it was."""
    file = file.resolve()  # where it is a link, its target
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    try:
        unfinished.touch(mode=0o600, exist_ok=False)
        unfinished.write_text(text)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
