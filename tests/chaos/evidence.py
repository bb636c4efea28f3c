"""What is left at the end of a round: every request, fact, row, object and effect."""

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.effects import Effect
from chaos.requests import Request
from clipforge_runtime.bus import Counts, Entry


@dataclass(frozen=True)
class Asked:
    """What users asked for, and what of it they were promised (answered with 202)."""

    requests: tuple[Request, ...]
    accepted: frozenset[str]  # projects
    cancels: frozenset[str] = frozenset()  # projects that somebody wanted stopped
    cancels_accepted: frozenset[str] = frozenset()
    exports: frozenset[str] = frozenset()  # projects whose clip somebody wanted
    exports_accepted: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()  # messages that a fault has put into the log
    listening: bool = False  # they have an endpoint that hears of every event


@dataclass(frozen=True)
class ProjectRow:
    id: str
    state: str
    stage: str | None  # that failed
    reason: str | None


@dataclass(frozen=True)
class JobRow:
    id: str
    stage: str
    about: str
    state: str
    reason: str | None


@dataclass(frozen=True)
class ExportRow:
    id: str
    project: str
    state: str
    reason: str | None


@dataclass(frozen=True)
class UsageRow:
    fact_id: str
    kind: str
    amount: int


@dataclass(frozen=True)
class Told:
    """An event that came to the users' endpoint."""

    message_id: str
    event: str
    about: str  # a project or an export


@dataclass(frozen=True)
class Rows:
    """The tables, as far as the pipeline writes them."""

    projects: tuple[ProjectRow, ...]
    jobs: tuple[JobRow, ...]
    exports: tuple[ExportRow, ...]
    clips: tuple[tuple[str, str], ...]  # id, project
    assets: tuple[str, ...]
    transcripts: tuple[str, ...]  # projects
    usage: tuple[UsageRow, ...]
    delivered: tuple[tuple[str, str], ...] = ()  # message ids of deliveries, and their states


@dataclass(frozen=True)
class Evidence:
    """Everything that a checker looks at."""

    asked: Asked
    facts: tuple[Entry, ...]  # in the log's order
    rows: Rows
    objects: Mapping[str, str]  # sha256 by key
    effects: tuple[Effect, ...]
    counts: Mapping[str, Counts]  # by stage
    run_keys: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()  # in the order of arrival
    exact: bool = False  # nothing in this round was a reason to do anything twice
    excused: tuple[str, ...] = ()  # words of dead letters that the faults may cause


def held(counts: Counts) -> int:
    """How many messages a queue has not done with, for whatever reason they lie there.

    What is deferred too: under load the free plan's work is, while it waits in its queue.
    """
    return counts.waiting + counts.active + counts.delayed + counts.deferred
