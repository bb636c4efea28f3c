"""A delivery that no log knows of, for what only reads one."""

from dataclasses import dataclass

from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, encode
from clipforge_runtime.jetstream.publishing import envelope


@dataclass(frozen=True)
class Handed:
    """A fact, handed to a worker for the first time. Nothing of it is ever settled."""

    fact: Fact
    stream: str = subjects.STREAM
    sequence: int = 1
    deliveries: int = 1

    @property
    def subject(self) -> str:
        return str(subjects.fact_subject(self.fact))

    @property
    def data(self) -> bytes:
        return encode(self.fact)

    @property
    def headers(self) -> dict[str, str]:
        return dict(envelope(self.fact, "evt_1", "test"))

    async def ack(self) -> None:
        raise AssertionError("nothing is settled here")

    async def in_progress(self) -> None:
        """Nobody else is handed it."""
