"""What happens to a product in its life, while people use it: kills, restarts, other versions."""

import contextlib
import time
from collections.abc import Callable
from typing import Final

from clipforge_contracts.pipeline import BY_STAGE
from e2e.shell import Failed, eventually, kubectl, run
from e2e.visitor import Visitor

READY: Final = "600s"
STAGES: Final = ("import", "transcription", "clip-detection", "export")
OTHERS: Final = ("projector", "gateway", "maintenance", "webhooks")
BUSY_SECONDS: Final = 60


def kills(namespace: str, visitor: Visitor) -> dict[str, int]:
    """Kill the pods of each component without a word while films go through all of them."""
    with visitor.busy() as done:
        for stage in STAGES:
            _until_busy(visitor, stage)
            _kill(namespace, stage)
        for component in OTHERS:
            _kill(namespace, component)
        all_ready(namespace)
    return done


def under_load(visitor: Visitor, change: Callable[[], None]) -> tuple[float, dict[str, int]]:
    """The seconds that a change takes, and what was done meanwhile, nothing of it lost."""
    with visitor.busy() as done:
        began = time.monotonic()
        change()
        seconds = time.monotonic() - began
    if not done["projects"]:
        raise Failed("no film came through while the release changed: that proves nothing")
    return seconds, done


def restart(namespace: str) -> None:
    """All pods anew, as after a change of a Secret."""
    kubectl("rollout", "restart", "deployment", namespace=namespace)
    all_ready(namespace)


def upgrade(namespace: str, *arguments: str) -> None:
    run("helm", "upgrade", *arguments, "--namespace", namespace)
    all_ready(namespace)


def roll_back(namespace: str, release: str) -> None:
    run("helm", "rollback", release, "--namespace", namespace)
    all_ready(namespace)


def _until_busy(visitor: Visitor, stage: str) -> None:
    """A stage that is over in a moment may never be seen at work: then it is killed at rest."""
    with contextlib.suppress(Failed):
        eventually(
            f"{stage} works",
            lambda: visitor.call("GET", f"/v1/queues/{BY_STAGE[stage].queue}/metrics")["active"],
            within=BUSY_SECONDS,
        )


def _kill(namespace: str, component: str) -> None:
    kubectl(
        *("delete", "pods", "-l", f"app.kubernetes.io/component={component}"),
        *("--grace-period=0", "--force"),
        namespace=namespace,
    )


def all_ready(namespace: str) -> None:
    for deployment in kubectl("get", "deployments", "-o", "name", namespace=namespace).split():
        kubectl(
            *("rollout", "status", deployment, "--timeout", READY), namespace=namespace, seconds=660
        )
