"""The pipeline as a table. To add a stage, add a row here and a folder under services/.

Streams, consumers, permissions, the README's table and diagram, and the chart's values are derived
from these rows or checked against them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from clipforge.v1.facts_pb2 import (
    BrandAssetSubmitted,
    BrandAssetTaken,
    ChunkCut,
    ClipExported,
    ClipsDetected,
    ExportRequested,
    ObjectsRemoved,
    PreviewRendered,
    PreviewRequested,
    ProjectSubmitted,
    RemovalRequested,
    VideoImported,
    VideoTranscribed,
    WebhookAttempted,
    WebhookDelivered,
    WebhookDisabled,
    WebhookDue,
)
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact, about, project_of
from clipforge_contracts.plans import Plan

# What is a job's own; of other facts the job is about their project.
_OWN: Final = (
    ExportRequested,
    RemovalRequested,
    WebhookDue,
    BrandAssetSubmitted,
    PreviewRequested,
)


@dataclass(frozen=True)
class Attempts:
    """How often errors are tried again, and how soon: first x 2^n, full jitter, below the cap.

    Where `waits` says how long to wait after each, a fifth of that is jitter.
    """

    limit: int
    first: timedelta
    cap: timedelta = timedelta(minutes=5)
    crashes: int = 5  # worker deaths, counted apart from errors
    waits: tuple[
        timedelta, ...
    ] = ()  # none longer than a day, which is as far as the log schedules


ATTEMPTS: Final[dict[Plan, Attempts]] = {  # unless a stage's row says otherwise
    Plan.BUSINESS: Attempts(limit=5, first=timedelta(seconds=1)),
    Plan.PRO: Attempts(limit=3, first=timedelta(seconds=2)),
    Plan.FREE: Attempts(limit=3, first=timedelta(seconds=2)),
}


@dataclass(frozen=True)
class Stage:
    """One worker service: it hears some facts and states others."""

    name: str
    consumes: tuple[type[Fact], ...]
    states: tuple[type[Fact], ...]
    outcome: type[Fact]  # of `states`, the one that ends a job well ...
    queue: str  # its name in the API
    label: int  # the queue's number in the API; it orders nothing
    concurrency: int  # deliveries at once in one worker, unless a setting says otherwise
    stall: timedelta  # no progress for so long counts as a failure of the world
    lease: timedelta = timedelta(seconds=30)  # ack_wait: a crashed worker's delivery is handed on
    exclusive: bool = False  # one delivery at a time, whatever the number of replicas
    apart: bool = False  # its jobs are of no project: none is cancelled or deleted with one
    parts: tuple[type[Fact], ...] = ()  # of `consumes`, those that are parts of a job
    attempts: Mapping[Plan, Attempts] = field(default_factory=dict[Plan, Attempts], hash=False)
    # ... unless its cause is one of these, which end in another one.
    ends: Mapping[type[Fact], type[Fact]] = field(
        default_factory=dict[type[Fact], type[Fact]], hash=False
    )

    @property
    def outcomes(self) -> tuple[type[Fact], ...]:
        """What ends a job of this stage well, whatever it was caused by."""
        return (self.outcome, *self.ends.values())

    def outcome_of(self, cause: Fact) -> type[Fact]:
        """What ends the job of this cause well."""
        return self.ends.get(type(cause), self.outcome)

    def attempts_of(self, plan: Plan) -> Attempts:
        """How this stage tries again what a tenant of this plan wants."""
        return self.attempts.get(plan, ATTEMPTS[plan])

    def is_part(self, fact: Fact) -> bool:
        """Whether the delivery of this fact is one part of a job that has several."""
        return isinstance(fact, self.parts) if self.parts else False

    def job(self, fact: Fact, replay: int = 0) -> str:
        """The job that this fact is, or is a part of."""
        return ids.job(self.name, self.job_about(fact), replay)

    @staticmethod
    def job_about(fact: Fact) -> str:
        """The project, export, removal, delivery, file or picture that the job is about."""
        return about(fact) if isinstance(fact, _OWN) else project_of(fact).project_id

    @staticmethod
    def group_of(fact: Fact) -> str:
        """Of jobs with the same one is at work at a time, and may do the others along; or empty."""
        return fact.group_id if isinstance(fact, ExportRequested) else ""

    @staticmethod
    def limited(fact: Fact) -> tuple[tuple[str, float], ...]:
        """Of whom so much runs at once, and the share of the plan's limit that each has."""
        tenant = (project_of(fact).tenant_id, 1.0)
        if isinstance(fact, WebhookDue):  # an endpoint that is slow leaves room for the others
            return ((fact.endpoint.webhook_id, 0.5), tenant)
        return (tenant,)


