"""What happens to a product in its life, while people use it: kills, restarts, other versions."""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Final

from clipforge_contracts.pipeline import BY_STAGE
from e2e.departures import departures
from e2e.shell import Failed, kubectl, objects, run
from e2e.visitor import Visitor

READY: Final = "600s"
STAGES: Final = ("import", "transcription", "clip-detection", "export")
AT_WORK: Final = ("import", "transcription", "export")
# Over in a tenth of a second, or with no film in hand: killed as they are.
AT_REST: Final = ("clip-detection", "projector", "gateway", "maintenance", "webhooks")
# Without an answer, where all gateways are killed at once: until one has started. On two cores with
# much else to do it took 81.
GAP_SECONDS: Final = 120.0
TRIES: Final = 10  # an import takes a second, and a kill begins half a one after it was seen
# A pod that dies has 143 or 137 of its process, and so has whoever was told to kill it there.
KILL: Final = "kill -9 -1"


def kills(namespace: str, visitor: Visitor) -> dict[str, float]:
    """Kill the pods of each component without a word while films go through all of them."""
    with visitor.busy() as done:
        tries = sum(_kill_at_work(namespace, visitor, stage) for stage in AT_WORK)
        for component in AT_REST:
            _kill(namespace, component)
        all_ready(namespace)
    _must_have_gone_on(done, GAP_SECONDS)
    visitor.through()
    return {"kills_at_work": len(AT_WORK), "kills_tried": tries, **done}


def under_load(
    visitor: Visitor, change: Callable[[], None], *, gap: float
) -> tuple[float, dict[str, float]]:
    """The seconds that a change takes, and what was done meanwhile, nothing of it lost.

    Failed where something was not to be had for longer than `gap` seconds.
    """
    with visitor.busy() as done:
        began = time.monotonic()
        change()
        seconds = time.monotonic() - began
    _must_have_gone_on(done, gap)
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


def ended_well(namespace: str, change: Callable[[], None]) -> int:
    """A change whose pods all end as they were asked to; how many did.

    Failed where one had to be killed.
    """
    with departures(namespace) as codes:
        change()
    if not codes:
        raise Failed("nobody saw a pod end: that proves nothing")
    if killed := {pod: code for pod, code in codes.items() if code}:
        raise Failed(f"these pods did not end by themselves when they were asked to: {killed}")
    return len(codes)


def _must_have_gone_on(done: Mapping[str, float], gap: float) -> None:
    if not done["projects"] or not done["exports"]:
        raise Failed("no film came through meanwhile: that proves nothing")
    if done["longest_gap_s"] > gap:
        raise Failed(f"something was not to be had for longer than {gap:g} s: {done}")


def _kill_at_work(namespace: str, visitor: Visitor, stage: str) -> int:
    """Kill a stage until work died with it; the tries. Failed where it never had any in hand."""
    queue = BY_STAGE[stage].queue
    for tries in range(1, TRIES + 1):
        visitor.ask("caught", queue)
        _kill(namespace, stage)
        # Nobody is there to work; the log has not yet given up who was.
        if visitor.ask("active", queue):
            return tries
        kubectl(
            *("wait", "--for=condition=Available", "deployment", "--timeout", READY),
            *("-l", f"app.kubernetes.io/component={stage}"),
            namespace=namespace,
            seconds=660,
        )
    raise Failed(f"{stage} was killed {TRIES} times, and never at work: that proves nothing")


def _kill(namespace: str, component: str) -> None:
    """As the kernel does for want of memory; then the pods go, as with their node."""
    selector = ("-l", f"app.kubernetes.io/component={component}")
    for pod in objects("pods", namespace, *selector):
        name = pod["metadata"]["name"]
        with contextlib.suppress(Failed):  # the command dies with its pod
            kubectl("exec", name, "--", "sh", "-c", KILL, namespace=namespace)
    kubectl("delete", "pods", *selector, "--grace-period=0", "--force", namespace=namespace)


def all_ready(namespace: str) -> None:
    for deployment in kubectl("get", "deployments", "-o", "name", namespace=namespace).split():
        kubectl(
            *("rollout", "status", deployment, "--timeout", READY), namespace=namespace, seconds=660
        )
