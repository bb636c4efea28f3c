"""The tables. Order and cursors go by (sequence, id), the log's own order, never by id."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlmodel import Field, SQLModel

from clipforge_contracts.lanes import Lane
from clipforge_contracts.plans import Plan


class ProjectState(StrEnum):
    """The life of a project."""

    QUEUED = "queued"
    IMPORTING = "importing"
    TRANSCRIBING = "transcribing"
    DETECTING = "detecting"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobState(StrEnum):
    """The life of a job, as far as facts tell; what is active or delayed the log knows."""

    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # of exports: completed, and kept as long as the plan says


SORTED_LETTERS = 100  # of a title by which projects are sorted: an entry of an index is bounded


def now() -> datetime:
    return datetime.now(UTC)


def _time(*, null: bool = False) -> Any:
    return Column(DateTime(timezone=True), nullable=null)


def _sequence() -> Any:
    return Column(BigInteger, nullable=False)


def _json(default: str = "{}") -> Any:
    return Column(JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"))


class Position(SQLModel, table=True):
    """How far the projector has come in the log. One row a stream."""

    __tablename__ = "position"

    stream: str = Field(primary_key=True)
    incarnation: str
    seq: int = Field(sa_column=_sequence())
    # When the log stored that message: another message at its place is another log.
    at: datetime | None = Field(default=None, sa_column=_time(null=True))


class Tenant(SQLModel, table=True):
    __tablename__ = "tenants"

    id: str = Field(primary_key=True)
    name: str
    plan: str = Plan.FREE
    saved_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class ApiKey(SQLModel, table=True):
    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    tenant_id: str = Field(index=True)
    name: str
    role: str
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    revoked: bool = False
    created_at: datetime = Field(sa_column=_time())
    saved_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class Asset(SQLModel, table=True):
    """One film of one tenant, by the hash of its bytes."""

    __tablename__ = "assets"
    __table_args__ = (Index("assets_by_order", "tenant_id", "sequence", "id"),)

    id: str = Field(primary_key=True)
    tenant_id: str
    sha256: str
    media: dict[str, Any] = Field(sa_column=_json())
    objects: dict[str, Any] = Field(sa_column=_json())
    sequence: int = Field(sa_column=_sequence())
    created_at: datetime = Field(sa_column=_time())


class Project(SQLModel, table=True):
    __tablename__ = "projects"
    __table_args__ = (
        Index("projects_by_order", "tenant_id", "sequence", "id"),
        Index("projects_by_state", "tenant_id", "state", "sequence", "id"),
        Index("projects_by_language", "tenant_id", text("lower(language::text)"), "sequence", "id"),
        Index("projects_by_time", "tenant_id", "created_at"),
        Index(
            "projects_by_title",
            "tenant_id",
            text(f'lower("left"(title::text, {SORTED_LETTERS}))'),
            "sequence",
            "id",
        ),
        Index("projects_by_asset", "asset_id"),
        Index("projects_by_transcript", "transcript_key"),
        Index(
            "projects_by_upload",
            text("(source #>> '{upload,object_key}')"),
            postgresql_where=text("source #>> '{upload,object_key}' IS NOT NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    tenant_id: str
    plan: str
    title: str
    state: str = ProjectState.QUEUED
    source: dict[str, Any] = Field(sa_column=_json())
    options: dict[str, Any] = Field(sa_column=_json())
    asset_id: str | None = None
    transcript_key: str | None = None
    clips_key: str | None = None
    language: str = ""
    notice: str = ""
    failed_stage: str | None = None
    failure_reason: str | None = None
    failure_sentence: str | None = None
    sequence: int = Field(sa_column=_sequence())
    updated_sequence: int = Field(sa_column=_sequence())
    created_at: datetime = Field(sa_column=_time())
    updated_at: datetime = Field(sa_column=_time())
    finished_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    cancelled_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    expired_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    version: int = 0  # how often a user has edited title or options
    chunks_key: str | None = None  # below it lie the transcripts of its parts
    # When the janitor took its facts out of the log. Not made of facts: a rebuild begins from none.
    trimmed_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class DeletedProject(SQLModel, table=True):
    """A project that was. What the log, or a restored one, says of it makes no row again."""

    __tablename__ = "deleted_projects"

    id: str = Field(primary_key=True)
    tenant_id: str
    deleted_at: datetime = Field(sa_column=_time())
    trimmed_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class Job(SQLModel, table=True):
    """One stage's work for one project or export."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("jobs_by_state", "stage", "state", "tenant_id"),
        Index("jobs_by_project", "project_id"),
        Index("jobs_by_order", "tenant_id", "sequence", "id"),
        Index("jobs_by_end", "stage", "finished_at"),
    )

    id: str = Field(primary_key=True)
    tenant_id: str
    project_id: str
    stage: str
    about: str
    priority: str
    lane: str = Lane.L0  # where its cause was stated
    replay: int = 0  # how often it had failed for good before
    state: str = JobState.WAITING
    attempts: int = 0
    crashes: int = 0
    reason: str | None = None
    sentence: str | None = None
    detail: str | None = None
    trace_id: str | None = None
    cached: bool = False
    sequence: int = Field(sa_column=_sequence())
    # Of the message that is to bring it to a worker; 0 where this log has had none.
    cause_sequence: int = Field(default=0, sa_column=_sequence())
    waiting_since: datetime = Field(sa_column=_time())
    # When the attempt that made it began; None where that is not known.
    began_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    finished_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    # How the reconciler has dealt with it. Not made of facts: a rebuild begins from none.
    restated: int = 0
    looked_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class JobCount(SQLModel, table=True):
    """How many jobs there are of each kind. The database keeps it, by triggers on the jobs."""

    __tablename__ = "job_counts"

    stage: str = Field(primary_key=True)
    tenant_id: str = Field(primary_key=True)
    priority: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    number: int = Field(sa_column=_sequence())


