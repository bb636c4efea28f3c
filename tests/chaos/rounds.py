"""One round: a house, users, faults, and what the checker says of it. All follows from a seed."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chaos import checker, faults, witness
from chaos.brokers import Lone
from chaos.checker import Violation
from chaos.evidence import Evidence
from chaos.faults import Fault
from chaos.house import House
from chaos.requests import CALM, DEEDS, Request, requests
from chaos.servers import Servers
from chaos.twice import repeated
from chaos.users import Users

ASK_SECONDS: Final = 6.0  # within which the users submit their films
PROMISE_SECONDS: Final = 180.0  # for the users to be promised what they want
SETTLE_SECONDS: Final = 120.0  # for everything to come to its end; then it is stuck


@dataclass(frozen=True)
class Plan:
    """What happens in a round."""

    seed: int
    requests: list[Request]
    faults: list[Fault]

    @classmethod
    def of(cls, seed: int, *, films: int, kinds: Sequence[str], count: int) -> "Plan":
        source = random.Random(seed)
        deeds = CALM if not kinds else tuple(DEEDS)
        return cls(
            seed,
            requests(source, label=f"s{seed}", count=films, seconds=ASK_SECONDS, deeds=deeds),
            faults.faults(source, kinds, count=count, seconds=ASK_SECONDS) if kinds else [],
        )


@dataclass(frozen=True)
class Result:
    """How a round went."""

    plan: Plan
    evidence: Evidence
    violations: list[Violation]
    recovery: float  # seconds from the end of the last fault to the next result
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
            f"seed={self.plan.seed} faults={names} jobs={self.jobs} {counts}"
            f" repeated={repeated(self.evidence)} recovery={self.recovery:.1f}s"
            f" took={self.seconds:.0f}s"
        )


async def play(servers: Servers, plan: Plan) -> Result:
    """Live through a round, and look at what is left."""
    begun = time.monotonic()
    name = f"round{plan.seed}x{time.monotonic_ns()}"
    broker = Lone.within(servers.folder / name)
    async with House.open(servers, broker, name) as house:
        users = Users(house, plan.requests)
        async with asyncio.timeout(PROMISE_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(users.live())
            struck = [tasks.create_task(_strike(house, fault)) for fault in plan.faults]
        await witness.settled(house, users.asked, seconds=SETTLE_SECONDS)
        kinds = [faults.KINDS[fault.kind] for fault in plan.faults]
        seen = await witness.evidence(
            house,
            users.asked,
            exact=not any(kind.repeats for kind in kinds)
            and all(deed in CALM for request in plan.requests for _, deed in request.deeds),
            excused=frozenset().union(*(kind.excused for kind in kinds)),
        )
    ends = [task.result() for task in struck]
    return Result(
        plan,
        seen,
        checker.check(seen),
        _recovery(seen, max(ends, default=0.0)),
        time.monotonic() - begun,
    )


async def _strike(house: House, fault: Fault) -> float:
    """When it was over, in seconds since 1970."""
    await faults.strike(house, fault)
    return time.time()


def _recovery(seen: Evidence, end: float) -> float:
    later = [entry.time.timestamp() for entry in seen.facts if entry.time.timestamp() > end]
    return min(later, default=end) - end if end else 0.0
