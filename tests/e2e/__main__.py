"""`make e2e`: from nothing to a film through every stage, on the cluster of the current kubeconfig.

In a namespace of its own, where only restricted pods are admitted, and which is gone afterwards
(KEEP=1 leaves it). Every step says what it does and how long it took.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Final, TypeVar

from e2e import images, walls
from e2e.shell import Failed, kubectl, run
from render.chart import CHART, ROOT, VALUES

T = TypeVar("T")

NAMESPACE: Final = "clipforge-e2e"
RELEASE: Final = "clips"
TAG: Final = "e2e"
READY: Final = "600s"


def main() -> None:
    figures: dict[str, float] = {}
    names = step("images", figures, lambda: images.build(TAG))
    step("load", figures, lambda: images.load(names))
    try:
        step("servers", figures, servers)
        step("install", figures, install)
        step("first_clip", figures, first_clip)
        step("walls", figures, lambda: walls.stand(NAMESPACE, RELEASE))
    except Failed:
        sys.stderr.write(evidence())
        raise
    finally:
        if not os.environ.get("KEEP"):
            kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
    print("e2e:", *(f"{name}_s={seconds:.0f}" for name, seconds in figures.items()))


def step(name: str, figures: dict[str, float], work: Callable[[], T]) -> T:
    """Do it, and note the seconds."""
    began = time.monotonic()
    done = work()
    figures[name] = time.monotonic() - began
    print(f"{name}: {figures[name]:.0f} s", flush=True)
    return done


def servers() -> None:
    """NATS, PostgreSQL and an object store, where only restricted pods are let in."""
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
    kubectl("create", "namespace", NAMESPACE)
    kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    run(str(ROOT / "k8s/dev/secrets"), "-n", NAMESPACE)
    kubectl("apply", "-k", str(ROOT / "k8s/dev"), namespace=NAMESPACE)
    for server in ("nats", "postgres", "s3"):
        _rolled_out(f"statefulset/{server}")


def install() -> None:
    """The chart, from nothing until every pod is ready."""
    run(
        *("helm", "install", RELEASE, str(CHART), "--namespace", NAMESPACE),
        *("--values", str(VALUES / "dev.yaml"), "--set", f"image.tag={TAG}"),
    )
    for deployment in kubectl("get", "deployments", "-o", "name", namespace=NAMESPACE).split():
        _rolled_out(deployment)


def first_clip() -> None:
    """The chart's own test: a film of a second goes in, a clip comes out."""
    run("helm", "test", RELEASE, "--namespace", NAMESPACE, "--timeout", READY, "--logs")


def evidence() -> str:
    """What the cluster looked like when something failed."""
    seen = [
        ("get", "pods,jobs,hpa", "-o", "wide"),
        ("get", "events", "--sort-by", ".lastTimestamp"),
        ("logs", "-l", "app.kubernetes.io/part-of=clipforge", "--all-containers", "--tail", "20"),
    ]
    said = ""
    for arguments in seen:
        try:
            said += kubectl(*arguments, namespace=NAMESPACE)[-6000:] + "\n"
        except Failed as error:
            said += f"{error}\n"
    return said


def _rolled_out(what: str) -> None:
    kubectl("rollout", "status", what, "--timeout", READY, namespace=NAMESPACE, seconds=660)


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"e2e failed: {failed}")
