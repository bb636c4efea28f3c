"""What can go wrong, and when it does in a round."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chaos import brokers, log_strikes, strikes
from chaos.house import House
from chaos.requests import POISON
from chaos.roles import LEASE
from clipforge_runtime.patience import patiently

Strike = Callable[[House, str, float], Awaitable[None]]

STAGES: Final = ("import", "transcription", "clip-detection", "export")
WORKERS: Final = tuple(f"{stage}-0" for stage in STAGES)
APART: Final = ("webhooks-0", "maintenance-0")  # workers, too, of jobs that are of no film
SERVICES: Final = ("gateway", "projector")
EVERYBODY: Final = (*WORKERS, *APART, *SERVICES)
ANYWHERE: Final[tuple[brokers.Kind, ...]] = ("lone", "disk", "three")
STORE: Final = ("The object store", "made no progress")  # in dead letters of its absence

_LEASE: Final = LEASE.total_seconds()


@dataclass(frozen=True)
class Kind:
    """A kind of fault."""

    strike: Strike
    lasts: tuple[float, float]  # seconds, at least and at most
    victims: tuple[str, ...] = ("",)
    on: tuple[brokers.Kind, ...] = ANYWHERE  # the houses in which it can happen
    mounts: bool = False  # it takes a small disk, which only root can mount
    repeats: bool = True  # it is a reason to do work twice
    excuse: tuple[str, ...] = ()  # words of dead letters that it may cause


KINDS: Final[Mapping[str, Kind]] = {
    "kill": Kind(strikes.kill, (0.2, 2), (*WORKERS, *APART)),
    "kill-both": Kind(strikes.kill_both, (0.2, 3), STAGES),
    "kill-service": Kind(strikes.kill, (0.2, 2), SERVICES, repeats=False),
    "freeze": Kind(strikes.freeze, (1.5 * _LEASE, 2.2 * _LEASE), EVERYBODY),
    "kill-webhooks": Kind(strikes.kill_both, (0.2, 3), ("webhooks",), repeats=False),
    "endpoint-away": Kind(strikes.endpoint_away, (1, 5), repeats=False),
    "kill-at-retry": Kind(strikes.kill_at_retry, (0, 0)),
    "stop": Kind(strikes.stop, (0.2, 1), (*WORKERS, *APART)),
    "log-kill": Kind(log_strikes.log_kill, (0.1, 1)),
    "log-away": Kind(log_strikes.log_kill, (1.4 * _LEASE, 2 * _LEASE), on=("lone",)),
    "log-freeze": Kind(log_strikes.log_freeze, (1, 2 * _LEASE)),
    "log-kill-at-retry": Kind(log_strikes.log_kill_at_retry, (0.1, 0.5)),
    "log-full": Kind(log_strikes.log_full, (1, 4), on=("lone",)),
    "disk-full": Kind(log_strikes.disk_full, (1, 4), on=("disk",), mounts=True),
    "disk-full-on-one": Kind(log_strikes.disk_full, (2, 6), on=("three",), mounts=True),
    "power-cut": Kind(log_strikes.power_cut, (0.2, 1), on=("disk",), mounts=True),
    "leader-kill": Kind(log_strikes.leader_kill, (0.5, 6), on=("three",)),
    "leader-freeze": Kind(log_strikes.leader_freeze, (2, 8), on=("three",)),
    "partition": Kind(log_strikes.partition, (3, 9), on=("three",)),
    "database-kill": Kind(strikes.database_kill, (0.2, 2), repeats=False),
    "database-refuses": Kind(strikes.database_refuses, (1, 4), repeats=False),
    "store-kill": Kind(strikes.store_kill, (0.2, 1), excuse=STORE),
    "store-slow": Kind(strikes.store_slow, (2, 5), excuse=STORE),
    "store-refuses": Kind(strikes.store_refuses, (0.3, 1.2), excuse=STORE),
    "store-declines": Kind(strikes.store_declines, (0.5, 2), excuse=STORE),
    "store-cuts": Kind(strikes.store_cuts, (0.5, 2), excuse=STORE),
    "clock": Kind(strikes.clock, (2, 6), EVERYBODY),
    "again": Kind(log_strikes.again, (0, 0)),
    POISON: Kind(strikes.poison, (0, 0), on=("lone",)),
    "garbled": Kind(log_strikes.garbled, (0, 0), STAGES, repeats=False),
}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong in a round."""

    kind: str
    victim: str
    at: float  # seconds after the round began
    lasts: float  # seconds

    def __str__(self) -> str:
        return f"{self.kind}:{self.victim}" if self.victim else self.kind


async def strike(house: House, fault: Fault) -> None:
    """Bring it about, and return when it is over."""
    kind = KINDS[fault.kind]
    # Another fault may have taken the log away, which some of them need themselves.
    await patiently(lambda: kind.strike(house, fault.victim, fault.lasts))


def faults(
    source: random.Random, kinds: Sequence[str], *, count: int, seconds: float
) -> list[Fault]:
    """So many different ones within so many seconds, not before there is something to hit."""

    def one(kind: str) -> Fault:
        return Fault(
            kind,
            victim=source.choice(KINDS[kind].victims),
            at=source.uniform(seconds * 0.2, seconds),
            lasts=source.uniform(*KINDS[kind].lasts),
        )

    chosen = source.sample(sorted(kinds), k=min(count, len(kinds)))
    return sorted((one(kind) for kind in chosen), key=lambda fault: fault.at)
