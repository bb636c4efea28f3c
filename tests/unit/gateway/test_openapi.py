"""The OpenAPI document: what generators of clients need."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from clipforge_contracts.webhooks import EVENTS, TEST
from clipforge_gateway import problems, remedies, routes
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


PLACES = sorted(Path(routes.__path__[0]).glob("*.py"))
RAISED = re.compile(r"Problem\(\s*([A-Z_]+),")


def test_every_problem_that_a_route_raises_is_documented() -> None:
    """By the operations of its module, or by what stands before all of them."""
    for file in PLACES:
        module = importlib.import_module(f"clipforge_gateway.routes.{file.stem}")
        raised = {getattr(problems, name) for name in RAISED.findall(file.read_text())}
        if not hasattr(module, "router") or not module.router.include_in_schema:
            continue
        own = {getattr(route, "operation_id", "") for route in module.router.routes}
        told = {
            code
            for _, _, operation in OPERATIONS
            if operation["operationId"] in own
            for response in operation["responses"].values()
            for code in response.get("content", {}).get(problems.MEDIA_TYPE, {}).get("examples", {})
        }
        assert {kind.code for kind in raised} <= told, file.name


def test_every_problem_of_the_document_is_in_the_catalogue_and_has_a_page() -> None:
    codes = {kind.code for kind in problems.CATALOGUE}
    told = {
        code
        for _, _, operation in OPERATIONS
        for response in operation["responses"].values()
        for code in response.get("content", {}).get(problems.MEDIA_TYPE, {}).get("examples", {})
    }

    assert told <= codes
    assert set(remedies.REMEDIES) == codes
    every = {one for one in vars(problems).values() if isinstance(one, problems.Kind)}
    assert every == set(problems.CATALOGUE)


@pytest.mark.parametrize("kind", problems.CATALOGUE, ids=lambda kind: kind.code)
async def test_the_type_of_a_problem_leads_to_its_page(kind: problems.Kind) -> None:
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        page = await http.get(problems.BASE + kind.code)

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/markdown")
    assert kind.title in page.text
    assert str(kind.status) in page.text


def test_every_body_has_an_example_that_is_valid() -> None:
    """What is sent; of an answer the shape is what its model makes it."""
    modules = (importlib.import_module(f"{routes.__name__}.{one.stem}") for one in PLACES)
    every = [route for one in modules if hasattr(one, "router") for route in one.router.routes]
    asked = 0
    for route in every:
        if not isinstance(route, APIRoute) or route.body_field is None:
            continue
        [method] = (one.lower() for one in route.methods or ())
        body = DOCUMENT["paths"][route.path][method]["requestBody"]["content"]["application/json"]
        _, faults = route.body_field.validate(body["example"], {}, loc=("body",))
        assert not faults, f"{method} {route.path}: {faults}"
        asked += 1
    assert asked > 5
    for path, method, operation in OPERATIONS:
        for code, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                if media.endswith("json") and "schema" in content:
                    assert {"example", "examples"} & set(content), f"{method} {path} {code}"


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
