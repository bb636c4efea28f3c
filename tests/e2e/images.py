"""The images of skaffold.yaml: built here, and given to the cluster or to a registry.

How is the machine's affair: BUILD_IMAGE (default: docker build) is called as
`$BUILD_IMAGE -t NAME [-f FILE] [--build-arg K=V] .`, PUSH_IMAGE (docker push) with one name,
LOAD_IMAGE with all names; empty, as by default, the cluster finds what was built by itself.
"""

import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from e2e.shell import Failed, configured, run

ROOT: Final = Path(__file__).parents[2]
BUILD_SECONDS: Final = 1800  # of one image, with nothing cached, on a busy machine
TRIAL: Final = "clipforge/servers"


@dataclass(frozen=True)
class Image:
    """One artifact."""

    name: str
    arguments: tuple[str, ...]


def images() -> list[Image]:
    """What skaffold.yaml builds."""
    artifacts = yaml.safe_load((ROOT / "skaffold.yaml").read_text())["build"]["artifacts"]
    return [Image(one["image"], tuple(_arguments(one["docker"]))) for one in artifacts]


def main(tag: str, registry: str = "") -> None:
    """Build all of them, and push them where there is a registry (`host` or `host/folder`)."""
    for name in build(tag, registry=registry):
        if registry:
            run(*configured("PUSH_IMAGE", "docker push"), name, seconds=BUILD_SECONDS)
        print(name, flush=True)


def build(tag: str, services: Collection[str] | None = None, *, registry: str = "") -> list[str]:
    """Build all of them, or those of some services, as one revision; their names with the tag.

    The servers have the tag of k8s/dev.
    """
    place = f"{registry}/" if registry else ""
    names = []
    for image in images():
        if services is not None and image.name.rsplit("/", 1)[-1] not in services:
            continue
        name = f"{place}{image.name}:{'dev' if image.name == TRIAL else tag}"
        revision = () if image.name == TRIAL else ("--build-arg", f"REVISION={tag}")
        run(
            *configured("BUILD_IMAGE", "docker build"),
            *("-t", name, *image.arguments, *revision, str(ROOT)),
            seconds=BUILD_SECONDS,
        )
        names.append(name)
    return names


def load(names: list[str]) -> None:
    """Give them to the cluster."""
    if command := configured("LOAD_IMAGE", ""):
        run(*command, *names, seconds=BUILD_SECONDS)


def _arguments(docker: dict[str, Any]) -> list[str]:
    made = ["-f", str(ROOT / docker.get("dockerfile", "Dockerfile"))]
    for name, value in docker.get("buildArgs", {}).items():
        if "{{" not in value:  # what Skaffold takes from its environment
            made += ["--build-arg", f"{name}={value}"]
    return made


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Failed as failed:
        sys.exit(f"the images are not all there: {failed}")
