"""What can go wrong, and how it is brought about."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chaos.house import House

Strike = Callable[[House, "Fault"], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    """A kind of fault."""

    strike: Strike
    lasts: tuple[float, float] = (0, 0)  # seconds, at least and at most
    victims: tuple[str, ...] = ("",)
    repeats: bool = True  # it is a reason to do work twice
    excused: frozenset[str] = frozenset()  # reasons of dead letters that it may cause


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong in a round."""

    kind: str
    victim: str
    at: float  # seconds after the round began
    lasts: float  # seconds

    def __str__(self) -> str:
        return f"{self.kind}:{self.victim}" if self.victim else self.kind


async def _kill(house: House, fault: Fault) -> None:
    """kill -9; the supervisor starts it again when the fault is over."""
    with house.held_down(fault.victim):
        house.processes[fault.victim].kill()
        await asyncio.sleep(fault.lasts)


WORKERS: Final = ("import-0", "transcription-0", "clip-detection-0", "export-0")
SERVICES: Final = ("gateway", "projector")

KINDS: Final[Mapping[str, Kind]] = {
    "kill": Kind(_kill, lasts=(0.2, 2), victims=WORKERS),
    "kill-service": Kind(_kill, lasts=(0.2, 2), victims=SERVICES, repeats=False),
}


async def strike(house: House, fault: Fault) -> None:
    """Bring it about, and return when it is over."""
    await asyncio.sleep(fault.at)
    await KINDS[fault.kind].strike(house, fault)


def faults(
    source: random.Random, kinds: Sequence[str], *, count: int, seconds: float
) -> list[Fault]:
    """So many faults within so many seconds, not before there is something to hit."""

    def one(kind: str) -> Fault:
        return Fault(
            kind,
            victim=source.choice(KINDS[kind].victims),
            at=source.uniform(seconds * 0.15, seconds),
            lasts=source.uniform(*KINDS[kind].lasts),
        )

    chosen = [one(source.choice(kinds)) for _ in range(count)]
    return sorted(chosen, key=lambda fault: fault.at)
