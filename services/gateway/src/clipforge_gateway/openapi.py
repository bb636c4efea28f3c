"""The OpenAPI document: what FastAPI derives, with our errors as they are.

What stands before every route (see app.create_app) is told of every route here, and each body has
an example: a new route has all of it by being a route.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from clipforge_gateway import identifiers, webhook_events
from clipforge_gateway.examples import example_of
from clipforge_gateway.problems import (
    AT_ONCE,
    BY_STATUS,
    CHANGED,
    GONE,
    HEADERS_TOO_LARGE,
    IN_PROGRESS,
    INTERNAL,
    KEY_REUSED,
    MEDIA_TYPE,
    NOT_REPEATABLE,
    OVERLOADED,
    RATE_LIMITED,
    TOO_LARGE,
    TOO_LONG,
    TOO_SLOW,
    UNCONDITIONAL,
    Kind,
    ProblemBody,
    tell,
)

TEXT: Final = {"type": "string"}
TEMPLATE: Final = "#/components/schemas/{model}"
PROBLEM: Final = {"$ref": TEMPLATE.format(model="ProblemBody")}
JSON: Final = "application/json"
Operation = dict[str, Any]


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
        identifiers.tell(schemas)
        for path, methods in made["paths"].items():
            for method, operation in methods.items():
                if path.startswith("/v1/"):
                    _OF_METHOD.get(method, _nothing)(operation)
                    _tell(operation, RATE_LIMITED, AT_ONCE, OVERLOADED, TOO_LONG, HEADERS_TOO_LARGE)
                _tell_location(operation)
                _tell_errors(operation)
                _show(operation, schemas)
        for methods in made.get("webhooks", {}).values():
            for operation in methods.values():  # answered by others, who need not tell us why
                operation["responses"] = {"2XX": {"description": "Accepted"}}
        app.openapi_schema = made
    return app.openapi_schema


def _tell(operation: Operation, *kinds: Kind) -> None:
    for kind in kinds:
        tell(operation["responses"], str(kind.status), kind)


def _tell_key(operation: Operation) -> None:
    """See idempotency.Idempotency."""
    _tell(operation, IN_PROGRESS, NOT_REPEATABLE, GONE, KEY_REUSED)
    sentence = "The same key and body are done once and have one answer, for a day"
    _take(operation, "Idempotency-Key", sentence, minLength=1, maxLength=255)


def _tell_tags(operation: Operation) -> None:
    """See etags.EntityTags. What is streamed has no tag."""
    success = operation["responses"]["200"]
    if "text/event-stream" in success.get("content", {}):
        return
    success["headers"] = {"ETag": {"description": "Changes with the answer", "schema": TEXT}}
    operation["responses"]["304"] = {"description": "It is what you have: nothing is sent again"}
    _take(operation, "If-None-Match", "The `ETag` of what you have")


def _tell_location(operation: Operation) -> None:
    """What is only begun has a place where to see what comes of it."""
    if "202" in operation["responses"]:
        where = {"description": "Where to see what comes of it", "schema": TEXT, "required": True}
        operation["responses"]["202"]["headers"] = {"Location": where}


def _take(operation: Operation, header: str, sentence: str, **bounds: int) -> None:
    parameter = {"name": header, "in": "header", "required": False, "description": sentence}
    operation.setdefault("parameters", []).append({**parameter, "schema": {**TEXT, **bounds}})


def _nothing(operation: Operation) -> None:
    """Of other methods there is nothing to tell."""


_OF_METHOD: Final = {"get": _tell_tags, "post": _tell_key}


def _tell_errors(operation: Operation) -> None:
    responses = operation["responses"]
    _tell(operation, INTERNAL)
    if "requestBody" in operation:
        _tell(operation, TOO_LARGE, TOO_SLOW)
    if any(one["name"] == "If-Match" for one in operation.get("parameters", ())):
        _tell(operation, CHANGED, UNCONDITIONAL)
    if not operation.get("parameters") and "requestBody" not in operation:
        responses.pop("422", None)
    for status, response in responses.items():
        if int(status) < 400:
            continue
        content = response.setdefault("content", {})
        if status == "422":
            content.pop(JSON, None)  # the framework's own
        if not content:
            tell(responses, status, BY_STATUS[int(status)])
        if MEDIA_TYPE in response["content"]:
            response["content"][MEDIA_TYPE]["schema"] = PROBLEM


def _show(operation: Operation, schemas: Mapping[str, Any]) -> None:
    """An example of what is sent, and of what is answered."""
    successes = (one for code, one in operation["responses"].items() if int(code) < 300)
    for body in (operation.get("requestBody", {}), *successes):
        content = body.get("content", {}).get(JSON, {})
        if "schema" in content and not {"example", "examples"} & set(content):
            content["example"] = example_of(content["schema"], schemas)
