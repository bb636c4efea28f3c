"""The bodies of requests and answers about queues, jobs and dead letters."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from clipforge_gateway.moments import Moment
from clipforge_gateway.schemas import Body, Failure, ProgressView, Text

Queue = Literal[
    "video-import", "transcription", "clip-detection", "video-export", "maintenance", "webhooks"
]
State = Literal["waiting", "active", "delayed", "deferred", "completed", "failed", "cancelled"]


Tenant = Annotated[
    str,
    Field(
        pattern=r"^(|all|ten_[a-z0-9]{26})$",
        description="For operators: another tenant, or `all`; empty: one's own",
    ),
]


class Numbers(BaseModel):
    """How many jobs there are. docs/queues.md says what each number means."""

    waiting: int = Field(description="Ready to be started, parts of long films included")
    active: int = Field(description="Handed to a worker")
    delayed: int = Field(description="Waiting for the time of a retry")
    deferred: int = Field(description="Held back: over a limit, or free work under load")
    completed: int = Field(description="Done, of those whose project is kept")
    failed: int = Field(description="Given up, replayed ones included")
    paused: bool = Field(description="Nothing more is started")
    partly_paused: bool = Field(
        default=False,
        description="Some of it is started and some not, as a pause or a resume was broken off: "
        "pause or resume it again",
    )


class QueueView(Numbers):
    queue: str
    priorities: dict[str, Numbers]
    oldest_waiting_seconds: float | None = Field(
        default=None, description="Age of what has waited for the longest; null: nothing waits"
    )
    completed_last_hour: int
    completed_per_minute: float = Field(description="Mean of the last hour")
    mean_seconds: float | None = Field(
        default=None, description="Of work, without waiting; jobs of the last hour; null: none"
    )
    p95_seconds: float | None = Field(default=None, description="The same of the slowest 5 %")


class TenantShare(BaseModel):
    tenant_id: str
    outstanding: int = Field(description="Waiting, active, delayed or deferred")
    completed: int
    failed: int
    oldest_outstanding_seconds: float | None = Field(
        description="How long ago its oldest job that is not over came into the queue; null: none"
    )
    completed_last_hour: int
    completed_per_minute: float = Field(description="Mean of the last hour")
    mean_seconds: float | None = Field(
        description="Of work, without waiting; its jobs of the last hour; null: none"
    )
    p95_seconds: float | None = Field(description="The same of the slowest 5 %")


class JobView(BaseModel):
    id: str
    queue: str
    tenant_id: str
    project_id: str
    about: str = Field(
        description="The project or the export; of a message that nobody could read, its own id"
    )
    priority: str
    replay: int = Field(description="How often it had failed for good before")
    state: str
    progress: ProgressView
    attempts: int
    cached: bool = Field(description="Whether the result was there already")
    failure: Failure | None = None
    waiting_since: datetime
    began_at: datetime | None = Field(default=None, description="Of the attempt that completed it")
    finished_at: datetime | None = None


class DeadLetterView(JobView):
    """A job that failed for good. What is for operators is null for others."""

    crashes: int
    replayed_as: str | None = Field(default=None, description="The job that took its place")
    detail: str | None = Field(default=None, description="For admins: what the worker met")
    trace_id: str | None = Field(default=None, description="For admins: where to look it up")
    cause_type: str | None = Field(default=None, description="For admins: the fact that began it")
    cause: dict[str, Any] | None = Field(
        default=None, description="For admins: that fact; null once the log has forgotten it"
    )


class DeadLetterFilter(Body):
    """Which dead letters; all fields must fit."""

    queue: Queue | None = None
    reason: Annotated[Text, Field(max_length=64)] | None = Field(
        default=None, description="The code of the failure, such as unreachable"
    )
    project_id: str | None = Field(default=None, pattern=r"^prj_[a-z0-9]{26}$")
    since: Moment | None = Field(default=None, description="Failed then or later")
    until: Moment | None = Field(default=None, description="Failed before")


class DeadLetterQuery(DeadLetterFilter):
    """A page of them, as the parameters of an address."""

    model_config = ConfigDict(extra="ignore", strict=False)  # an address has text only

    tenant: Tenant = ""
    cursor: str = Field(default="", max_length=500)
    limit: int = Field(default=20, ge=1, le=100)


class ReplayMany(DeadLetterFilter):
    tenant: Tenant = ""
    all: bool = Field(default=False, description="Say so where no other field is given")

    @model_validator(mode="after")
    def _is_meant(self) -> "ReplayMany":
        if not self.all and not self.model_dump(exclude_none=True, exclude={"all", "tenant"}):
            raise ValueError("say which dead letters, or `all`: true")
        return self


class Replayed(BaseModel):
    replayed: int
    more: bool = Field(description="There are more than one request replays: ask again")
