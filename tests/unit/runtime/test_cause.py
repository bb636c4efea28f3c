"""What follows from a cause has ids that follow from it, too."""

from dataclasses import dataclass, field

from clipforge.v1.facts_pb2 import ChunkCut
from clipforge_contracts.facts import ce_type, encode
from clipforge_contracts.pipeline import TRANSCRIPTION
from clipforge_contracts.subjects import fact_subject
from clipforge_runtime.cause import Cause
from samples import every_fact, imported


@dataclass(frozen=True)
class Handed:
    """A delivery as it comes from the log, once."""

    subject: str = str(fact_subject(imported()))
    data: bytes = encode(imported())
    headers: dict[str, str] = field(
        default_factory=lambda: {"ce-id": "evt_1", "ce-type": ce_type(imported())}
    )
    stream: str = "CLIPFORGE"
    sequence: int = 1
    deliveries: int = 1

    async def ack(self) -> None:
        """Nothing is settled here."""

    async def in_progress(self) -> None:
        """No lease is renewed here."""


def part(plan_hash: str) -> ChunkCut:
    [sample] = [fact for fact in every_fact() if isinstance(fact, ChunkCut)]
    made = ChunkCut()
    made.CopyFrom(sample)
    made.plan.plan_hash = plan_hash
    return made


def test_parts_of_two_plans_are_two_facts_and_the_same_part_is_one() -> None:
    cause = Cause.read(TRANSCRIPTION, Handed())

    ids = [cause.fact_id_of(part(plan), 3) for plan in ("a" * 64, "b" * 64, "a" * 64)]

    assert ids[0] != ids[1]
    assert ids[0] == ids[2]