class Transcript(SQLModel, table=True):
    __tablename__ = "transcripts"
    __table_args__ = (
        Index("transcripts_by_language", "tenant_id", "language"),
        Index(
            "transcripts_to_lay_out",
            "created_at",
            postgresql_where=text("laid_out_key IS DISTINCT FROM key"),
        ),
    )

    project_id: str = Field(primary_key=True)
    tenant_id: str
    key: str
    language: str
    words: int
    notice: str = ""
    created_at: datetime = Field(sa_column=_time())
    version: int = 0  # how often a user has corrected it
    sequence: int = Field(default=0, sa_column=_sequence())  # of the fact that changed it last
    edited_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    # Which object the segments were read from. Not made of facts: a rebuild begins from none.
    laid_out_key: str | None = None


class TranscriptVersion(SQLModel, table=True):
    """Where the versions of an edited transcript lie, the recogniser's own (0) among them."""

    __tablename__ = "transcript_versions"
    __table_args__ = (Index("transcript_versions_by_key", "key"),)

    project_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    key: str
    created_at: datetime = Field(sa_column=_time())


class Segment(SQLModel, table=True):
    """A sentence or so of a film, to be searched. Read from its transcript: see laid_out_key."""

    __tablename__ = "segments"
    __table_args__ = (
        Index("segments_by_word", "vector", postgresql_using="gin"),
        Index("segments_by_order", "tenant_id", "sequence", "n"),
    )

    project_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    tenant_id: str
    sequence: int = Field(sa_column=_sequence())  # of the film, for newest first
    start_ms: int
    end_ms: int
    first_word: int  # index in the transcript
    words: int
    text: str
    config: str  # of PostgreSQL's text search, by the language of the film
    vector: str = Field(sa_column=Column(TSVECTOR, nullable=False))


