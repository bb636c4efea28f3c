"""What is committed of the chart is what it makes today, and it is valid for three Kubernetes."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from chart.scenarios import GOLDEN, MINIMAL, SHAPES, golden, needs_helm, rendered, shape
from render import chart
from render.__main__ import written

pytestmark = needs_helm()

SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
VERSIONS = ("1.31", "1.34", "1.37")
# Of others' definitions, which no schema of Kubernetes has.
CUSTOM = {"PodMonitor", "PrometheusRule", "ScaledObject", "HTTPRoute"}


@cache
def definitions(version: str) -> Registry[Any]:
    return Resource.from_contents(_read(version, "_definitions")) @ Registry()


@cache
def validator(version: str, kind: str, api: str) -> Draft202012Validator:
    """For one kind: the package's own call reads some megabytes for each object."""
    group, _, number = api.rpartition("/")
    file = "-".join(filter(None, [kind.lower(), group.split(".")[0], number]))
    return Draft202012Validator(_read(version, file), registry=definitions(version))


def _read(version: str, name: str) -> Any:
    return json.loads((SCHEMAS / f"v{version}.0-local-strict" / f"{name}.json").read_text())


def invalid(objects: Any, version: str) -> list[str]:
    return [
        f"{one['kind']}/{one['metadata']['name']}: {error.json_path}: {error.message}"
        for one in objects
        if one["kind"] not in CUSTOM
        for error in validator(version, one["kind"], one["apiVersion"]).iter_errors(one)
    ]


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_renders_are_those_of_the_chart(name: str) -> None:
    folder = chart.RENDERED / name

    fresh = chart.by_template(chart.template(GOLDEN[name]))

    committed = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.yaml")}
    assert fresh == committed, "run `make render`, look at the difference, and commit it"


def test_the_readme_and_the_users_are_those_of_their_sources() -> None:
    for path, text in written().items():
        assert path.read_text() == text, f"{path}: run `make render` and commit the result"


@pytest.mark.parametrize("file", GOLDEN.values(), ids=GOLDEN)
def test_helm_has_nothing_to_complain_of(file: Path) -> None:
    assert chart.lint(file) == ""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", GOLDEN)
def test_every_object_is_valid_to_the_letter(name: str, version: str) -> None:
    objects = chart.objects(chart.template(GOLDEN[name], kubernetes=f"{version}.0"))

    assert objects
    assert invalid(objects, version) == []


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_the_chart_is_valid_to_the_letter(name: str) -> None:
    usual = golden("minimal")

    assert invalid([one for one in shape(name) if one not in usual], VERSIONS[-1]) == []


def test_a_field_that_a_version_lacks_would_be_noticed() -> None:
    (hpa, *_) = (one for one in golden("dev") if one["kind"] == "HorizontalPodAutoscaler")
    hpa["spec"]["behaviour"] = hpa["spec"].pop("behavior")

    try:
        assert invalid([hpa], VERSIONS[0]) != []
    finally:
        hpa["spec"]["behavior"] = hpa["spec"].pop("behaviour")


def test_two_releases_fit_in_one_namespace() -> None:
    names = {
        name: {
            (one["kind"], one["metadata"]["name"]) for one in rendered({"fullnameOverride": name})
        }
        for name in ("one", "two")
    }

    assert names["one"]
    assert names["one"] & names["two"] == set()


def test_the_namespace_of_the_release_is_said_in_every_object() -> None:
    for one in chart.objects(chart.template(MINIMAL)):
        if one["kind"].startswith("ValidatingAdmissionPolicy"):  # of the whole cluster
            assert one["metadata"]["name"].startswith(f"{chart.RELEASE}-")
            continue
        assert one["metadata"]["namespace"] == chart.RELEASE, one["metadata"]["name"]
