"""A film through the whole house, measured: `make bench-pipeline [MINUTES=60]`.

Seconds and CPU seconds per stage and peak memory per process tree (resident, sampled four times a
second, children included), for the 90 s talk and for the same talk looped to MINUTES. The clips are
rendered in standard quality, three of them.
"""

import asyncio
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from bench.whole import house
from clipforge_client.client import Client
from clipforge_media import ffmpeg
from clipforge_standalone.stack import Stack

SAMPLE_SECONDS = 0.25
CLIPS = 3
MIB = 1024 * 1024
STAGES = ("import", "transcription", "clip-detection", "export")


@dataclass
class Measured:
    """What the processes of a stack used between two moments."""

    cpu_seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@contextmanager
def measuring(stack: Stack) -> Iterator[Measured]:
    measured = Measured()
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_SECONDS):
            for name, pid in stack.processes.items():
                measured.peak_bytes[name] = max(measured.peak_bytes[name], memory(pid))

    sampling = threading.Thread(target=sample)
    before = {name: cpu(pid) for name, pid in stack.processes.items()}
    sampling.start()
    try:
        yield measured
    finally:
        over.set()
        sampling.join()
        for name, pid in stack.processes.items():
            measured.cpu_seconds[name] = cpu(pid) - before[name]


def memory(pid: int) -> int:
    """Resident bytes of a process and its children."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return total  # a child that has just ended; the next sample has the rest
    return total


def cpu(pid: int) -> float:
    """Seconds of a process and of the children that it has waited for."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def looped(film: Path, minutes: float, to: Path) -> Path:
    """The same film again and again, without encoding it anew."""
    arguments = [
        *("-v", "error", "-stream_loop", "-1", "-i", str(film), "-t", str(round(minutes * 60))),
        *("-c", "copy", str(to)),
    ]
    asyncio.run(ffmpeg.run(arguments, limit=timedelta(minutes=5)))
    return to


def measure(stack: Stack, name: str, film: Path) -> None:
    with Client(stack.url, stack.api_key) as client, measuring(stack) as measured:
        upload = client.upload(film)
        project = client.create_project(
            upload_id=upload.id, title=name, options={"clips": CLIPS, "language": "en"}
        )
        project = client.wait_for_project(project.id)
        if project.state != "ready":
            sys.exit(f"{name}: {project.failure}")
        exports = [client.create_export(clip.id) for clip in client.clips(project.id)]
        for n, export in enumerate(exports):
            while not export.over:
                export = exports[n] = client.export(export.id, wait=30)
        transcript = client.transcript(project.id)
    seconds = dict(project.seconds_per_stage)
    seconds["export"] = max(export.seconds or 0 for export in exports)
    assert project.media is not None
    words = sum(len(segment["words"]) for segment in transcript["segments"])
    print(f"\n{name}: {project.media.duration_ms / 1000:.0f} s of film, {words} words")
    print(f"{'process':<16}{'seconds':>10}{'CPU s':>10}{'peak MiB':>10}")
    for process in stack.processes:
        took = f"{seconds[process]:.1f}" if process in STAGES else ""
        peak = measured.peak_bytes[process] / MIB
        print(f"{process:<16}{took:>10}{measured.cpu_seconds[process]:>10.1f}{peak:>10.0f}")
    worst = max(measured.peak_bytes[stage] for stage in STAGES) / MIB
    figures = " ".join(f"{stage}={seconds[stage]:.1f}" for stage in STAGES)
    print(
        f"bench-pipeline: film={name} {figures} cpu={sum(measured.cpu_seconds.values()):.1f} "
        f"peak_worker_mib={worst:.0f} words={words}"
    )


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    with house() as (stack, talk, folder):
        measure(stack, "talk90", talk)
        measure(stack, f"looped{minutes:g}m", looped(talk, minutes, folder / "long.mp4"))


if __name__ == "__main__":
    main()
