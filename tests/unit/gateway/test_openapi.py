"""The OpenAPI document: what generators of clients need."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from clipforge_contracts.webhooks import EVENTS, TEST
from clipforge_gateway.app import create_app
from clipforge_gateway.idempotency import SHOWN_ONCE

SIGNED = {"webhook-id", "webhook-timestamp", "webhook-signature"}
DOCUMENT = create_app().openapi()
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_it_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert DOCUMENT["info"]["title"] == "ClipForge"
    assert DOCUMENT["info"]["version"]


def test_every_operation_has_an_id_of_its_own_and_a_summary() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", one) for one in ids), ids
    assert all(operation.get("summary") and operation.get("tags") for *_, operation in OPERATIONS)


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    wanted = {one.removeprefix("#/components/schemas/") for one in references(DOCUMENT)}

    assert wanted <= set(schemas)
    assert set(schemas) <= wanted, "nobody refers to these"


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_parameter_of_a_path_is_declared(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    declared = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}

    assert declared == set(re.findall(r"{(\w+)}", path))


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_error_is_a_documented_problem(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    errors = {code: one for code, one in operation["responses"].items() if int(code) >= 400}

    assert "500" in errors
    if path.startswith("/v1/"):
        assert {"401", "503"} <= set(errors)
        assert operation["security"]
    if "{" in path.replace("{queue}", ""):
        assert "404" in errors
    if "requestBody" in operation:
        assert {"413", "422"} <= set(errors)
    for code, error in errors.items():
        assert error["description"]
        if not path.startswith("/health"):
            assert set(error["content"]) == {"application/problem+json"}, code


def test_every_success_says_what_it_answers() -> None:
    for path, method, operation in OPERATIONS:
        successes = [one for code, one in operation["responses"].items() if int(code) < 300]
        bare = method == "delete"
        assert successes, f"{method} {path}"
        for success in successes:
            assert bare or success["content"], f"{method} {path}"


def test_every_event_that_a_webhook_may_hear_of_is_described() -> None:
    events = DOCUMENT["webhooks"]

    assert set(events) == {*EVENTS, TEST}
    for name, methods in events.items():
        schema = methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        model = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert model["properties"]["type"]["const"] == name
        assert {one["name"] for one in methods["post"]["parameters"]} == SIGNED


def test_every_secret_that_is_answered_once_is_known() -> None:
    """A field of an answer that sounds like a secret must not be kept under a key."""
    suspicious = {"secret", "key", "token", "password", "signing_secret", "api_key"}

    fields = {
        name
        for schema in DOCUMENT["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }

    assert fields & suspicious <= SHOWN_ONCE