class Clip(SQLModel, table=True):
    __tablename__ = "clips"
    __table_args__ = (Index("clips_by_project", "project_id", "rank"),)

    id: str = Field(primary_key=True)
    tenant_id: str
    project_id: str
    rank: int  # 0 is the best
    start_ms: int
    end_ms: int
    score: int
    confidence: float
    title: str
    text: str
    reasons: list[str] = Field(sa_column=_json("[]"))
    hashtags: list[str] = Field(sa_column=_json("[]"))
    factors: list[dict[str, Any]] = Field(sa_column=_json("[]"))
    detector: str
    sequence: int = Field(sa_column=_sequence())  # of the fact that changed it last
    version: int = 0  # how often a user has changed it
    edited_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    deleted_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class Export(SQLModel, table=True):
    __tablename__ = "exports"
    __table_args__ = (
        Index("exports_by_order", "tenant_id", "sequence", "id"),
        Index("exports_by_project", "project_id"),
        Index("exports_by_clip", text("(record #>> '{objects,clip_key}')")),
    )

    id: str = Field(primary_key=True)
    tenant_id: str
    project_id: str
    clip_id: str
    state: str = JobState.WAITING
    aspect: str
    style: str
    quality: str
    height: int
    # RenderOptions as they were frozen: what is restated looks as it was asked for.
    render: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    kit_id: str | None = None
    record: dict[str, Any] = Field(sa_column=_json())  # ExportRecord, once it is completed
    # The ExportRequested: what was asked for, whatever has become of the clip since. Empty in rows
    # of before there were edits.
    request: dict[str, Any] = Field(default={}, sa_column=_json())
    cached: bool = False
    failure_reason: str | None = None
    failure_sentence: str | None = None
    sequence: int = Field(sa_column=_sequence())
    created_at: datetime = Field(sa_column=_time())
    finished_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class BrandAssetState(StrEnum):
    """The life of a file of a brand."""

    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"


class BrandAsset(SQLModel, table=True):
    """A file of a tenant's brand: a picture, a font or a short film."""

    __tablename__ = "brand_assets"
    __table_args__ = (Index("brand_assets_by_order", "tenant_id", "sequence", "id"),)

    id: str = Field(primary_key=True)
    tenant_id: str
    kind: str
    file_name: str
    upload_key: str
    state: str = BrandAssetState.CHECKING
    asset: dict[str, Any] = Field(sa_column=_json())  # BrandAsset, once it is ready
    failure_reason: str | None = None
    failure_sentence: str | None = None
    sequence: int = Field(sa_column=_sequence())
    created_at: datetime = Field(sa_column=_time())


class Look(SQLModel, table=True):
    """A brand kit, a caption style or a preset of a tenant's own, as it is now."""

    __tablename__ = "looks"
    __table_args__ = (Index("looks_by_order", "tenant_id", "kind", "sequence", "id"),)

    id: str = Field(primary_key=True)
    tenant_id: str
    kind: str  # "kit", "style" or "preset"
    version: int
    body: dict[str, Any] = Field(sa_column=_json())  # BrandKit, CaptionStyle or Preset
    sequence: int = Field(sa_column=_sequence())
    updated_sequence: int = Field(sa_column=_sequence())
    created_at: datetime = Field(sa_column=_time())
    updated_at: datetime = Field(sa_column=_time())


class LookVersion(SQLModel, table=True):
    """What a look was, or is."""

    __tablename__ = "look_versions"
    __table_args__ = (Index("look_versions_by_order", "look_id", "sequence"),)

    id: str = Field(primary_key=True)  # of the fact
    look_id: str
    tenant_id: str
    version: int
    body: dict[str, Any] = Field(sa_column=_json())
    sequence: int = Field(sa_column=_sequence())
    saved_at: datetime = Field(sa_column=_time())


class Batch(SQLModel, table=True):
    """Exports that were asked for together."""

    __tablename__ = "batches"
    __table_args__ = (Index("batches_by_order", "tenant_id", "sequence", "id"),)

    id: str = Field(primary_key=True)
    tenant_id: str
    export_ids: list[str] = Field(sa_column=_json("[]"))
    sequence: int = Field(sa_column=_sequence())
    created_at: datetime = Field(sa_column=_time())


