"""The chart, the images and the pipeline table speak of the same services."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.scenarios import golden, needs_helm, of_kind
from clipforge_contracts.permissions import ADMIN, users
from clipforge_contracts.pipeline import BY_STAGE, PIPELINE
from render import chart
from render.users import variable

SERVICES = {path.parent.name for path in chart.ROOT.glob("services/*/pyproject.toml")}
VALUES: dict[str, Any] = yaml.safe_load((chart.CHART / "values.yaml").read_text())
COMPONENTS: dict[str, Any] = VALUES["components"]
SKAFFOLD: dict[str, Any] = yaml.safe_load((chart.ROOT / "skaffold.yaml").read_text())
ARTIFACTS = {one["image"]: one["docker"] for one in SKAFFOLD["build"]["artifacts"]}
DOCKERFILE = (chart.ROOT / "Dockerfile").read_text()


def depends_on(service: str, library: str) -> bool:
    project = (chart.ROOT / "services" / service / "pyproject.toml").read_text()
    return f'"clipforge-{library}"' in project


def test_every_service_is_a_component_and_every_component_runs_a_service() -> None:
    running = {name for name, one in COMPONENTS.items() if one["kind"] != "job"}

    assert running == SERVICES
    for one in COMPONENTS.values():
        module = one["args"][2].split(".")[0]
        assert list(chart.ROOT.glob(f"*/*/src/{module}/__main__.py")) or module == (
            "clipforge_runtime"
        )


@pytest.mark.parametrize("stage", PIPELINE, ids=lambda stage: stage.name)
def test_a_stage_is_scaled_by_its_own_queue_and_slots(stage: Any) -> None:
    component = COMPONENTS[stage.name]

    assert component["stage"] == stage.name
    assert component["concurrency"] == stage.concurrency
    if stage.exclusive:
        assert component["autoscaling"]["mode"] == "none", "one delivery at a time needs one pod"


def test_only_what_may_read_the_tables_is_given_their_address() -> None:
    given = {name for name, one in COMPONENTS.items() if one.get("database")}

    assert given == {name for name in SERVICES if depends_on(name, "catalog")} | {"migrations"}


def test_every_component_is_a_user_of_the_log() -> None:
    for name, one in COMPONENTS.items():
        assert one.get("natsUser", name) in users()
    assert COMPONENTS["declare"]["natsUser"] == ADMIN


def test_the_log_of_a_trial_is_given_every_users_password() -> None:
    documents = list(yaml.safe_load_all((chart.ROOT / "k8s/dev/nats.yaml").read_text()))
    (server,) = (one for one in documents if one["kind"] == "StatefulSet")

    (container,) = server["spec"]["template"]["spec"]["containers"]

    given = {
        one["name"]: one["valueFrom"]["secretKeyRef"]["key"]
        for one in container["env"]
        if "secretKeyRef" in one["valueFrom"]
    }
    assert given == {variable(user): user for user in users()}


def test_every_service_that_touches_video_is_built_with_ffmpeg() -> None:
    arguments = [one["buildArgs"] for one in ARTIFACTS.values() if "buildArgs" in one]

    built = {one["SERVICE"]: one.get("PACKAGES") for one in arguments}

    assert built == {name: "ffmpeg" if depends_on(name, "media") else None for name in SERVICES}
    assert {f"clipforge/{name}" for name in SERVICES} <= ARTIFACTS.keys()


def test_every_copied_file_is_let_through_to_the_builder() -> None:
    ignore = (chart.ROOT / ".dockerignore").read_text().split()

    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    servers = (chart.ROOT / "k8s/dev/Dockerfile").read_text()
    copied += re.findall(r"^COPY (?!--from)(\S+)", servers, re.MULTILINE)

    assert copied
    for path in copied:
        assert any(
            path.startswith(rule[1:].split("*")[0].rstrip("/")) for rule in ignore if rule[0] == "!"
        )


@needs_helm()
def test_every_setting_in_the_chart_is_documented() -> None:
    page = (chart.ROOT / "docs/settings.md").read_text()

    for one in of_kind(golden("production"), "ConfigMap").values():
        for key in one["data"]:
            assert key.endswith(".py") or f"`{key}`" in page, key


@needs_helm()
def test_every_stage_has_a_deployment_of_its_own() -> None:
    deployments = of_kind(golden("minimal"), "Deployment")

    assert set(BY_STAGE) | {"gateway", "projector"} == deployments.keys()


def test_files_of_the_trial_make_no_privileged_pod() -> None:
    for file in sorted(Path(chart.ROOT / "k8s/dev").glob("*.yaml")):
        for one in yaml.safe_load_all(file.read_text()):
            if one["kind"] != "StatefulSet":
                continue
            pod = one["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            for container in pod["containers"]:
                assert container["securityContext"]["readOnlyRootFilesystem"] is True
