"""The bodies of requests and answers about webhooks, and of what is sent to them."""

import ipaddress
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator

from clipforge_catalog.tables import DeliveryState
from clipforge_gateway.schemas import Body, Text

Event = Literal["project.ready", "project.failed", "export.completed", "export.failed"]
AnyEvent = Literal[
    "project.ready", "project.failed", "export.completed", "export.failed", "webhook.test"
]


def _address(url: str) -> str:
    """What can be seen without asking anybody; the rest is found out when it is sent to."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("this is not a web address") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("the address must begin with https:// and name a host")
    if parts.username or parts.password:
        raise ValueError("the address carries a user name or a password; leave them out")
    if parts.fragment:
        raise ValueError("the address has a fragment (#...), which is never sent; leave it out")
    return url


def is_private(host: str) -> bool:
    """Whether a host is an address that is not public, by its looks."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost"


Address = Annotated[Text, Field(max_length=2048), AfterValidator(_address)]
Events = Annotated[list[Event], Field(min_length=1, max_length=10)]
Description = Annotated[Text, Field(max_length=200)]


class CreateWebhook(Body):
    url: Address = Field(description="https address that events are sent to, by POST")
    events: Events = Field(description="Of which events it is to hear")
    description: Description = ""
    enabled: bool = True


class UpdateWebhook(Body):
    """What is left out stays as it is."""

    url: Address | None = None
    events: Events | None = None
    description: Description | None = None
    enabled: bool | None = Field(
        default=None, description="true ends that it was disabled for failing, too"
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set or None in self.model_dump(exclude_unset=True).values():
            raise ValueError("name what is to change: url, events, description or enabled")
        return self


class Disabled(BaseModel):
    reason: str = Field(description="`gone`: it answered 410; `failing`: nothing else for days")
    sentence: str


class WebhookView(BaseModel):
    id: str
    url: str
    events: list[str]
    description: str
    enabled: bool
    disabled: Disabled | None = Field(
        default=None, description="Why nothing is sent to it, where its owner did not say so"
    )
    failing_since: datetime | None = Field(
        default=None, description="Since when it has accepted nothing; null: it does"
    )
    accepted_at: datetime | None = Field(default=None, description="When it last accepted an event")
    former_secret_until: datetime | None = Field(
        default=None, description="Until when events are signed with a former secret, too"
    )
    created_at: datetime
    updated_at: datetime


class NewWebhookView(WebhookView):
    secret: str = Field(
        description="`whsec_...`: shown this once, kept nowhere. Check signatures with it"
    )


class DeliveryFailure(BaseModel):
    reason: str = Field(description="A code that programs can branch on")
    sentence: str


class DeliveryView(BaseModel):
    id: str
    webhook_id: str
    message_id: str = Field(description="`webhook-id` of each request, and `id` of the body")
    event: str
    state: DeliveryState
    attempt_count: int
    next_attempt_at: datetime | None = None
    failure: DeliveryFailure | None = None
    redelivery_of: str | None = Field(default=None, description="The delivery that this repeats")
    created_at: datetime
    finished_at: datetime | None = None


class AttemptView(BaseModel):
    n: int
    at: datetime
    status: int | None = Field(description="Of HTTP; null: there was no answer")
    duration_ms: int
    error: str = Field(description="What was wrong, in words; empty: it was accepted")
    answer: str = Field(description="The first kilobyte of the answer's body")


class DeliveryDetailView(DeliveryView):
    payload: dict[str, Any] = Field(description="The body, as it was sent")
    attempts: list[AttemptView]
