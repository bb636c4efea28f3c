"""The evidence, read: facts that were asked for, what they cost, and where they stand."""

from collections.abc import Iterable, Iterator
from typing import Final

from chaos.evidence import Evidence
from chaos.requests import Request
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.facts import Fact, about
from clipforge_runtime.bus import Entry

# What the house states by itself: its first tenant, what it tidies up, and what it tells to whom.
UNASKED: Final = (
    facts.TenantSaved,
    facts.ApiKeySaved,
    facts.RemovalRequested,
    facts.ObjectsRemoved,
    facts.WebhookSaved,
    facts.WebhookDue,
    facts.WebhookAttempted,
    facts.WebhookDelivered,
)


def read(evidence: Evidence) -> Iterator[tuple[Entry, Fact]]:
    """Facts that were asked for, directly or not: without the first tenant and what is garbled."""
    for entry in evidence.facts:
        fact = entry.fact
        if fact is None or isinstance(fact, UNASKED):
            continue
        if isinstance(fact, facts.StageFailed) and fact.reason == "unreadable":
            continue
        yield entry, fact


def apart(evidence: Evidence, *kinds: type[Fact]) -> Iterator[Fact]:
    """Facts of these kinds, of what the house does by itself, too."""
    return (entry.fact for entry in evidence.facts if isinstance(entry.fact, kinds))


def abouts(evidence: Evidence, kind: type[Fact]) -> set[str]:
    return {about(fact) for _, fact in read(evidence) if isinstance(fact, kind)}


def sequence(evidence: Evidence, kind: type[Fact], what: str) -> int:
    """Where in the log a fact stands; 0 where it does not."""
    return next(
        (
            entry.sequence
            for entry, fact in read(evidence)
            if isinstance(fact, kind) and about(fact) == what
        ),
        0,
    )


def cancelled_before(evidence: Evidence, entry: Entry, project: str) -> bool:
    cancelled = sequence(evidence, facts.ProjectCancelled, project)
    return bool(cancelled and cancelled < entry.sequence)


def requests(evidence: Evidence, projects: Iterable[str]) -> Iterator[Request]:
    wanted = set(projects)
    return (request for request in evidence.asked.requests if request.project in wanted)


def charge(fact: Fact) -> int:
    """Milliseconds that this fact costs its tenant."""
    match fact:
        case facts.VideoTranscribed():
            return fact.film.media.duration_ms
        case facts.ClipExported():
            return fact.record.duration_ms
    return 0
