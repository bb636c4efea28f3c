"""What happened more than once."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from chaos import account, results
from chaos.evidence import Evidence
from chaos.requests import HOPELESS, Request
from chaos.tellings import told_twice
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.facts import about, fact_name
from clipforge_contracts.pipeline import BY_STAGE, EXPORT

TRIES: Final = {  # that a deed takes; one where it is neither named nor hopeless
    "flaky1": 2,
    "flaky2": 3,
    "hang": 2,
    "block": 2,
    "eat": 2,
    "stumble": 2,
}


def twice(evidence: Evidence) -> Iterator[str]:
    """Facts and rows that are there again; work done again where nothing was a reason to."""
    yield from _stated(evidence)
    yield from _rows(evidence)
    yield from _done(evidence)
    yield from told_twice(evidence)


def repeated(evidence: Evidence) -> int:
    """How often a handler was begun beyond what the scripts foresaw: work that was wasted."""
    return sum(times - foreseen for _, times, foreseen in _begun(evidence) if times > foreseen)


def _stated(evidence: Evidence) -> Iterator[str]:
    stated: Counter[tuple[str, str, int | None]] = Counter()
    for _, fact in account.read(evidence):
        part = fact.n if isinstance(fact, facts.ChunkCut) else None
        stated[fact_name(fact), about(fact), part] += 1
    for fact in account.apart(evidence, facts.ObjectsRemoved, facts.WebhookDelivered):
        stated[fact_name(fact), about(fact), None] += 1
    for (name, what, part), times in stated.items():
        if times > 1:
            yield f"{name} about {what} (part {part}) was stated {times} times"


def _rows(evidence: Evidence) -> Iterator[str]:
    rows = evidence.rows
    for label, keys in (
        ("job", [(row.stage, row.about) for row in rows.jobs]),
        # Whoever asks again after a failure gets another export.
        ("export", [row.project for row in rows.exports if row.state != "failed"]),
        ("clip", [project for _, project in rows.clips]),
        ("charge", [row.fact_id for row in rows.usage]),
    ):
        for key, times in Counter[object](keys).items():
            if times > 1:
                yield f"there are {times} rows of the {label} {key}"
    foreseen = sum(1 for _, fact in account.read(evidence) if account.charge(fact))
    if len(rows.usage) > foreseen:
        yield f"{len(rows.usage)} charges were made for {foreseen} results"


def _done(evidence: Evidence) -> Iterator[str]:
    if evidence.exact:
        for what, times, foreseen in _begun(evidence):
            if times > foreseen:
                yield f"{what} was begun {times} times, foreseen were {foreseen}"


def _begun(evidence: Evidence) -> Iterator[tuple[str, int, int]]:
    """What was begun, how often, and how often at most it should have been."""
    tries = {
        (
            stage,
            request.project if stage != EXPORT.name else results.export_id(request.project),
        ): _tries(request, stage)
        for request in evidence.asked.requests
        for stage, _ in request.deeds
    }
    begun = Counter(
        (effect.stage, effect.about, effect.part)
        for effect in evidence.effects
        if effect.what == "begun"
    )
    for (stage, what, part), times in begun.items():
        yield f"{stage} of {what} (part {part})", times, tries.get((stage, what), 1)


def _tries(request: Request, stage: str) -> int:
    deed = request.deed(stage)
    if deed == HOPELESS:
        return BY_STAGE[stage].attempts_of(request.plan).limit
    return TRIES.get(deed, 1)
