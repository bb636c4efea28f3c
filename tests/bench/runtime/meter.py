"""What processes use, and when jobs were begun: a line of a file each, `key nanoseconds`."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 1024 * 1024
POLL_SECONDS = 0.01


class Stuck(Exception):
    """A system did not get its jobs done in time."""


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far and resident bytes now, of process trees."""

    cpu: float
    resident: int


def usage(pids: Iterable[int]) -> Usage:
    """What these processes and their children use and, of CPU, have used."""
    cpu, resident = 0.0, 0
    for pid in pids:
        try:
            parent = psutil.Process(pid)
            ended = parent.cpu_times()  # Redis rewrites its file in a child that then ends
            cpu += ended.children_user + ended.children_system
            for process in (parent, *parent.children(recursive=True)):
                times = process.cpu_times()
                cpu += times.user + times.system
                resident += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return Usage(cpu, resident)


class Marks:
    """The jobs that were begun, each with its moment: appended by handlers, one line a job."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.touch()

    def wait_for(self, count: int, seconds: float) -> None:
        """Return once so many have been begun; Stuck where that takes longer."""
        if not self.reached(count, seconds):
            raise Stuck(f"{self.count()} of {count} jobs after {seconds:g} s")

    def reached(self, count: int, seconds: float) -> bool:
        """Wait for so many for so long; whether they were begun."""
        deadline = time.monotonic() + seconds
        while self.count() < count:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def count(self) -> int:
        return self.file.read_bytes().count(b"\n")

    def read(self) -> list[tuple[str, int]]:
        """Key and nanoseconds of each, in the order of beginning."""
        lines = (line.split() for line in self.file.read_text().splitlines())
        return sorted(((key, int(at)) for key, at in lines), key=lambda mark: mark[1])
