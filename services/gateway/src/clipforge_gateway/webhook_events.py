"""What is sent to webhooks, for the OpenAPI document: whoever receives finds its bodies there."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field

from clipforge_gateway.schemas import Failure

router = APIRouter(tags=["webhooks"])

Id = Annotated[str, Header(alias="webhook-id", description="Of the message: `id` of the body")]
SentAt = Annotated[
    int, Header(alias="webhook-timestamp", description="Unix time in seconds of this attempt")
]
Signature = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, joined by "
        "dots; several by blanks while a secret is rotated (Standard Webhooks)",
    ),
]


class ReadyProject(BaseModel):
    project_id: str
    state: Literal["ready"]
    clip_count: int


class FailedProject(BaseModel):
    project_id: str
    state: Literal["failed"]
    failure: Failure


class CompletedExport(BaseModel):
    export_id: str
    project_id: str
    clip_id: str
    state: Literal["completed"]
    aspect: str
    width: int
    height: int
    duration_ms: int
    bytes: int


class FailedExport(BaseModel):
    export_id: str
    project_id: str
    clip_id: str
    state: Literal["failed"]
    aspect: str
    failure: Failure


class Trial(BaseModel):
    webhook_id: str
    sentence: str


class Event(BaseModel):
    id: str = Field(description="The same in every attempt and redelivery: remember it")
    timestamp: datetime = Field(description="When it happened")


class ProjectReady(Event):
    type: Literal["project.ready"]
    data: ReadyProject


class ProjectFailed(Event):
    type: Literal["project.failed"]
    data: FailedProject


class ExportCompleted(Event):
    type: Literal["export.completed"]
    data: CompletedExport


class ExportFailed(Event):
    type: Literal["export.failed"]
    data: FailedExport


class WebhookTest(Event):
    type: Literal["webhook.test"]
    data: Trial


@router.post("project.ready", operation_id="projectReady", status_code=204)
def project_ready(event: ProjectReady, key: Id, at: SentAt, signature: Signature) -> None:
    """The clips of a project are known."""


@router.post("project.failed", operation_id="projectFailed", status_code=204)
def project_failed(event: ProjectFailed, key: Id, at: SentAt, signature: Signature) -> None:
    """A stage of a project gave up."""


@router.post("export.completed", operation_id="exportCompleted", status_code=204)
def export_completed(event: ExportCompleted, key: Id, at: SentAt, signature: Signature) -> None:
    """A clip is rendered."""


@router.post("export.failed", operation_id="exportFailed", status_code=204)
def export_failed(event: ExportFailed, key: Id, at: SentAt, signature: Signature) -> None:
    """A clip could not be rendered."""


@router.post("webhook.test", operation_id="webhookTest", status_code=204)
def webhook_test(event: WebhookTest, key: Id, at: SentAt, signature: Signature) -> None:
    """You have asked for it."""
