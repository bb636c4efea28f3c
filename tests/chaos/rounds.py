"""One round: a house, users, faults, and what the checker says of it. All follows from a seed."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chaos import brokers, checker, faults, tellings, witness
from chaos.checker import Violation
from chaos.evidence import Evidence
from chaos.faults import Fault
from chaos.house import House
from chaos.lost import given_up
from chaos.recovery import recovery
from chaos.requests import CALM, DEEDS, POISON, Request, requests
from chaos.servers import Servers
from chaos.twice import repeated
from chaos.users import Users

ASK_SECONDS: Final = 6.0  # within which the users submit their films
PROMISE_SECONDS: Final = 180.0  # for the users to be promised what they want
# More often the one that is started soonest.
HOUSES: Final[tuple[brokers.Kind, ...]] = ("lone", "lone", "lone", "disk", "three")
KEPT: Final = Path(__file__).parents[2] / "build" / "chaos"  # logs of rounds that broke a promise
SETTLE_SECONDS: Final = 120.0  # for everything to come to its end; then it is stuck


@dataclass(frozen=True)
class Plan:
    """What happens in a round."""

    seed: int
    broker: brokers.Kind
    requests: list[Request]
    faults: list[Fault]

    @classmethod
    def of(cls, seed: int, *, films: int, kinds: Sequence[str], count: int) -> "Plan":
        """A house, films and up to `count` faults of these kinds that can happen in it."""
        source = random.Random(seed)
        each = [set(faults.KINDS[kind].on) for kind in kinds]
        houses = set.intersection(*each) or set.union(*each) if each else {"lone"}
        broker = source.choice([house for house in HOUSES if house in houses])
        possible = [kind for kind in kinds if broker in faults.KINDS[kind].on]
        wrong = faults.faults(source, possible, count=count, seconds=ASK_SECONDS)
        repeats = any(faults.KINDS[fault.kind].repeats for fault in wrong)
        # Where nothing is a reason to do work twice, the films bring none either: none may be.
        deeds = tuple(DEEDS) if repeats else CALM
        if any(fault.kind == POISON for fault in wrong):
            deeds = (*deeds, POISON)
        asked = requests(source, label=f"s{seed}", count=films, seconds=ASK_SECONDS, deeds=deeds)
        return cls(seed, broker, asked, wrong)


@dataclass(frozen=True)
class Result:
    """How a round went."""

    plan: Plan
    evidence: Evidence
    violations: list[Violation]
    recovery: float  # seconds until the jobs that a fault met were over, at most
    seconds: float

    @property
    def jobs(self) -> int:
        return len(self.evidence.rows.jobs)

    def count(self, kind: checker.Kind) -> int:
        return sum(1 for violation in self.violations if violation.kind == kind)

    def __str__(self) -> str:
        names = ",".join(map(str, self.plan.faults)) or "none"
        counts = " ".join(f"{kind}={self.count(kind)}" for kind in checker.KINDS)
        return (
            f"seed={self.plan.seed} log={self.plan.broker} faults={names} jobs={self.jobs} {counts}"
            f" gave-up={len(given_up(self.evidence))} repeated={repeated(self.evidence)}"
            f" recovery={self.recovery:.1f}s took={self.seconds:.0f}s"
        )


async def play(servers: Servers, plan: Plan) -> Result:
    """Live through a round, and look at what is left."""
    start = time.monotonic()
    name = f"round{plan.seed}x{time.monotonic_ns()}"
    async with House.open(servers, plan.broker, name) as house:
        users = Users(house, plan.requests)
        violations = None
        try:
            await users.move_in()
            async with asyncio.timeout(PROMISE_SECONDS), asyncio.TaskGroup() as tasks:
                tasks.create_task(users.live())
                struck = [tasks.create_task(_strike(house, fault)) for fault in plan.faults]
            await witness.settled(house, users.asked, seconds=SETTLE_SECONDS)
            kinds = [faults.KINDS[fault.kind] for fault in plan.faults]
            seen = await witness.evidence(
                house,
                users.asked,
                told=tellings.heard(house.receiver.received(house.endpoint)),
                exact=plan.broker == "lone" and not any(kind.repeats for kind in kinds),
                excused=tuple(words for kind in kinds for words in kind.excuse),
            )
            violations = checker.check(seen)
        finally:
            if violations != []:  # else they go with the house
                house.keep_logs(KEPT / name)
    times = [task.result() for task in struck]
    return Result(
        plan,
        seen,
        violations,
        max((recovery(seen, begun, ended) for begun, ended in times), default=0.0),
        time.monotonic() - start,
    )


async def _strike(house: House, fault: Fault) -> tuple[float, float]:
    """When it began and when it was over, in seconds since 1970."""
    await asyncio.sleep(fault.at)
    begun = time.time()
    await faults.strike(house, fault)
    return begun, time.time()