class Usage(SQLModel, table=True):
    """What a tenant has used, once per fact."""

    __tablename__ = "usage"
    __table_args__ = (Index("usage_by_day", "tenant_id", "at"),)

    ce_id: str = Field(primary_key=True)
    tenant_id: str
    kind: str  # "source_ms", "output_ms"
    amount: int = Field(sa_column=_sequence())
    cached: bool = False
    at: datetime = Field(sa_column=_time())


class TenantDay(SQLModel, table=True):
    """What a tenant took in on one day (UTC), and by how much what is stored of it has changed."""

    __tablename__ = "tenant_days"

    tenant_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    projects: int = 0
    # Of films and rendered clips, which are nearly all of it. May be negative.
    stored_bytes: int = Field(default=0, sa_column=_sequence())


class Removal(SQLModel, table=True):
    """Objects that nobody refers to any more, until they are gone."""

    __tablename__ = "removals"

    key: str = Field(primary_key=True)
    sequence: int = Field(sa_column=_sequence())
    decided_at: datetime = Field(sa_column=_time())
    removal_id: str | None = Field(default=None, index=True)  # the job that is to remove them
    requested_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class Walk(SQLModel, table=True):
    """How far a look at everything of a kind has come, which takes more than one job."""

    __tablename__ = "walks"

    kind: str = Field(primary_key=True)  # "uploads"
    reached: str  # a key; empty: it begins anew


class Webhook(SQLModel, table=True):
    """An address that wants to hear of a tenant's events."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("webhooks_by_order", "tenant_id", "sequence", "id"),)

    id: str = Field(primary_key=True)
    tenant_id: str
    url: str
    events: list[str] = Field(sa_column=_json("[]"))
    description: str = ""
    enabled: bool
    revision: int
    secrets: list[dict[str, Any]] = Field(sa_column=_json("[]"))  # which, never what
    disabled_reason: str | None = None
    disabled_sentence: str | None = None
    failing_since: datetime | None = Field(default=None, sa_column=_time(null=True))
    accepted_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    sequence: int = Field(sa_column=_sequence())
    created_at: datetime = Field(sa_column=_time())
    updated_at: datetime = Field(sa_column=_time())
    # What a restored log says of it makes no endpoint again.
    deleted_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class DeliveryState(StrEnum):
    """The life of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class WebhookDelivery(SQLModel, table=True):
    """One event for one endpoint; each redelivery is one of its own."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("webhook_deliveries_by_order", "webhook_id", "sequence", "id"),
        Index(
            "webhook_deliveries_once",
            "webhook_id",
            "message_id",
            unique=True,
            postgresql_where=text("redelivery_of = ''"),
        ),
        Index(
            "webhook_deliveries_to_state",
            "sequence",
            postgresql_where=text("due_sequence IS NULL"),
        ),
        Index("webhook_deliveries_by_age", "created_at"),
    )

    id: str = Field(primary_key=True)
    tenant_id: str
    webhook_id: str
    message_id: str
    event: str
    happened_at: datetime = Field(sa_column=_time())
    data: dict[str, Any] = Field(sa_column=_json())
    redelivery_of: str = ""
    state: str = DeliveryState.WAITING
    attempts: int = 0
    next_at: datetime | None = Field(default=None, sa_column=_time(null=True))
    reason: str | None = None
    sentence: str | None = None
    sequence: int = Field(sa_column=_sequence())
    # Of the message that brings it to a worker; None: it is not stated yet.
    due_sequence: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    created_at: datetime = Field(sa_column=_time())
    finished_at: datetime | None = Field(default=None, sa_column=_time(null=True))


class WebhookAttempt(SQLModel, table=True):
    """One request to an endpoint, and what came of it."""

    __tablename__ = "webhook_attempts"

    delivery_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    at: datetime = Field(sa_column=_time())
    status: int  # of HTTP; 0: there was no answer
    duration_ms: int
    error: str
    answer: str
