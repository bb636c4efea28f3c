"""The rules that a message keeps beyond its shape, checked by writers and readers alike.

A rule belongs to a message type and is found wherever that message is nested.
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from clipforge.v1 import common_pb2, documents_pb2, facts_pb2
from clipforge_contracts.styles import STYLES

ASPECTS: Final = ("9:16", "1:1", "4:5", "16:9")
COLOURS: Final = ("text_colour", "highlight_colour", "background_colour")
BUILT_IN: Final = tuple(STYLES)
QUALITIES: Final = ("draft", "standard")
CORNERS: Final = ("top-left", "top-right", "bottom-left", "bottom-right")
POSITIONS: Final = ("top", "middle", "bottom")
BRAND_KINDS: Final = ("picture", "font", "film")
MAX_OUTPUTS: Final = 100  # of one batch
MAX_TOGETHER: Final = 4  # outputs of one decode: the aspects of a clip
MAX_REMOVED: Final = 200  # keys in a RemovalRequested, which stays below 64 KB
MAX_WEBHOOK_BYTES: Final = 20_000  # of the body of a webhook, as its specification advises
MAX_CLIPS: Final = 50  # a ClipsDetected stays below 64 KB


class Invalid(ValueError):
    """The message breaks a rule; the text says which."""


def validate(message: Message) -> None:
    """Raise Invalid for the first rule that the message, or one nested in it, breaks."""
    checks = _CHECKS.get(type(message)) or _checks_of(type(message))
    for rule in checks.rules:
        if complaint := rule(message):
            raise Invalid(f"{message.DESCRIPTOR.name}: {complaint}")
    for field in checks.nested:
        if message.HasField(field):
            validate(getattr(message, field))
    for field in checks.repeated:
        for each in getattr(message, field):
            validate(each)


class _Checks(NamedTuple):
    """What there is to check of one type: its rules, and the fields under which there are more."""

    rules: tuple["Rule", ...]
    nested: tuple[str, ...]
    repeated: tuple[str, ...]


def _checks_of(kind: type[Message]) -> _Checks:
    """Found once for each type: to look for rules in every message costs more than the rules do."""
    if kind not in _CHECKS:
        fields: Any = kind.DESCRIPTOR.fields
        ruled = [
            field
            for field in fields
            if field.message_type and any(_checks_of(GetMessageClass(field.message_type)))
        ]
        _CHECKS[kind] = _Checks(
            rules=_RULES.get(kind, ()),
            nested=tuple(field.name for field in ruled if not field.is_repeated),
            repeated=tuple(field.name for field in ruled if field.is_repeated),
        )
    return _CHECKS[kind]


_CHECKS: Final[dict[type[Message], _Checks]] = {}

# A rule looks at one message and answers with a complaint, or with an empty text.
Rule = Callable[[Any], str]


def _has(*fields: str) -> Rule:
    split: dict[object, tuple[list[str], list[str]]] = {}

    def rule(message: Any) -> str:
        if (known := split.get(message.DESCRIPTOR)) is None:
            known = split[message.DESCRIPTOR] = _by_presence(message.DESCRIPTOR, fields)
        optional, plain = known
        missing = [name for name in optional if not message.HasField(name)]
        missing += [name for name in plain if not getattr(message, name)]
        return f"{', '.join(missing)} missing" if missing else ""

    return rule


def _by_presence(descriptor: Any, fields: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Fields that know whether they were set, and those that are missing while they are empty."""
    optional = [name for name in fields if descriptor.fields_by_name[name].has_presence]
    return optional, [name for name in fields if name not in optional]


def _one_of(field: str, allowed: tuple[str, ...]) -> Rule:
    def rule(message: Any) -> str:
        value = getattr(message, field)
        return "" if value in allowed else f"{field} is {value!r}, not one of {', '.join(allowed)}"

    return rule


def _at_most(field: str, limit: float) -> Rule:
    def rule(message: Any) -> str:
        value = getattr(message, field)
        size = value if isinstance(value, int | float) else len(value)
        return "" if size <= limit else f"{field} is {size}, above {limit}"

    return rule


def _ends_after_it_starts(message: Any) -> str:
    if message.end_ms > message.start_ms:
        return ""
    return f"ends at {message.end_ms} ms, not after its start at {message.start_ms} ms"


