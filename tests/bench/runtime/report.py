"""What was measured, in words: a table, how cost grows, and the last line."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.runtime.measure import Figures
from bench.runtime.systems import (
    BULLMQ_1S,
    BULLMQ_ALWAYS,
    OURS_1S,
    OURS_ALWAYS,
    PAIRED,
    System,
)

Test = str
URGENT: Test = "critical-behind-2000"

WHAT = {"tenants": "tenants", "waiting": "jobs waiting behind the measured ones"}

TITLES: Mapping[Test, str] = {
    "enqueue-1": "enqueue, one after the other",
    "enqueue-64": "enqueue, 64 under way",
    "process-1": "process, 1 slot",
    "process-10": "process, 10 slots",
    "hop-1": "one hop, ms",
    "hop-4": "four hops, ms",
    URGENT: "a critical job behind 2,000 low ones, 1 slot: ms, once the slot is free",
}


@dataclass
class Results:
    """Every round's figures, by system and test."""

    rounds: dict[tuple[str, Test], list[Figures]] = field(default_factory=lambda: defaultdict(list))
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, system: System, test: Test, figures: Figures) -> None:
        self.rounds[system.name, test].append(figures)
        said = " ".join(f"{name}={value:,.1f}" for name, value in figures.items())
        print(f"  {system.name:<18}{test:<16}{said}", flush=True)

    def median(self, system: System, test: Test, name: str) -> float | None:
        """The median over the rounds; None where it was not measured."""
        values = [figures[name] for figures in self.rounds.get((system.name, test), [])]
        return median(values) if values else None

    def ratio(self, ours: System, theirs: System, test: Test, *names: str) -> float | None:
        """The median over the rounds of ours over theirs; `names` are summed first."""
        pairs = zip(
            self.rounds.get((ours.name, test), []),
            self.rounds.get((theirs.name, test), []),
            strict=False,
        )
        ratios = [
            sum(mine[name] for name in names) / sum(yours[name] for name in names)
            for mine, yours in pairs
        ]
        return median(ratios) if ratios else None


def table(results: Results, systems: Sequence[System]) -> None:
    """Medians over the rounds, with the best round of what has a rate."""
    for test, title in TITLES.items():
        print(f"\n{title}")
        waits = test.startswith("hop") or test == URGENT
        head = ("p50", "p95", "p99") if waits else ("jobs/s", "best")
        columns = (*head, "client us", "broker us", "client MiB", "broker MiB")
        print(f"  {'':<18}" + "".join(f"{column:>12}" for column in columns))
        for system in systems:
            if (system.name, test) not in results.rounds:
                continue
            rounds = results.rounds[system.name, test]
            if waits:
                first = [median(one[name] for one in rounds) for name in head]
            else:
                rates = [one["rate"] for one in rounds]
                first = [median(rates), max(rates)]
            rest = [
                median(one[name] for one in rounds) if name in rounds[0] else None
                for name in ("client_us", "broker_us", "client_mib", "broker_mib")
            ]
            cells = "".join(f"{value:>12,.1f}" if value else f"{'':>12}" for value in first + rest)
            print(f"  {system.name:<18}{cells}")


def growth(results: Results, systems: Sequence[System], test: str, sizes: Sequence[int]) -> None:
    """Microseconds of CPU a job, client and broker, as something grows."""
    print(f"\nCPU us a job at 10 slots, by {WHAT[test]}")
    print(f"  {'':<18}" + "".join(f"{size:>12,}" for size in sizes))
    for system in systems:
        costs = [(results.median(system, f"{test}-{size}", "client_us"), size) for size in sizes]
        cells = ""
        for client, size in costs:
            broker = results.median(system, f"{test}-{size}", "broker_us")
            both = None if client is None or broker is None else client + broker
            cells += f"{both:>12,.0f}" if both is not None else f"{'':>12}"
        if cells.strip():
            print(f"  {system.name:<18}{cells}")


def conditions(systems: Sequence[System]) -> None:
    """What was measured, where, and at which durability."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; everything on 127.0.0.1")
    for system in systems:
        print(f"  {system.name:<18}{system.durability}")


def left_out(systems: Sequence[System]) -> None:
    """Which rows some of them do not have, and why."""
    for system in systems:
        if system.no_chain:
            print(f"  {system.name:<18}no four hops: {system.no_chain}")
        if system not in PAIRED:
            print(f"  {system.name:<18}no {URGENT}: without settings it orders by arrival alone")


def last_line(results: Results) -> str:
    """Ours over BullMQ's. The first and the last are better above 1, the others below."""
    everysec = (OURS_1S, BULLMQ_1S)
    figures = {
        "throughput": results.ratio(*everysec, "process-10", "rate"),
        "chain4_p50": results.ratio(*everysec, "hop-4", "p50"),
        "cpu": results.ratio(*everysec, "process-10", "client_us", "broker_us"),
        "fsync": results.ratio(OURS_ALWAYS, BULLMQ_ALWAYS, "process-10", "rate"),
    }
    said = (
        f"{name}={'?' if value is None else f'{value:.2f}x'}" for name, value in figures.items()
    )
    return "bench-runtime: " + " ".join(said)
