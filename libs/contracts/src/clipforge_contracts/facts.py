"""The facts by name, and their way onto the wire and back.

Both ends validate: what would be refused on reading is refused on writing, where the bug is.
"""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeAlias

from google.protobuf.message import DecodeError

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import (
    ApiKeySaved,
    BatchRequested,
    BrandAssetDeleted,
    BrandAssetSubmitted,
    BrandAssetTaken,
    BrandKitSaved,
    CaptionStyleSaved,
    ChunkCut,
    ClipEdited,
    ClipExported,
    ClipsDetected,
    ExportCancelled,
    ExportExpired,
    ExportRequested,
    JobReplayed,
    LogTrimmed,
    ObjectsRemoved,
    PresetSaved,
    PreviewRendered,
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
    VideoImported,
    VideoTranscribed,
    WebhookAttempted,
    WebhookDeleted,
    WebhookDelivered,
    WebhookDisabled,
    WebhookDue,
    WebhookSaved,
)
from clipforge_contracts.validation import Invalid, validate

Fact: TypeAlias = (
    ProjectSubmitted
    | VideoImported
    | ChunkCut
    | VideoTranscribed
    | ClipsDetected
    | ExportRequested
    | ClipExported
    | StageFailed
    | ProjectCancelled
    | ProjectDeleted
    | ExportCancelled
    | ClipEdited
    | BrandKitSaved
    | TenantSaved
    | ApiKeySaved
    | JobReplayed
    | LogTrimmed
    | ProjectExpired
    | ExportExpired
    | RemovalRequested
    | ObjectsRemoved
    | WebhookSaved
    | WebhookDeleted
    | WebhookDisabled
    | WebhookDue
    | WebhookAttempted
    | WebhookDelivered
    | BrandAssetSubmitted
    | BrandAssetTaken
    | BrandAssetDeleted
    | CaptionStyleSaved
    | PresetSaved
    | BatchRequested
    | PreviewRequested
    | PreviewRendered
    | TranscriptEdited
    | ProjectEdited
)

TYPES: Final[tuple[type[Fact], ...]] = Fact.__args__

MAX_BYTES: Final = 64 * 1024  # objects travel by key; the broker's own limit is 1 MB


def fact_name(fact: Fact | type[Fact]) -> str:
    """`video-imported` for a VideoImported: the subject token and the SSE event name."""
    return _NAMES[fact.DESCRIPTOR.full_name]


def ce_type(fact: Fact | type[Fact]) -> str:
    """`clipforge.v1.VideoImported`: the CloudEvents type."""
    return fact.DESCRIPTOR.full_name


_NAMES: Final[dict[str, str]] = {
    kind.DESCRIPTOR.full_name: re.sub(r"(?<!^)(?=[A-Z])", "-", kind.DESCRIPTOR.name).lower()
    for kind in TYPES
}
_BY_CE_TYPE: Final[dict[str, type[Fact]]] = {ce_type(kind): kind for kind in TYPES}


class Unreadable(ValueError):
    """These bytes are not the fact that they claim to be."""


def encode(fact: Fact) -> bytes:
    """The body of a message. Invalid where the fact breaks a rule or exceeds 64 KB."""
    validate(fact)
    body = fact.SerializeToString(deterministic=True)
    if len(body) > MAX_BYTES:
        raise Invalid(f"{fact_name(fact)} has {len(body)} bytes; a fact has at most {MAX_BYTES}")
    return body


def decode(kind: str, body: bytes) -> Fact:
    """The fact of a message whose `ce-type` is `kind`. Unreadable where it is not one."""
    if kind not in _BY_CE_TYPE:
        raise Unreadable(f"no fact is called {kind!r}")
    try:
        fact = _BY_CE_TYPE[kind].FromString(body)
        validate(fact)
    except (DecodeError, Invalid) as error:
        raise Unreadable(f"not a {kind}: {error}") from error
    return fact


def project_of(fact: Fact) -> ProjectRef:
    """Whose work the fact is about."""
    return fact.film.project if isinstance(fact, _OF_A_FILM) else fact.project


def about(fact: Fact) -> str:
    """The id of what the fact is about: the last token of its subject."""
    return _ABOUT.get(type(fact), _project_id)(fact)


def _project_id(fact: Fact) -> str:
    return project_of(fact).project_id


_OF_A_FILM: Final = (ChunkCut, VideoTranscribed)
_ABOUT: Final[dict[type[Fact], Callable[[Any], str]]] = {
    **dict.fromkeys(
        (ExportRequested, ClipExported, ExportCancelled, ExportExpired), attrgetter("export_id")
    ),
    **dict.fromkeys((StageFailed, JobReplayed), attrgetter("job_id")),
    **dict.fromkeys((RemovalRequested, ObjectsRemoved), attrgetter("removal_id")),
    # Each version of a thing is stated once: of two who edit the same one, one is first.
    ClipEdited: lambda fact: f"{fact.clip.id}-v{fact.version}",
    **dict.fromkeys((WebhookSaved, WebhookDeleted, WebhookDisabled), attrgetter("webhook_id")),
    **dict.fromkeys((WebhookDue, WebhookAttempted, WebhookDelivered), attrgetter("delivery_id")),
    **dict.fromkeys(
        (TranscriptEdited, ProjectEdited),
        lambda fact: f"{fact.project.project_id}-v{fact.version}",
    ),
    BrandKitSaved: attrgetter("kit_id"),
    **dict.fromkeys((BrandAssetSubmitted, BrandAssetDeleted), attrgetter("asset_id")),
    BrandAssetTaken: attrgetter("asset.asset_id"),
    CaptionStyleSaved: attrgetter("style.style_id"),
    PresetSaved: attrgetter("preset.preset_id"),
    BatchRequested: attrgetter("batch_id"),
    **dict.fromkeys((PreviewRequested, PreviewRendered), attrgetter("preview_id")),
    TenantSaved: attrgetter("project.tenant_id"),
    ApiKeySaved: attrgetter("key_id"),
    LogTrimmed: lambda _: "log",
}