def _colour(*fields: str) -> Rule:
    def rule(message: Any) -> str:
        wrong = [name for name in fields if not _COLOUR.fullmatch(getattr(message, name))]
        return f"{', '.join(wrong)}: a colour is #rrggbb" if wrong else ""

    return rule


_COLOUR: Final = re.compile(r"(#[0-9A-Fa-f]{6})?")


def _percent(message: Any) -> str:
    good = 1 <= message.opacity <= 100 and 1 <= message.scale <= 100
    return "" if good else "opacity and scale are 1 to 100 percent"


def _about_a_project(message: Any) -> str:
    return "" if message.project.project_id else "project_id missing"


def _has_a_source(message: Any) -> str:
    return "" if message.WhichOneof("kind") else "neither url, upload nor asset"


def _a_part_of_its_plan(message: Any) -> str:
    parts = len(message.plan.spans)
    return "" if message.n < parts else f"part {message.n} of {parts}"


_PROJECT: Final = (_has("project"), _about_a_project)

_RULES: Final[dict[type[Message], tuple[Rule, ...]]] = {
    common_pb2.ProjectRef: (_has("tenant_id", "plan"),),
    common_pb2.Source: (_has_a_source,),
    common_pb2.UrlSource: (_has("url"), _at_most("url", 2048)),
    common_pb2.UploadSource: (_has("upload_id", "object_key"), _at_most("file_name", 255)),
    common_pb2.AssetSource: (_has("sha256", "object_key"), _at_most("title", 200)),
    common_pb2.ProjectOptions: (
        _has("render"),
        _at_most("vocabulary", 100),
        _at_most("clip_count", MAX_CLIPS),
    ),
    common_pb2.RenderOptions: (
        _has("aspect", "style", "quality"),
        _one_of("aspect", ASPECTS),
        _one_of("style", (*BUILT_IN, "none")),
        _one_of("quality", QUALITIES),
    ),
    common_pb2.BrandKit: (
        _has("kit_id", "version", "name"),
        _at_most("name", 100),
        _colour(*COLOURS),
        _one_of("caption_position", ("", *POSITIONS)),
    ),
    common_pb2.BrandPicture: (_has("asset"), _one_of("corner", CORNERS), _percent),
    common_pb2.BrandAsset: (
        _has("asset_id", "kind", "key"),
        _one_of("kind", BRAND_KINDS),
        _at_most("name", 255),
    ),
    common_pb2.CaptionStyle: (
        _has("base"),  # of a built-in one's picture there is no id
        _at_most("name", 100),
        _colour(*COLOURS),
        _one_of("base", BUILT_IN),
        _one_of("animation", ("", *BUILT_IN)),
        _one_of("position", ("", *POSITIONS)),
        _at_most("size", 300),
    ),
    common_pb2.Preset: (
        _has("preset_id", "version", "name", "aspect", "style", "quality"),
        _at_most("name", 100),
        _one_of("aspect", ASPECTS),
        _one_of("quality", QUALITIES),
    ),
    documents_pb2.MediaInfo: (_has("duration_ms", "sha256"),),
    documents_pb2.MediaObjects: (_has("source_key"),),
    documents_pb2.AudioSpan: (_ends_after_it_starts,),
    documents_pb2.TranscriptionPlan: (_has("spans", "plan_hash", "transcript_key"),),
    documents_pb2.Clip: (
        _has("id"),
        _ends_after_it_starts,
        _at_most("score", 100),
        _at_most("text", 1000),
        _at_most("title", 200),
        _at_most("hashtags", 30),
    ),
    documents_pb2.ExportObjects: (_has("clip_key"),),
    documents_pb2.ExportRecord: (_has("objects", "width", "height", "duration_ms", "bytes"),),
    facts_pb2.ProjectSubmitted: (*_PROJECT, _has("source", "options"), _at_most("title", 200)),
    facts_pb2.VideoImported: (*_PROJECT, _has("asset_id", "media", "objects", "options")),
    facts_pb2.ChunkCut: (_has("film", "plan"), _a_part_of_its_plan),
    facts_pb2.VideoTranscribed: (_has("film", "transcript_key"),),
    facts_pb2.ClipsDetected: (*_PROJECT, _has("clips_key"), _at_most("clips", MAX_CLIPS)),
    facts_pb2.ExportRequested: (
        *_PROJECT,
        _has("export_id", "clip", "render", "media", "source_key", "transcript_key"),
        _at_most("together", MAX_TOGETHER - 1),
    ),
    facts_pb2.Output: (_has("export_id", "render"),),
    facts_pb2.ClipExported: (*_PROJECT, _has("export_id", "clip_id", "record")),
    facts_pb2.StageFailed: (_has("project", "stage", "job_id", "reason", "sentence"),),
    facts_pb2.JobReplayed: (
        *_PROJECT,
        _has("stage", "about", "failed_job_id", "job_id", "replay"),
    ),
    facts_pb2.LogTrimmed: (_has("project", "up_to_sequence", "projects"),),
    facts_pb2.ProjectExpired: _PROJECT,
    facts_pb2.ExportExpired: (*_PROJECT, _has("export_id")),
    facts_pb2.RemovalRequested: (
        *_PROJECT,
        _has("removal_id", "decided_at_ms"),
        _at_most("keys", MAX_REMOVED),
    ),
    facts_pb2.ObjectsRemoved: (
        *_PROJECT,
        _has("removal_id"),
        _at_most("kept_keys", MAX_REMOVED),
        _at_most("completed_uploads", MAX_REMOVED),
    ),
    facts_pb2.WebhookSecret: (_has("version", "key_id"),),
    facts_pb2.WebhookSaved: (
        _has("project", "webhook_id", "revision", "url", "events", "secrets"),
        _at_most("url", 2048),
        _at_most("events", 20),
        _at_most("description", 200),
        _at_most("secrets", 5),
    ),
    facts_pb2.WebhookDeleted: (_has("project", "webhook_id"),),
    facts_pb2.WebhookDisabled: (
        _has("project", "webhook_id", "revision", "sentence"),
        _one_of("reason", ("gone", "failing")),
    ),
    facts_pb2.WebhookDue: (
        *_PROJECT,
        _has("delivery_id", "message_id", "event", "body", "endpoint"),
        _at_most("body", MAX_WEBHOOK_BYTES),
    ),
    facts_pb2.WebhookAttempt: (
        _has("at_ms"),
        _at_most("error", 1000),
        _at_most("answer", 1024),
    ),
    facts_pb2.WebhookAttempted: (*_PROJECT, _has("delivery_id", "webhook_id", "attempt")),
    facts_pb2.WebhookDelivered: (*_PROJECT, _has("delivery_id", "webhook_id", "attempt")),
    facts_pb2.ProjectCancelled: _PROJECT,
    facts_pb2.ProjectDeleted: _PROJECT,
    facts_pb2.ExportCancelled: (*_PROJECT, _has("export_id")),
    facts_pb2.ClipEdited: (*_PROJECT, _has("clip")),
    facts_pb2.ProjectEdited: (*_PROJECT, _has("version", "options"), _at_most("title", 200)),
    facts_pb2.TranscriptEdited: (*_PROJECT, _has("version", "transcript_key")),
    facts_pb2.BrandKitSaved: (_has("project", "kit_id"),),
    facts_pb2.BrandAssetSubmitted: (
        *_PROJECT,
        _has("asset_id", "kind", "object_key"),
        _one_of("kind", BRAND_KINDS),
        _at_most("file_name", 255),
    ),
    facts_pb2.BrandAssetTaken: (*_PROJECT, _has("asset")),
    facts_pb2.BrandAssetDeleted: (*_PROJECT, _has("asset_id")),
    facts_pb2.CaptionStyleSaved: (_has("project", "style"),),
    facts_pb2.PresetSaved: (_has("project", "preset"),),
    facts_pb2.PreviewRequested: (*_PROJECT, _has("preview_id", "style")),
    facts_pb2.PreviewRendered: (*_PROJECT, _has("preview_id", "key")),
    facts_pb2.BatchRequested: (
        *_PROJECT,
        _has("batch_id", "export_ids"),
        _at_most("export_ids", MAX_OUTPUTS),
    ),
    facts_pb2.TenantSaved: (_has("project", "name"),),
    facts_pb2.ApiKeySaved: (
        _has("project", "key_id", "role", "hash"),
        _one_of("role", ("user", "admin")),
    ),
}
