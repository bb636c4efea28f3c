"""What docs/guides/api.md says of all of the API is so in every part of the OpenAPI document."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from clipforge_gateway.app import create_app

DOCUMENT = create_app().openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: operation
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
}
# Lists that are given whole, and why nobody waits for them.
WHOLE = {
    "listBuiltInStyles": "eight styles, which come with the program",
    "listBuiltInPresets": "some platforms, which come with the program",
}
# Lists within an answer, and what bounds them.
BOUNDED = {
    "AssetDetailView.project_ids": "the newest hundred",
    "BatchView.export_ids": "a hundred outputs a batch",
    "ClipView.factors": "those that a detector knows",
    "ClipView.hashtags": "thirty",
    "ClipView.reasons": "one a factor at most",
    "DeliveryDetailView.attempts": "three days of attempts, ever farther apart",
    "HitView.clip_ids": "clips around one sentence, of the 500 that a film may have",
    "HitView.highlights": "words of one sentence",
    "NewWebhookView.events": "the kinds of events",
    "UsageView.days": "366 days",
    "WebhookView.events": "the kinds of events",
}
NO_TYPE_IDS = {
    "DeadLetterView.trace_id": "of OpenTelemetry's making",
    "ProblemBody.request_id": "of the client's own making, or random",
}


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    return schema


def kinds(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A schema, or those of which it may be one."""
    return [resolved(one) for one in schema.get("anyOf", [schema])]


def successes(operation: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Statuses and schemas of its successful answers in JSON."""
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json", {})
        if status.startswith("2") and "schema" in content:
            yield status, resolved(content["schema"])


def models(part: str) -> dict[str, Mapping[str, Any]]:
    """The schemas by name that requests or successful answers lead to."""
    found: dict[str, Mapping[str, Any]] = {}

    def gather(node: Any) -> None:
        if isinstance(node, list):
            for one in node:
                gather(one)
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found[name] = SCHEMAS[name]
                gather(SCHEMAS[name])
            for key, value in node.items():
                if key not in ("example", "examples"):
                    gather(value)

    for operation in OPERATIONS.values():
        if part == "requestBody":
            gather(operation.get(part, {}))
        else:
            gather([one for code, one in operation[part].items() if code.startswith("2")])
    return found


def properties() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Of every schema, each property: `Schema.name`, name, and what it is."""
    for model, schema in SCHEMAS.items():
        for name, one in schema.get("properties", {}).items():
            yield f"{model}.{name}", name, one


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_no_list_is_without_an_end(operation: str) -> None:
    parameters = {one["name"]: one["schema"] for one in OPERATIONS[operation].get("parameters", ())}
    for status, schema in successes(OPERATIONS[operation]):
        assert schema.get("type") != "array", f"{status}: a list comes in pages"
        if not {"items", "next"} <= set(schema.get("properties", {})):
            continue
        if operation in WHOLE:
            assert "cursor" not in parameters
            continue
        assert parameters["cursor"]["default"] == ""
        limit = parameters["limit"]
        assert (limit["default"], limit["minimum"], limit["maximum"]) == (20, 1, 100)


def test_every_list_within_an_answer_is_bounded() -> None:
    lists = {
        f"{model}.{name}"
        for model, schema in models("responses").items()
        for name, one in schema.get("properties", {}).items()
        if any(kind.get("type") == "array" and "maxItems" not in kind for kind in kinds(one))
        and not (name == "items" and "next" in schema["properties"])
    }

    assert lists == set(BOUNDED)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_what_is_only_begun_says_where_to_see_what_comes_of_it(operation: str) -> None:
    accepted = OPERATIONS[operation]["responses"].get("202")

    assert accepted is None or accepted["headers"]["Location"]["required"]


def test_names_are_in_snake_case() -> None:
    parameters = [
        (f"{name} {one['name']}", one["name"])
        for name, operation in OPERATIONS.items()
        for one in operation.get("parameters", ())
        if one["in"] != "header"
    ]
    named = [(at, name) for at, name, _ in properties()]

    wrong = [
        at
        for at, name in [*parameters, *named]
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    ]

    assert not wrong


def test_times_of_media_are_integers_and_moments_are_times_of_the_calendar() -> None:
    wrong = []
    for at, name, one in properties():
        found = [kind for kind in kinds(one) if kind.get("type") != "null"]
        if name.endswith("_ms"):  # one, or some
            found = [kind.get("items", kind) for kind in found]
            wrong += [at for kind in found if kind.get("type") != "integer"]
        elif name.endswith("_at"):
            wrong += [at for kind in found if kind.get("format") != "date-time"]

    assert not wrong


def test_every_id_says_what_it_looks_like() -> None:
    wrong = [
        at
        for at, name, one in properties()
        if (name == "id" or name.endswith("_id"))
        and at not in NO_TYPE_IDS
        and not any("pattern" in kind for kind in kinds(one))
        and "TypeID" not in one.get("description", "")
    ]

    assert not wrong


def test_no_field_is_taken_that_the_api_does_not_know() -> None:
    for operation, one in OPERATIONS.items():
        for content in one.get("requestBody", {}).get("content", {}).values():
            assert resolved(content["schema"])["additionalProperties"] is False, operation
    for name, schema in models("requestBody").items():
        if "properties" in schema:
            assert schema["additionalProperties"] is False, name


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_example_is_one(operation: str) -> None:
    one = OPERATIONS[operation]
    bodies = [one.get("requestBody", {}), *one["responses"].values()]
    for content in (content for body in bodies for content in body.get("content", {}).values()):
        shown = [*(each["value"] for each in content.get("examples", {}).values())]
        shown += [content["example"]] if "example" in content else []
        whole = {**content.get("schema", {}), "components": DOCUMENT["components"]}
        for example in shown:
            Draft202012Validator(whole).validate(example)