IMPORT: Final = Stage(
    name="import",
    consumes=(ProjectSubmitted,),
    states=(VideoImported,),
    outcome=VideoImported,
    queue="video-import",
    label=1,
    concurrency=3,
    stall=timedelta(minutes=2),
    attempts={  # a site that is down or slows us down takes longer to be back than what is ours
        Plan.BUSINESS: Attempts(limit=5, first=timedelta(seconds=3)),
        Plan.PRO: Attempts(limit=3, first=timedelta(seconds=6)),
        Plan.FREE: Attempts(limit=3, first=timedelta(seconds=6)),
    },
)
TRANSCRIPTION: Final = Stage(
    name="transcription",
    consumes=(VideoImported, ChunkCut),
    states=(ChunkCut, VideoTranscribed),
    outcome=VideoTranscribed,
    queue="transcription",
    label=2,
    concurrency=2,
    stall=timedelta(minutes=5),
    parts=(ChunkCut,),
)
CLIP_DETECTION: Final = Stage(
    name="clip-detection",
    consumes=(VideoTranscribed,),
    states=(ClipsDetected, ExportRequested),
    outcome=ClipsDetected,
    queue="clip-detection",
    label=3,
    concurrency=5,
    stall=timedelta(minutes=2),
)
EXPORT: Final = Stage(
    name="export",
    consumes=(ExportRequested, BrandAssetSubmitted, PreviewRequested),
    states=(ClipExported, BrandAssetTaken, PreviewRendered),
    outcome=ClipExported,
    ends={BrandAssetSubmitted: BrandAssetTaken, PreviewRequested: PreviewRendered},
    queue="video-export",
    label=4,
    concurrency=2,
    stall=timedelta(minutes=2),
)

MAINTENANCE: Final = Stage(
    name="maintenance",
    consumes=(RemovalRequested,),
    states=(ObjectsRemoved,),
    outcome=ObjectsRemoved,
    queue="maintenance",
    label=5,
    concurrency=1,
    stall=timedelta(minutes=2),
    exclusive=True,
    apart=True,
    # Nobody waits for it, and there is one slot: it may outlast the store's longer outages.
    attempts=dict.fromkeys(Plan, Attempts(limit=5, first=timedelta(seconds=10))),
)

WEBHOOKS: Final = Stage(
    name="webhooks",
    consumes=(WebhookDue,),
    states=(WebhookAttempted, WebhookDisabled, WebhookDelivered),
    outcome=WebhookDelivered,
    queue="webhooks",
    label=6,
    concurrency=50,  # it waits for others, and computes nothing
    stall=timedelta(minutes=1),
    apart=True,
    # An endpoint may be down over a weekend: ten attempts in three days (Standard Webhooks).
    attempts=dict.fromkeys(
        Plan,
        Attempts(
            limit=10,
            first=timedelta(seconds=5),
            waits=(
                *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
                *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
            ),
        ),
    ),
)

PIPELINE: Final[tuple[Stage, ...]] = (
    *(IMPORT, TRANSCRIPTION, CLIP_DETECTION, EXPORT, MAINTENANCE, WEBHOOKS),
)
BY_STAGE: Final[dict[str, Stage]] = {stage.name: stage for stage in PIPELINE}
BY_QUEUE: Final[dict[str, Stage]] = {stage.queue: stage for stage in PIPELINE}

_FED: Final[dict[type[Fact], Stage]] = {kind: s for s in PIPELINE for kind in s.consumes}


def feeds(fact: Fact | type[Fact]) -> Stage | None:
    """The stage whose work this fact is, or None."""
    return _FED.get(fact if isinstance(fact, type) else type(fact))
