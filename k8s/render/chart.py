"""Helm, as the tests and `make render` use it: without a cluster, for a version of Kubernetes."""

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "charts/clipforge"
VALUES: Final = ROOT / "k8s/values"
RENDERED: Final = ROOT / "k8s/rendered"
SETS: Final = ("minimal", "dev", "production")
RELEASE: Final = "clips"
KUBERNETES: Final = "1.37.0"  # of the golden renders
HELM_SECONDS: Final = 60
PARTS: Final = "\n---\n# Source: "
BOOLEAN: Final = "tag:yaml.org,2002:bool"


class HelmFailed(Exception):
    """Helm refused; the text is what it said."""


def helm() -> str | None:
    """The program: that of `make setup`, else the one on PATH."""
    ours = Path(sysconfig.get_path("scripts")) / "helm"
    return str(ours) if ours.exists() else shutil.which("helm")


def template(
    *files: Path,
    values: Mapping[str, Any] | None = None,
    kubernetes: str = KUBERNETES,
    namespace: str = RELEASE,
    release: str = RELEASE,
) -> str:
    """What `helm template` writes. HelmFailed where it refuses."""
    command = ["template", release, str(CHART), "--namespace", namespace]
    return _said([*command, "--kube-version", kubernetes], files, values)


def notes(*files: Path, values: Mapping[str, Any] | None = None) -> str:
    """What is told to whoever installs it, without a cluster. HelmFailed where Helm refuses."""
    command = ["install", RELEASE, str(CHART), "--namespace", RELEASE, "--dry-run=client"]
    return _said(command, files, values).partition("\nNOTES:\n")[2]


def _said(command: list[str], files: Iterable[Path], values: Mapping[str, Any] | None) -> str:
    command = [_helm(), *command]
    for file in files:
        command += ["--values", str(file)]
    if values:
        command += ["--values", "-"]
    done = subprocess.run(
        command,
        input=yaml.safe_dump(dict(values or {})),
        capture_output=True,
        text=True,
        check=False,
        timeout=HELM_SECONDS,
    )
    if done.returncode != 0:
        raise HelmFailed(done.stderr)
    return done.stdout


def lint(*files: Path) -> str:
    """What `helm lint --strict` complains of; empty where nothing."""
    command = [_helm(), "lint", "--strict", "--quiet", str(CHART), "--kube-version", KUBERNETES]
    for file in files:
        command += ["--values", str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=HELM_SECONDS
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _helm() -> str:
    program = helm()
    if program is None:
        raise HelmFailed("there is no helm here: run `make setup`, or install Helm 4")
    return program


def objects(text: str) -> list[dict[str, Any]]:
    """The objects of a render. Words stay words: PyYAML alone would read `on` as true."""
    return [one for one in yaml.load_all(text, Loader=_Yaml12) if one]


def by_template(text: str) -> dict[str, str]:
    """A render by the template that made it: `deployments.yaml`, `tests/film.yaml`."""
    made: dict[str, str] = {}
    for part in ("\n" + text).split(PARTS)[1:]:
        source, _, body = part.partition("\n")
        name = source.removeprefix("clipforge/templates/")
        if body.strip():
            made[name] = made.get(name, "") + f"---\n{body.strip()}\n"
    return made


class _Yaml12(yaml.CSafeLoader):
    """YAML as Helm and Kubernetes read it: only true and false are booleans."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (as in the class above it)
        first: [(tag, form) for tag, form in resolvers if tag != BOOLEAN]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


_Yaml12.add_implicit_resolver(BOOLEAN, re.compile("true|false"), list("tf"))
