"""The measurements, each on a broker of its own with an empty folder."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.runtime.brokers import Broker
from bench.runtime.meter import MIB, POLL_SECONDS, Marks, Stuck, usage
from bench.runtime.systems import Command, System
from clipforge_standalone.servers.process import Child

WARM = 100  # jobs before the clock starts: connections, caches, compiled code
SPARE = 40  # jobs behind the last measured one, so that no slot runs dry
TIMED_SECONDS = 1.5
FEWEST = 20  # jobs that a figure may rest on
MOST_SECONDS = 90.0
BEHIND = 2000  # low jobs behind a critical one ...
SPENT = 1000  # ... and so many that may go while it is measured
JOB_MS = 10
URGENT_JOBS, URGENT_RATE = 40, 20  # a second
FAR = 1_000_000  # a number that no low job has

Figures = dict[str, float]


@dataclass
class Bench:
    """A system with its broker up."""

    system: System
    broker: Broker
    folder: Path

    @property
    def marks(self) -> Marks:
        return Marks(self.folder / "marks")

    def feed(self, **options: Any) -> dict[str, Any]:
        """Put jobs in; what the feeder says, with the broker's CPU seconds meanwhile."""
        command = self.system.feed(self.broker, options)
        with subprocess.Popen(
            command.argv,
            env={**os.environ, **command.env},
            stdout=subprocess.PIPE,
            stderr=(self.folder / "feed.log").open("ab"),
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                said = ""
                before = after = usage([self.broker.pid]).cpu
                for line in process.stdout:
                    if line.startswith("begin"):
                        before = usage([self.broker.pid]).cpu
                    said, after = line, usage([self.broker.pid]).cpu
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            raise Stuck(f"the feeder failed: {(self.folder / 'feed.log').read_text()[-800:]}")
        return {"broker_cpu": after - before, **(json.loads(said) if said[:1] == "{" else {})}

    @contextmanager
    def workers(self, slots: int, hops: int = 1, job_ms: int = 0) -> Iterator[list[int]]:
        """The process ids of its workers, whose last hop takes so long."""
        with ExitStack() as stack:
            children = []
            commands = self.system.work(self.broker, slots, self.marks.file, hops)
            for n, command in enumerate(commands):
                children.append(stack.enter_context(self._running(n, command, job_ms)))
            yield [child.pid for child in children]

    @contextmanager
    def _running(self, n: int, command: Command, job_ms: int) -> Iterator[Child]:
        env = {**os.environ, **command.env, "BENCH_JOB_MS": str(job_ms)}
        child = Child("worker", command.argv, self.folder / f"worker{n}.log", env=env)
        child.start()
        try:
            yield child
        finally:
            child.stop(5)
            child.kill()  # of the same group: prefork's children


@contextmanager
def bench(system: System) -> Iterator[Bench]:
    """A fresh broker of this system; ended and removed whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="clipforge-bench-"))
    try:
        broker = system.broker(folder / "broker")
        try:
            broker.start()
            yield Bench(system, broker, folder)
        finally:
            broker.stop()
    except Stuck as stuck:
        logs = [file.read_text(errors="replace")[-500:] for file in folder.glob("*.log")]
        raise Stuck(f"{system.name}: {stuck}\n" + "\n".join(logs)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def enqueue(system: System, window: int) -> Figures:
    """Jobs a second into an idle queue, and microseconds of CPU for each."""
    count = system.counts.enqueue
    with bench(system) as on:
        said = on.feed(count=count, warm=WARM, window=window)
    return {
        "rate": count / said["seconds"],
        "client_us": said["cpu"] / count * 1e6,
        "broker_us": said["broker_cpu"] / count * 1e6,
    }


def process(
    system: System, slots: int, *, count: int = 0, waiting: int = 0, tenants: int = 1
) -> Figures:
    """No-op jobs a second out of a full queue, of `count` jobs or for TIMED_SECONDS.

    `waiting` more of them lie behind.
    """
    count = count or (system.counts.one_slot if slots == 1 else system.counts.ten_slots)
    with bench(system) as on:
        filled = WARM + count + max(SPARE, waiting)
        fill = partial(on.feed, count=filled, bulk=True)
        if tenants > 1:
            fill = partial(fill, tenants=tenants)
        if not system.held:
            fill()
        with on.workers(slots) as pids:
            if system.held:
                on.feed(count=1, warm=0)
                on.marks.wait_for(1, on.system.first_seconds)  # they are up
                fill(first=1)
            on.marks.wait_for(WARM, on.system.first_seconds)
            began = on.marks.count()
            worker, broker = usage(pids), usage([on.broker.pid])
            on.marks.reached(began + count, TIMED_SECONDS)
            worker_after, broker_after = usage(pids), usage([on.broker.pid])
            if (done := on.marks.count() - began) < FEWEST:
                raise Stuck(f"only {done} jobs in {TIMED_SECONDS:g} s")
            times = [at for _, at in on.marks.read()]
    return {
        "rate": done / ((times[began + done - 1] - times[began - 1]) / 1e9),
        "client_us": (worker_after.cpu - worker.cpu) / done * 1e6,
        "broker_us": (broker_after.cpu - broker.cpu) / done * 1e6,
        "client_mib": worker_after.resident / MIB,
        "broker_mib": broker_after.resident / MIB,
    }


def overtaking(system: System) -> Figures:
    """Milliseconds that a critical job waits behind BEHIND low ones once the one slot is free.

    They count from when it was stated, or from the end of the job that ran then: the later one.
    """
    with bench(system) as on:
        fill = partial(on.feed, count=BEHIND + SPENT, bulk=True, priority="low")
        if not system.held:
            fill()
        with on.workers(1, job_ms=JOB_MS):
            if system.held:
                on.feed(count=1)
                on.marks.wait_for(1, on.system.first_seconds)
                fill(first=1)
            on.marks.wait_for(2, on.system.first_seconds)
            said = on.feed(
                count=URGENT_JOBS, window=8, rate=URGENT_RATE, first=FAR, priority="critical"
            )
            stated = dict(said["marks"])
            deadline = time.monotonic() + MOST_SECONDS
            while not stated.keys() <= dict(on.marks.read()).keys():
                if time.monotonic() > deadline:
                    raise Stuck("critical jobs do not begin")
                time.sleep(POLL_SECONDS)
            begun = on.marks.read()
    last = max(n for n, (key, _) in enumerate(begun) if key in stated)
    if last - len(stated) > SPENT:
        raise Stuck(f"{last - len(stated)} low jobs were gone before the last critical one began")
    waits = [
        (at - max(stated[key], begun[n - 1][1] + JOB_MS * 1_000_000)) / 1e6
        for n, (key, at) in enumerate(begun)
        if key in stated
    ]
    cuts = quantiles(waits, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def latency(system: System, hops: int, *, count: int, rate: float, slots: int = 3) -> Figures:
    """Milliseconds from before a job is stated until its last handler begins."""
    with bench(system) as on, on.workers(slots, hops) as pids:
        on.feed(count=WARM // 2, window=1, hops=hops)
        on.marks.wait_for(WARM // 2, on.system.first_seconds)
        worker, broker = usage(pids), usage([on.broker.pid])
        said = on.feed(count=count, window=16, rate=rate, hops=hops, first=WARM)
        on.marks.wait_for(WARM // 2 + count, MOST_SECONDS)
        worker_after, broker_after = usage(pids), usage([on.broker.pid])
        begun = dict(on.marks.read())
    waits = [(begun[key] - at) / 1e6 for key, at in said["marks"]]
    cuts = quantiles(waits, n=100, method="inclusive")
    return {
        "p50": cuts[49],
        "p95": cuts[94],
        "p99": cuts[98],
        "client_us": (worker_after.cpu - worker.cpu) / count * 1e6,
        "broker_us": (broker_after.cpu - broker.cpu) / count * 1e6,
        "client_mib": worker_after.resident / MIB,
    }
