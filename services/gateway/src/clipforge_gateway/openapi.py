"""The OpenAPI document: what FastAPI derives, with our errors as they are."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from clipforge_gateway import webhook_events
from clipforge_gateway.problems import (
    CHANGED,
    CONFLICT,
    GONE,
    INTERNAL,
    KEY_REUSED,
    MEDIA_TYPE,
    RATE_LIMITED,
    TOO_LARGE,
    UNCONDITIONAL,
    ProblemBody,
)

TEXT: Final = {"type": "string"}
TEMPLATE: Final = "#/components/schemas/{model}"


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1. Every error of every operation is a problem of RFC 9457."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            webhooks=webhook_events.router.routes,
        )
        schemas = made["components"]["schemas"]
        for framework_s_own in ("HTTPValidationError", "ValidationError"):
            schemas.pop(framework_s_own, None)
        problem = ProblemBody.model_json_schema(ref_template=TEMPLATE)
        schemas |= problem.pop("$defs", {}) | {"ProblemBody": problem}
        for path, methods in made["paths"].items():
            for method, operation in methods.items():
                if path.startswith("/v1/"):
                    _OF_METHOD.get(method, _nothing)(operation)
                    _tell_rate(operation)
                _tell_errors(operation)
        for methods in made["webhooks"].values():
            for operation in methods.values():  # answered by others, who need not tell us why
                operation["responses"] = {"2XX": {"description": "Accepted"}}
        app.openapi_schema = made
    return app.openapi_schema


def _tell_key(operation: dict[str, Any]) -> None:
    """See idempotency.Idempotency."""
    for kind in (CONFLICT, GONE, KEY_REUSED):
        operation["responses"].setdefault(str(kind.status), {"description": kind.title})
    operation.setdefault("parameters", []).append(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key and body are done once and have one answer, for a day",
            "schema": {**TEXT, "minLength": 1, "maxLength": 255},
        }
    )


def _tell_tags(operation: dict[str, Any]) -> None:
    """See etags.EntityTags. What is streamed has no tag."""
    success = operation["responses"]["200"]
    if "text/event-stream" in success.get("content", {}):
        return
    success["headers"] = {"ETag": {"description": "Changes with the answer", "schema": TEXT}}
    operation["responses"]["304"] = {"description": "It is what you have: nothing is sent again"}
    operation.setdefault("parameters", []).append(
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "The `ETag` of what you have",
            "schema": TEXT,
        }
    )


def _tell_rate(operation: dict[str, Any]) -> None:
    """See gate.Gate."""
    operation["responses"].setdefault(str(RATE_LIMITED.status), {"description": RATE_LIMITED.title})


def _nothing(operation: dict[str, Any]) -> None:
    """Of other methods there is nothing to tell."""


_OF_METHOD: Final = {"get": _tell_tags, "post": _tell_key}


def _tell_errors(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses[str(INTERNAL.status)] = {"description": INTERNAL.title}
    if "requestBody" in operation:
        responses[str(TOO_LARGE.status)] = {"description": TOO_LARGE.title}
    if any(one["name"] == "If-Match" for one in operation.get("parameters", ())):
        for kind in (CHANGED, UNCONDITIONAL):
            responses[str(kind.status)] = {"description": kind.title}
    if not operation.get("parameters") and "requestBody" not in operation:
        responses.pop("422", None)
    schema = {"$ref": TEMPLATE.format(model="ProblemBody")}
    for status, response in responses.items():
        own_words = "content" in response and status != "422"  # health tells what is away
        if int(status) >= 400 and not own_words:
            response["content"] = {MEDIA_TYPE: {"schema": schema}}
