"""ClipForge's job runtime beside its peers, in one run: `make bench-runtime [ROUNDS=2] [BIG=1]`.

The systems take turns, round by round in alternating order, so that what else the machine does
falls on all of them. Fresh servers with empty folders for each measurement, all on 127.0.0.1. A
peer that cannot be had here is left out, with the reason.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from bench.runtime import measure, report
from bench.runtime.measure import Figures
from bench.runtime.meter import Stuck
from bench.runtime.report import URGENT
from bench.runtime.systems import (
    BUILD,
    BULLMQ_1S,
    HERE,
    OTHERS,
    OURS_1S,
    PAIRED,
    PYTHON,
    System,
)
from clipforge_standalone.servers.process import DidNotStart

HOP_RATE, HOP_JOBS = 50, 75  # a second: modest, so that nothing queues
CHAIN_RATE, CHAIN_JOBS = 25, 60
TENANTS = (1, 10, 100, 1000)
WAITING = (10, 10_000, 100_000)
MILLION = 1_000_000
GROWN = (OURS_1S, BULLMQ_1S)
GROWTH_JOBS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--big", action="store_true", help="a million waiting jobs, too")
    parser.add_argument("--only", default="", help="names of systems, with commas")
    parser.add_argument("--no-growth", action="store_true")
    wanted = parser.parse_args()

    install()
    results = report.Results()
    systems = [one for one in (*PAIRED, *OTHERS) if not wanted.only or one.name in wanted.only]
    for system in list(systems):
        if reason := system.missing():
            print(f"without {system.name}: {reason}")
            systems.remove(system)
    report.conditions(systems)
    report.left_out(systems)
    began = time.monotonic()
    for number in range(wanted.rounds):
        print(f"round {number + 1} of {wanted.rounds}", flush=True)
        side_by_side(systems, results, turned=number % 2 == 1)
    grown = [one for one in systems if one in GROWN]
    waiting = (*WAITING, MILLION) if wanted.big else WAITING
    if not wanted.no_growth:
        print("how cost grows", flush=True)
        grow(grown, results, waiting)
    report.table(results, systems)
    if not wanted.no_growth:
        report.growth(results, grown, "tenants", TENANTS)
        report.growth(results, grown, "waiting", waiting)
    print(f"\n{time.monotonic() - began:.0f} s; ", end="")
    report.conditions([])
    print(report.last_line(results))


def side_by_side(systems: Sequence[System], results: report.Results, *, turned: bool) -> None:
    """One round: each measurement of all systems in a row, before the next one."""
    tests: dict[str, Callable[[System], Figures]] = {
        "enqueue-1": lambda system: measure.enqueue(system, 1),
        "enqueue-64": lambda system: measure.enqueue(system, 64),
        "process-1": lambda system: measure.process(system, 1),
        "process-10": lambda system: measure.process(system, 10),
        "hop-1": lambda system: measure.latency(system, 1, count=HOP_JOBS, rate=HOP_RATE),
        "hop-4": lambda system: measure.latency(system, 4, count=CHAIN_JOBS, rate=CHAIN_RATE),
        URGENT: measure.overtaking,
    }
    for test, take in tests.items():
        for system in reversed(systems) if turned else systems:
            if test == "hop-4" and system.no_chain:
                continue
            if test == URGENT and system not in PAIRED:
                continue
            if test == "enqueue-64" and not system.window:
                continue
            attempt(results, system, test, take)


def grow(systems: Sequence[System], results: report.Results, waiting: Sequence[int]) -> None:
    """Cost a job as tenants and waiting jobs grow."""
    for tenants in TENANTS:
        for system in systems:
            if system is BULLMQ_1S and tenants > 1:
                continue  # it knows no tenants, unless each has a queue of its own
            take = partial(measure.process, slots=10, count=GROWTH_JOBS, tenants=tenants)
            attempt(results, system, f"tenants-{tenants}", take)
    for behind in waiting:
        for system in systems:
            take = partial(measure.process, slots=10, count=GROWTH_JOBS, waiting=behind)
            attempt(results, system, f"waiting-{behind}", take)


def attempt(
    results: report.Results, system: System, test: str, take: Callable[[System], Figures]
) -> None:
    """Measure; what fails is said, and never made up."""
    try:
        results.add(system, test, take(system))
    except (Stuck, DidNotStart) as failure:
        print(f"  {system.name:<18}{test:<16}FAILED: {failure}", flush=True)


def install() -> None:
    """The peers, once, below build/. What cannot be had is found missing afterwards."""
    node = BUILD / "node"
    if shutil.which("npm") and not (node / "node_modules").exists():
        node.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "peers" / "package.json", node)
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        subprocess.run([*command, "--ignore-scripts", "--loglevel=error"], cwd=node, check=False)
    if not (PYTHON / "celery").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PYTHON.parent)], check=False)
        pip = [str(PYTHON / "pip"), "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(HERE / "peers" / "requirements.txt")], check=False)


if __name__ == "__main__":
    main()
