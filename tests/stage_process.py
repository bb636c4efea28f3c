"""A stage in a process of its own, for tests that kill it: `python tests/stage_process.py [STAGE]`.

It imports, unless the stage is `transcription`. What it does with a film is said by the film's
title: `hang` makes `begun-<process id>` in CLIPFORGE_DATA_DIR and works until there is a file
`open`; `block` does so without ever giving the event loop a turn.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.pipeline import BY_STAGE, IMPORT, TRANSCRIPTION
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.settings import RuntimeSettings, load
from workshop import import_at_once, quick, transcribe_at_once

Work = Callable[[Any], Awaitable[Any]]
STAGES: dict[str, Work] = {IMPORT.name: import_at_once, TRANSCRIPTION.name: transcribe_at_once}


async def work_by_title(
    cause: facts.ProjectSubmitted | facts.VideoImported, *, folder: Path, work: Work
) -> Any:
    logging.getLogger("stage").info("taking in %s from http://u:secret@host/", cause.title)
    if cause.title in ("hang", "block"):
        (folder / f"begun-{os.getpid()}").touch()
    if cause.title == "block":
        while not (folder / "open").exists():
            time.sleep(0.05)  # noqa: ASYNC251  (that is the point)
    while cause.title == "hang" and not (folder / "open").exists():
        report(1, "hanging")
        await asyncio.sleep(0.05)
    return await work(cause)


if __name__ == "__main__":
    settings = load(RuntimeSettings)
    name = sys.argv[1] if sys.argv[1:] else IMPORT.name
    handler = partial(work_by_title, folder=settings.data_dir, work=STAGES[name])
    run_stage(quick(BY_STAGE[name]), handler, settings, concurrency=1)
