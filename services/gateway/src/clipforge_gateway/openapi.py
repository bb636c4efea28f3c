"""The OpenAPI document: what FastAPI derives, with our errors as they are."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from clipforge_gateway.problems import INTERNAL, MEDIA_TYPE, TOO_LARGE, ProblemBody

TEMPLATE: Final = "#/components/schemas/{model}"


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1. Every error of every operation is a problem of RFC 9457."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = made["components"]["schemas"]
        for framework_s_own in ("HTTPValidationError", "ValidationError"):
            schemas.pop(framework_s_own, None)
        problem = ProblemBody.model_json_schema(ref_template=TEMPLATE)
        schemas |= problem.pop("$defs", {}) | {"ProblemBody": problem}
        for path in made["paths"].values():
            for operation in path.values():
                _tell_errors(operation)
        app.openapi_schema = made
    return app.openapi_schema


def _tell_errors(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses[str(INTERNAL.status)] = {"description": INTERNAL.title}
    if "requestBody" in operation:
        responses[str(TOO_LARGE.status)] = {"description": TOO_LARGE.title}
    if not operation.get("parameters") and "requestBody" not in operation:
        responses.pop("422", None)
    schema = {"$ref": TEMPLATE.format(model="ProblemBody")}
    for status, response in responses.items():
        own_words = "content" in response and status != "422"  # health tells what is away
        if int(status) >= 400 and not own_words:
            response["content"] = {MEDIA_TYPE: {"schema": schema}}
