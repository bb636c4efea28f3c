"""skaffold.yaml is valid, and speaks of the images, the chart and the files that there are."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from chart.scenarios import golden, needs_helm, of_kind
from render import chart
from render.__main__ import FILM
from render.film import film_job

SKAFFOLD: dict[str, Any] = yaml.safe_load((chart.ROOT / "skaffold.yaml").read_text())
SCHEMA = Draft202012Validator(
    yaml.safe_load((Path(__file__).parent / "schemas/skaffold.yaml").read_text())
)
COMPONENTS: dict[str, Any] = yaml.safe_load((chart.CHART / "values.yaml").read_text())["components"]
IMAGES = [one["image"] for one in SKAFFOLD["build"]["artifacts"]]


def profiled(name: str) -> dict[str, Any]:
    """The file with the patches of a profile."""
    made = copy.deepcopy(SKAFFOLD)
    (profile,) = (one for one in SKAFFOLD["profiles"] if one["name"] == name)
    for patch in profile["patches"]:
        *way, last = patch["path"].removeprefix("/").split("/")
        place: Any = made
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        key = int(last) if isinstance(place, list) else last
        assert place[key], patch["path"]
        if patch["op"] == "remove":
            del place[key]
        else:
            place[key] = patch["value"]
    return made


def test_it_says_nothing_that_skaffold_does_not_know() -> None:
    assert [error.message for error in SCHEMA.iter_errors(SKAFFOLD)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"apiVersion": "skaffold/v2beta1"},
        {"portForwards": []},
        {"build": {"artifact": []}},
        {"verify": [{"name": "film"}]},
        {"profiles": [{"build": {}}]},
    ],
)
def test_a_mistyped_part_would_be_noticed(wrong: dict[str, Any]) -> None:
    assert list(SCHEMA.iter_errors({**SKAFFOLD, **wrong})) != []


def test_every_component_is_given_the_image_that_was_built_wherever_it_was_pushed() -> None:
    (release,) = SKAFFOLD["deploy"]["helm"]["releases"]

    given = release["setValueTemplates"]

    wanted = {
        name: one.get("image", {}).get("name", name).replace("-", "_")
        for name, one in COMPONENTS.items()
    }
    assert given == {
        f"components.{name}.image.{part.lower().replace('repo', 'repository')}": (
            f"{{{{.IMAGE_{part}_clipforge_{image}}}}}"
        )
        for name, image in wanted.items()
        for part in ("REPO", "TAG")
    }


def test_every_image_of_ours_says_its_version_and_revision() -> None:
    for one in SKAFFOLD["build"]["artifacts"]:
        arguments = one["docker"].get("buildArgs")
        if arguments:
            assert ".VERSION}}" in arguments["VERSION"], one["image"]
            assert ".REVISION}}" in arguments["REVISION"], one["image"]


def test_every_file_that_it_names_is_there() -> None:
    for made in (SKAFFOLD, profiled("minimal")):
        (release,) = made["deploy"]["helm"]["releases"]
        files = [release["chartPath"], *release["valuesFiles"]]
        files += made.get("manifests", {}).get("kustomize", {}).get("paths", [])
        files += [
            one["executionMode"]["kubernetesCluster"]["jobManifestPath"] for one in made["verify"]
        ]
        for file in files:
            assert (chart.ROOT / file).exists(), file


def test_with_servers_of_ones_own_none_are_built_or_installed() -> None:
    made = profiled("minimal")

    left = [one["image"] for one in made["build"]["artifacts"]]

    assert set(IMAGES) - set(left) == {"clipforge/servers"}
    assert "manifests" not in made
    assert [error.message for error in SCHEMA.iter_errors({**made, "manifests": {}})] == []


@needs_helm()
def test_what_is_verified_is_the_test_of_the_release() -> None:
    (verified,) = SKAFFOLD["verify"]
    objects = golden("dev")
    job = yaml.safe_load(FILM.read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]

    assert FILM.read_text() == film_job(objects), "run `make render` and commit the result"
    # Skaffold keeps what is said of the container of this name, but for image and arguments.
    assert verified["container"]["name"] == container["name"]
    assert verified["container"]["args"] == container["args"]
    assert verified["container"]["image"] in IMAGES
    assert container["image"].startswith(verified["container"]["image"] + ":")
    policy = of_kind(objects, "NetworkPolicy")["test"]["spec"]["podSelector"]["matchLabels"]
    assert policy.items() <= job["spec"]["template"]["metadata"]["labels"].items()
