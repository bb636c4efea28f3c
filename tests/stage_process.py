"""A stage in a process of its own, for tests that kill it: `python tests/stage_process.py`.

What it does with a film is said by the film's title: `hang` makes `begun` in CLIPFORGE_DATA_DIR and
works until there is a file `open`; `block` does so without ever giving the event loop a turn.
"""

import asyncio
import logging
import time
from functools import partial
from pathlib import Path

from clipforge.v1 import facts_pb2 as facts
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.settings import RuntimeSettings, load
from workshop import QUICK, import_at_once


async def import_by_title(cause: facts.ProjectSubmitted, *, folder: Path) -> facts.VideoImported:
    logging.getLogger("stage").info("taking in %s from http://u:secret@host/", cause.title)
    if cause.title in ("hang", "block"):
        (folder / "begun").touch()
    if cause.title == "block":
        while not (folder / "open").exists():
            time.sleep(0.05)  # noqa: ASYNC251  (that is the point)
    while cause.title == "hang" and not (folder / "open").exists():
        report(1, "hanging")
        await asyncio.sleep(0.05)
    return await import_at_once(cause)


if __name__ == "__main__":
    settings = load(RuntimeSettings)
    handler = partial(import_by_title, folder=settings.data_dir)
    run_stage(QUICK, handler, settings, concurrency=1)
