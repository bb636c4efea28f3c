"""Whether everything that was promised has happened, once, and nothing else. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from chaos.evidence import Evidence
from chaos.invented import invented
from chaos.lost import lost
from chaos.stuck import stuck
from chaos.twice import twice

Kind = Literal["lost", "twice", "stuck", "invented"]
Look = Callable[[Evidence], Iterator[str]]

KINDS: Final[dict[Kind, Look]] = {
    "lost": lost,
    "twice": twice,
    "stuck": stuck,
    "invented": invented,
}


@dataclass(frozen=True)
class Violation:
    """One broken promise."""

    kind: Kind
    what: str


def check(evidence: Evidence) -> list[Violation]:
    """Every broken promise; an empty list where all were kept."""
    return [Violation(kind, what) for kind, look in KINDS.items() for what in look(evidence)]
