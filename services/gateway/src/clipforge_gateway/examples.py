"""Examples in the OpenAPI document, for every body that has none of its own.

Made of the schema and of the words below, so that a new route has one at once. A model whose
fields exclude each other says its own: `model_config = ConfigDict(json_schema_extra={...})`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

ID: Final = "01k0c5v8q2f3s9xw7h6d4b1n2m"
COLOUR: Final = "#ffcc00"
_ID: Final = re.compile(r"\^\(?\|?([a-z]{2,4})_")
_CHOICE: Final = re.compile(r"\^\(([a-z]+)\|")
DEEPEST: Final = 6  # levels; none of ours refers to itself
WORDS: Final[Mapping[str, Any]] = {
    "title": "Why queues lose work",
    "name": "ci",
    "file_name": "talk.mp4",
    "content_type": "video/mp4",
    "url": "https://example.com/talk.mp4",
    "language": "en",
    "plan": "pro",
    "role": "user",
    "text": "Why do queues lose work?",
    "sentence": "The address does not answer. Check it and submit the film again.",
    "detail": "There is no project of this id.",
    "request_id": "3f0c9a7e5d1b4c2f8e6a0b9d7c5e3f1a",
    "tenant": "",
    "cursor": "",
    "bytes": 734003200,
    "duration_ms": 5400000,
    "start_ms": 61200,
    "end_ms": 98400,
    "width": 1080,
    "height": 1080,
    "min_clip_ms": 15000,
    "max_clip_ms": 60000,
    "percent": 42.5,
    "seconds_left": 95,
    "frame_rate": 25.0,
    "score": 91,
    "confidence": 0.62,
    "state": "transcribing",
    "stage": "transcription",
    "step": "listening",
    "queue": "transcription",
    "reason": "unreachable",
    "hashtag": "queues",
    "event": "project.ready",
    "failure": None,
    "expires_at": None,
    "next": None,
}
PREFIXES: Final[Mapping[str, str]] = {
    "id": "prj",
    "project_id": "prj",
    "asset_id": "ast",
    "clip_id": "clip",
    "export_id": "exp",
    "upload_id": "upl",
    "job_id": "job",
    "tenant_id": "ten",
    "key_id": "key",
    "kit_id": "kit",
    "webhook_id": "whk",
}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """What a value of this schema may look like."""
    return _example(schema, schemas, name, DEEPEST)


def _example(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, deep: int) -> Any:
    if reference := schema.get("$ref"):
        return _example(schemas[reference.rsplit("/", 1)[-1]], schemas, name, deep)
    for own in ("example", "const", "default"):
        if own in schema and (own != "default" or schema[own] not in ("", None, [], {})):
            return schema[own]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return WORDS[name] if WORDS.get(name) in schema["enum"] else schema["enum"][0]
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            if {"type": "null"} in schema[several] and name in WORDS and WORDS[name] is None:
                return None
            return _example(schema[several][0], schemas, name, deep)
    return _of_type(schema, schemas, name, deep)


def _of_type(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, deep: int) -> Any:
    match schema.get("type"):
        case "object" if deep:
            properties = schema.get("properties", {})
            return {key: _example(one, schemas, key, deep - 1) for key, one in properties.items()}
        case "array" if "prefixItems" in schema:
            return [_example(one, schemas, name, deep - 1) for one in schema["prefixItems"]]
        case "array" if deep and name not in ("errors", "vocabulary"):
            return [_example(schema.get("items", {}), schemas, name.rstrip("s"), deep - 1)]
        case "array":
            return []
        case "integer" | "number":
            return WORDS.get(name, int(max(schema.get("minimum", 0), 1)))
        case "boolean":
            return False
        case "string":
            return _text(schema, name)
    return {}


def _text(schema: Mapping[str, Any], name: str) -> str:
    if schema.get("format") == "date-time":
        return "2026-01-31T12:00:00Z"
    if schema.get("format") == "date":
        return "2026-01-31"
    pattern = schema.get("pattern", "")
    if found := _ID.match(pattern):
        return f"{found[1]}_{ID}"
    if pattern.startswith("^#"):
        return COLOUR
    if choice := _CHOICE.match(pattern):
        return choice[1]
    if name in PREFIXES:
        return f"{PREFIXES[name]}_{ID}"
    if name in WORDS:
        return str(WORDS[name])
    return str(schema.get("default", name or "text"))
