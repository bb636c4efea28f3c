"""Processes that outlived the stack that started them."""

from pathlib import Path
from typing import Final

import psutil

from clipforge_standalone.servers.process import STACK

END_SECONDS: Final = 15


def end(logs: Path) -> int:
    """Kill what a stack that logged to this folder left running; how many processes.

    Only for whoever holds the data folder: then no other stack of it can be alive. Children ask the
    kernel to die with us, but what they start themselves need not.
    """
    left = [process for process in psutil.process_iter() if _stack_of(process) == str(logs)]
    for process in left:
        try:
            process.kill()
        except psutil.NoSuchProcess:  # it has ended meanwhile, which is what we want
            continue
    psutil.wait_procs(left, timeout=END_SECONDS)
    return len(left)


def wait_for(name: str, folder: Path) -> None:
    """Give programs of this name that work in this folder time to end by themselves."""
    found = [
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] == name and _works_in(process) == str(folder)
    ]
    psutil.wait_procs(found, timeout=END_SECONDS)


def _stack_of(process: psutil.Process) -> str | None:
    try:
        found: str | None = process.environ().get(STACK)
    except psutil.Error:  # of another user, or ended
        return None
    return found


def _works_in(process: psutil.Process) -> str | None:
    try:
        found: str = process.cwd()
    except psutil.Error:
        return None
    return found
