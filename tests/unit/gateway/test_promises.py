"""What the API has promised is kept: `docs/promises.txt` is compared with what it is today."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from clipforge_gateway import promises
from clipforge_gateway.app import create_app

FILE = Path(__file__).parents[3] / "docs/promises.txt"
DOCUMENT = create_app().openapi()
NOW = promises.promises(DOCUMENT)
Change = Callable[[dict[str, Any]], object]


def test_nothing_that_was_promised_is_broken() -> None:
    said = promises.broken(promises.read(FILE.read_text()), NOW)

    assert not said, "\n".join([*said, promises.ADVICE])


def test_what_is_new_is_promised_too() -> None:
    assert promises.read(FILE.read_text()) == NOW, "run `make promises` and commit the result"


def operation(document: dict[str, Any], path: str, method: str) -> Any:
    return document["paths"][path][method]


def schema(document: dict[str, Any], name: str) -> Any:
    return document["components"]["schemas"][name]


def parameter(document: dict[str, Any], path: str, name: str) -> Any:
    [found] = [one for one in operation(document, path, "get")["parameters"] if one["name"] == name]
    return found


def changed(change: Change) -> list[str]:
    """What clients of today would run into."""
    document = deepcopy(DOCUMENT)
    change(document)
    return promises.broken(NOW, promises.promises(document))


BREAKING: dict[str, tuple[Change, str]] = {
    "an operation goes": (
        lambda d: d["paths"]["/v1/projects/{project_id}"].pop("delete"),
        "gone: deleteProject: DELETE",
    ),
    "an operation moves": (
        lambda d: d["paths"].update({"/v1/films": d["paths"].pop("/v1/projects")}),
        "gone: listProjects: GET /v1/projects",
    ),
    "an answer loses a field": (
        lambda d: schema(d, "ExportView")["properties"].pop("bytes"),
        "gone: answer ExportView.bytes: told",
    ),
    "a field of an answer may be absent": (
        lambda d: schema(d, "ExportView")["required"].remove("state"),
        "gone: answer ExportView: always has state",
    ),
    "a field of an answer may be null": (
        lambda d: schema(d, "ExportView")["properties"]["id"].update(type=["string", "null"]),
        "anew: answer ExportView.id: may be null",
    ),
    "an answer has another status": (
        lambda d: operation(d, "/v1/exports", "post")["responses"].update({"201": {}}),
        "anew: createExport: may answer 201",
    ),
    "a parameter goes": (
        lambda d: operation(d, "/v1/exports", "get")["parameters"].pop(),
        "gone: listExports",
    ),
    "a parameter becomes necessary": (
        lambda d: parameter(d, "/v1/exports", "state").update(required=True),
        "anew: listExports: requires query state",
    ),
    "a new parameter is necessary": (
        lambda d: operation(d, "/v1/exports", "get")["parameters"].append(
            {"name": "shape", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "anew: listExports: requires query shape",
    ),
    "a new field of a body is necessary": (
        lambda d: schema(d, "CreateUpload").update(
            properties={**schema(d, "CreateUpload")["properties"], "sum": {"type": "string"}},
            required=[*schema(d, "CreateUpload")["required"], "sum"],
        ),
        "anew: CreateUpload: requires sum",
    ),
    "a body loses a field": (
        lambda d: schema(d, "CreateExport")["properties"].pop("height"),
        "gone: CreateExport.height: taken",
    ),
    "a value is not taken any more": (
        lambda d: schema(d, "CreateExport")["properties"]["quality"].update(enum=["draft"]),
        "gone: CreateExport.quality: takes",
    ),
    "free text becomes a choice": (
        lambda d: schema(d, "CreateUpload")["properties"]["file_name"].update(enum=["a.mp4"]),
        "anew: CreateUpload.file_name: nothing but listed values",
    ),
    "text has to look like something": (
        lambda d: schema(d, "CreateUpload")["properties"]["file_name"].update(pattern="^a"),
        "anew: CreateUpload.file_name: matches ^a",
    ),
    "a bound is narrower": (
        lambda d: parameter(d, "/v1/exports", "limit")["schema"].update(maximum=10),
        "narrower: listExports query limit: maximum was 100, is 10",
    ),
    "a default is another one": (
        lambda d: parameter(d, "/v1/exports", "limit")["schema"].update(default=10),
        "gone: listExports query limit: defaults to 20",
    ),
}

GROWING: dict[str, Change] = {
    "a new operation": lambda d: d["paths"].update(
        {
            "/v1/films/{film}": {
                "post": {
                    **operation(d, "/v1/exports", "post"),
                    "operationId": "createFilm",
                    "parameters": [
                        {"name": "film", "in": "path", "required": True, "schema": {"minLength": 3}}
                    ],
                }
            }
        }
    ),
    "a new parameter that may be left out": lambda d: operation(d, "/v1/exports", "get")[
        "parameters"
    ].append({"name": "shape", "in": "query", "schema": {"type": "string", "maxLength": 4}}),
    "a new field of an answer": lambda d: schema(d, "ExportView")["properties"].update(
        {"mood": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
    ),
    "a new value that is taken": lambda d: schema(d, "CreateExport")["properties"][
        "quality"
    ].update(enum=["draft", "standard", "best"]),
    "a wider bound": lambda d: parameter(d, "/v1/exports", "limit")["schema"].update(maximum=200),
    "a field that need not be sent any more": lambda d: schema(d, "CreateUpload").update(
        required=["file_name"]
    ),
    "another description": lambda d: operation(d, "/v1/exports", "get").update(summary="Clips"),
}


@pytest.mark.parametrize(("change", "said"), BREAKING.values(), ids=BREAKING)
def test_what_would_break_clients_is_found(change: Change, said: str) -> None:
    found = changed(change)

    assert any(said in one for one in found), found


@pytest.mark.parametrize("change", GROWING.values(), ids=GROWING)
def test_growing_breaks_nothing(change: Change) -> None:
    assert changed(change) == []


def test_what_is_broken_is_not_forgotten_by_writing_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "promises.txt"
    former = promises.write({**NOW, "getClip query mood: taken": promises.GIVEN})
    file.write_text(former)

    refused = promises.main(file, anyway=False)
    kept = file.read_text()
    forced = promises.main(file, anyway=True)

    assert (refused, kept) == (1, former)
    assert "gone: getClip query mood: taken" in capsys.readouterr().err
    assert (forced, promises.read(file.read_text())) == (0, NOW)
