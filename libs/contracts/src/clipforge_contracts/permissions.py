"""What each service may say and hear on NATS: least permission, derived from the pipeline table.

A `*` in a permission stands for a whole token, so consumers are named one by one.
"""

from dataclasses import dataclass
from typing import Final

from clipforge.v1.facts_pb2 import (
    ApiKeySaved,
    BatchRequested,
    BrandAssetDeleted,
    BrandAssetSubmitted,
    BrandKitSaved,
    CaptionStyleSaved,
    ClipEdited,
    ExportCancelled,
    ExportExpired,
    ExportRequested,
    JobReplayed,
    LogTrimmed,
    PresetSaved,
    PreviewRequested,
    ProjectCancelled,
    ProjectDeleted,
    ProjectEdited,
    ProjectExpired,
    ProjectSubmitted,
    RemovalRequested,
    StageFailed,
    TenantSaved,
    TranscriptEdited,
    WebhookDeleted,
    WebhookDisabled,
    WebhookDue,
    WebhookSaved,
)
from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, fact_name
from clipforge_contracts.pipeline import PIPELINE, Stage

ADMIN: Final = "admin"  # declares the stream and the consumers, at install and upgrade
BACKUP: Final = "backup"  # takes snapshots of the log, and nothing else
GATEWAY: Final = "gateway"
PROJECTOR: Final = "projector"

GATEWAY_STATES: Final[tuple[type[Fact], ...]] = (
    ProjectSubmitted,
    ExportRequested,
    ProjectCancelled,
    ProjectDeleted,
    ExportCancelled,
    ClipEdited,
    TranscriptEdited,
    ProjectEdited,
    BrandAssetSubmitted,
    BrandAssetDeleted,
    BrandKitSaved,
    CaptionStyleSaved,
    PresetSaved,
    PreviewRequested,
    BatchRequested,
    TenantSaved,
    ApiKeySaved,
    JobReplayed,
    WebhookSaved,
    WebhookDeleted,
    WebhookDue,  # of tests and redeliveries
)
# Of jobs that nothing is going to finish, and what is due by the clock.
PROJECTOR_STATES: Final[tuple[type[Fact], ...]] = (
    StageFailed,
    LogTrimmed,
    ProjectExpired,
    ExportExpired,
    RemovalRequested,
    WebhookDue,
    WebhookDisabled,
)
CANCELS: Final[tuple[type[Fact], ...]] = (ProjectCancelled, ProjectDeleted, ExportCancelled)
PROGRESS: Final = "KV_progress"
COUNTERS: Final = "COUNTERS"
RECORDS: Final = "KV_idempotency"

_READ: Final = (
    f"$JS.API.STREAM.INFO.{subjects.STREAM}",
    f"$JS.API.STREAM.MSG.GET.{subjects.STREAM}",
)
# What its account may hold, where the server says.
_READ_ROOM: Final = ("$JS.API.INFO",)
_READ_PROGRESS: Final = (
    f"$JS.API.STREAM.INFO.{PROGRESS}",
    f"$JS.API.STREAM.MSG.GET.{PROGRESS}",
)


@dataclass(frozen=True)
class Permissions:
    """Subjects that a NATS user may publish to and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    publish_never: tuple[str, ...] = ()


def users() -> dict[str, Permissions]:
    """Every NATS user by name."""
    return {
        ADMIN: Permissions(
            # A snapshot is brought back piece by piece, past the API.
            publish=("$JS.API.>", f"$JS.SNAPSHOT.RESTORE.{subjects.STREAM}.*"),
            subscribe=(_inbox(ADMIN),),
        ),
        BACKUP: Permissions(
            publish=(
                f"$JS.API.STREAM.SNAPSHOT.{subjects.STREAM}",
                f"$JS.SNAPSHOT.ACK.{subjects.STREAM}.*",
            ),
            subscribe=(_inbox(BACKUP),),
        ),
        GATEWAY: _gateway(),
        PROJECTOR: Permissions(
            publish=(
                *_READ,
                *_READ_PROGRESS,
                *_READ_ROOM,
                *_follow(),
                *(f"$JS.API.STREAM.CREATE.{stream}" for stream in (PROGRESS, COUNTERS)),
                # The reconciler: whether a queue holds a job, and the job anew where none does.
                f"$JS.API.CONSUMER.INFO.{subjects.STREAM}.*",
                "retries.>",
                *_facts(*PROJECTOR_STATES),
                # What is over is taken from the log by its subject, to make room.
                f"$JS.API.STREAM.PURGE.{subjects.STREAM}",
            ),
            subscribe=(_inbox(PROJECTOR),),
            publish_never=_queues("CONSUMER.MSG.NEXT"),
        ),
        **{stage.name: _worker(stage) for stage in PIPELINE},
    }


def _gateway() -> Permissions:
    return Permissions(
        publish=(
            *_facts(*GATEWAY_STATES),
            *_READ,
            *_READ_PROGRESS,
            *_READ_ROOM,
            *_follow(),
            f"$JS.API.CONSUMER.INFO.{subjects.STREAM}.*",
            f"$JS.API.CONSUMER.PAUSE.{subjects.STREAM}.*",
            # What replicas know together: answers by Idempotency-Key, and how much is asked.
            f"$JS.API.STREAM.MSG.GET.{RECORDS}",
            "$KV.idempotency.>",
            "counters.>",
        ),
        subscribe=(_inbox(GATEWAY), "$KV.progress.>"),
        publish_never=_queues("CONSUMER.MSG.NEXT"),
    )


def _worker(stage: Stage) -> Permissions:
    durables = subjects.durables(stage)
    return Permissions(
        publish=(
            *_facts(*stage.states, StageFailed),
            f"retries.{stage.name}.>",
            f"schedules.{stage.name}.>",
            "$KV.progress.*.*",  # run keys: <job>.<part>
            f"$KV.progress.seats.{stage.name}.>",
            f"$KV.progress.stages.{stage.name}.>",
            f"crew.{stage.name}",
            *_READ,
            *_READ_PROGRESS,
            *(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.STREAM}.{name}" for name in durables),
            *(f"$JS.ACK.{subjects.STREAM}.{name}.>" for name in durables),
        ),
        subscribe=(_inbox(stage.name), *_facts(*CANCELS), f"crew.{stage.name}"),
    )


def _facts(*kinds: type[Fact]) -> tuple[str, ...]:
    return tuple(f"facts.{fact_name(kind)}.>" for kind in kinds)


def _follow() -> tuple[str, ...]:
    """Short-lived consumers with names of their own making; the queues' are excepted."""
    calls = ("CONSUMER.CREATE", "CONSUMER.DELETE", "CONSUMER.MSG.NEXT")
    return tuple(f"$JS.API.{call}.{subjects.STREAM}.*" for call in calls)


def _queues(call: str) -> tuple[str, ...]:
    return tuple(
        f"$JS.API.{verb}.{subjects.STREAM}.{durable}"
        for verb in (call, "CONSUMER.CREATE", "CONSUMER.DELETE")
        for stage in PIPELINE
        for durable in subjects.durables(stage)
    )


def _inbox(user: str) -> str:
    return f"_INBOX_{user}.>"
