"""What is committed of the chart is what it makes today, and it is valid for three Kubernetes."""

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from chart.scenarios import GOLDEN, SHAPES, golden, needs_helm, pods, shape
from render import chart
from render.__main__ import written

pytestmark = needs_helm()

SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
VERSIONS = ("1.30", "1.34", "1.37")  # the oldest that Chart.yaml takes, and the newest
# Of others' definitions, which no schema of Kubernetes has: ours, of the parts that are used.
CUSTOM = yaml.safe_load((Path(__file__).parent / "schemas/custom.yaml").read_text())

OF_THE_CLUSTER = {
    "PriorityClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


def everything(**named: str) -> list[dict[str, Any]]:
    """Objects of every template: production's, and what it leaves off."""
    values = {
        "observability": {"dashboards": {"enabled": True}},
        "httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}]},
        "components": {"import": {"autoscaling": {"mode": "keda"}}},
        "autoscaling": {"keda": {"prometheusAddress": "http://prometheus:9090"}},
    }
    return chart.objects(chart.template(GOLDEN["production"], values=values, **named))


def names(objects: Any) -> set[tuple[str, str]]:
    return {(one["kind"], one["metadata"]["name"]) for one in objects}


@cache
def definitions(version: str) -> Registry[Any]:
    return Resource.from_contents(_read(version, "_definitions")) @ Registry()


@cache
def validator(version: str, kind: str, api: str) -> Draft202012Validator:
    """For one kind: the package's own call reads some megabytes for each object."""
    if kind in CUSTOM["$defs"]:
        return Draft202012Validator({"$ref": f"#/$defs/{kind}", **CUSTOM})
    group, _, number = api.rpartition("/")
    file = "-".join(filter(None, [kind.lower(), group.split(".")[0], number]))
    return Draft202012Validator(_read(version, file), registry=definitions(version))


def _read(version: str, name: str) -> Any:
    return json.loads((SCHEMAS / f"v{version}.0-local-strict" / f"{name}.json").read_text())


def invalid(objects: Any, version: str) -> list[str]:
    return [
        f"{one['kind']}/{one['metadata']['name']}: {error.json_path}: {error.message}"
        for one in objects
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


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("ScaledObject", ("spec", "maxReplicaCount")),
        ("ScaledObject", ("spec", "triggers", 0, "metadata", "threshold")),
        ("PodMonitor", ("spec", "podMetricsEndpoints", 0, "interval")),
        ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "expr")),
        ("HTTPRoute", ("spec", "rules", 0, "backendRefs", 0, "port")),
    ],
)
def test_a_mistyped_field_of_others_kinds_would_be_noticed(
    kind: str, way: tuple[str | int, ...]
) -> None:
    one = copy.deepcopy(next(one for one in everything() if one["kind"] == kind))
    assert invalid([one], VERSIONS[-1]) == []

    place: Any = one
    for step in way[:-1]:
        place = place[step]
    place[f"{way[-1]}s"] = place.pop(way[-1])

    assert invalid([one], VERSIONS[-1]) != []


@pytest.mark.parametrize("start", ["", 52 * "a"], ids=["short", "as long as Helm takes"])
def test_two_releases_fit_in_one_namespace(start: str) -> None:
    one, two = (names(everything(release=start + end)) for end in ("1", "2"))

    assert {kind for kind, _ in one} >= {"Deployment", "CronJob", "HTTPRoute", "PriorityClass"}
    assert one & two == set()


@pytest.mark.parametrize("start", ["", 62 * "n"], ids=["short", "as long as Kubernetes takes"])
def test_what_belongs_to_the_whole_cluster_is_named_after_its_namespace(start: str) -> None:
    one, two = (
        {one for one in names(everything(namespace=start + end)) if one[0] in OF_THE_CLUSTER}
        for end in ("1", "2")
    )

    assert {kind for kind, _ in one} == OF_THE_CLUSTER
    assert one & two == set()


def test_the_longest_names_are_short_enough_for_kubernetes() -> None:
    objects = everything(release=53 * "r", namespace=63 * "n")

    for kind, name in names(objects):
        # The Jobs of a CronJob get eleven characters more.
        assert len(name) <= (52 if kind == "CronJob" else 63), (kind, name)
        assert re.fullmatch("[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name), (kind, name)
    classes = {name for kind, name in names(objects) if kind == "PriorityClass"}
    for pod in pods(objects).values():
        assert pod.get("priorityClassName") in classes | {None}


def test_the_namespace_of_the_release_is_said_in_every_object() -> None:
    for one in everything():
        if one["kind"] in OF_THE_CLUSTER:
            assert one["metadata"]["name"].startswith(f"{chart.RELEASE}.")
            continue
        assert one["metadata"]["namespace"] == chart.RELEASE, one["metadata"]["name"]
