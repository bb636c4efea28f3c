"""`make e2e [STEPS="scaling kills"]`: the life of an installation, on the current cluster.

From nothing to a film through every stage; a backlog, kills, a restart, another version and back
again while films go through. In a namespace of its own, where only restricted pods are admitted,
and which is gone afterwards (KEEP=1 leaves it). Every step says what it does and how long it took.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from e2e import backup, images, observed, operations, scaling, upheavals, walls
from e2e.shell import Failed, kubectl, run
from e2e.visitor import Visitor
from render.chart import CHART, ROOT, VALUES

T = TypeVar("T")

NAMESPACE: Final = "clipforge-e2e"
SECOND: Final = "clipforge-e2e-restored"
RELEASE: Final = "clips"
TAG: Final = "e2e"
IMAGE: Final = f"clipforge/export:{TAG}"  # of pods beside the release: it has all that they need
NEXT: Final = "e2e-next"  # the same code as another revision: what an upgrade brings
# All that a film goes through. They share their layers with those that are there.
UPGRADED: Final = {
    "gateway": ("gateway",),
    "projector": ("projector", "migrations", "declare"),
    **{stage: (stage,) for stage in upheavals.STAGES},
}
READY: Final = "600s"
FILM_SECONDS: Final = 30
CHANGE_SECONDS: Final = 300  # of a rollout or its way back, which a release promises
# Without an answer while pods are changed. Nothing is refused then: of a restart on two cores with
# twenty programs waiting for each, the slowest answer took 7.5 s.
GAP_SECONDS: Final = 10.0
SERVER_GAP_SECONDS: Final = 60.0  # the guide also restarts the only NATS
CHANGES: Final = ("restart", "rollout", "rollback")
LATER: Final = (
    "observed",
    "scaling",
    "kills",
    *CHANGES,
    "operations",
    "zero",
    "cpu",
    "alerts",
    "restore",
)
SETTINGS: Final = (
    *("--values", str(VALUES / "dev.yaml")),
    *("--values", str(Path(__file__).with_name("values.yaml"))),
)


def main(wanted: Sequence[str]) -> None:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            live(figures, Path(folder), wanted)
        except Failed:
            sys.stderr.write(evidence())
            raise
        finally:
            if not os.environ.get("KEEP"):
                kubectl("delete", "namespace", NAMESPACE, SECOND, "--ignore-not-found")
    print("e2e:", *(f"{name}={number:.0f}" for name, number in figures.items()))


def live(figures: dict[str, float], folder: Path, wanted: Sequence[str]) -> None:
    """An installation, and what is wanted of its later life; the figures come one by one."""
    more = UPGRADED if "rollout" in wanted else ()
    names = step("images", figures, lambda: [*images.build(TAG), *images.build(NEXT, more)])
    step("load", figures, lambda: images.load(names))
    step("servers", figures, lambda: servers(NAMESPACE))
    step("metrics", figures, lambda: scaling.metrics(NAMESPACE, folder))
    step("install", figures, lambda: install(NAMESPACE))
    step("first_clip", figures, first_clip)
    step("walls", figures, lambda: walls.stand(NAMESPACE, RELEASE, IMAGE))
    if wanted:
        later_life(figures, folder, wanted)


def later_life(figures: dict[str, float], folder: Path, wanted: Sequence[str]) -> None:
    """What is wanted of the steps that an installation goes through, in their order."""
    visitor = Visitor(NAMESPACE, RELEASE, IMAGE)
    visitor.film(FILM_SECONDS)
    watch = scaling.Watch(NAMESPACE, RELEASE, folder)
    later: dict[str, Callable[[], Mapping[str, float]]] = {
        "observed": lambda: observed.look(NAMESPACE, RELEASE, visitor),
        "scaling": lambda: scaling.out_and_in(visitor, watch),
        "kills": lambda: upheavals.kills(NAMESPACE, visitor),
        "restart": lambda: changed("restart", visitor, lambda: upheavals.restart(NAMESPACE)),
        "rollout": lambda: changed(
            "rollout",
            visitor,
            lambda: upheavals.upgrade(NAMESPACE, *release(TAG), *upgraded()),
        ),
        "rollback": lambda: changed(
            "rollback", visitor, lambda: upheavals.roll_back(NAMESPACE, RELEASE)
        ),
        "operations": lambda: followed(visitor),
        "zero": lambda: scaled_to_none(visitor, watch),
        "cpu": lambda: scaled_by_cpu(visitor, watch),
        "alerts": lambda: observed.outage(NAMESPACE, RELEASE),
        "restore": lambda: restored(folder, visitor),
    }
    for name in LATER:
        if name in wanted:
            found = step(name, {}, later[name])
            for figure, number in found.items():
                whole = max if figure == "longest_gap_s" else sum
                figures[figure] = whole((figures.get(figure, 0), number))
    # A film that is lost, or a request that is refused for good, has ended all this above.
    figures["lost"] = 0


def changed(name: str, visitor: Visitor, change: Callable[[], None]) -> Mapping[str, float]:
    """Seconds of a change of all pods, and what was done meanwhile. Failed where it takes long."""
    ended: list[int] = []
    seconds, done = upheavals.under_load(
        visitor, lambda: ended.append(upheavals.ended_well(NAMESPACE, change)), gap=GAP_SECONDS
    )
    if seconds > CHANGE_SECONDS:
        raise Failed(f"{name} took {seconds:.0f} s, and not {CHANGE_SECONDS} at most")
    return {f"{name}_s": seconds, "pods_ended": sum(ended), **done}


def followed(visitor: Visitor) -> Mapping[str, float]:
    """The operators' guide, with a film that has failed for it to find."""
    job = visitor.refused()
    seconds, done = upheavals.under_load(
        visitor, lambda: operations.follow(NAMESPACE, job), gap=SERVER_GAP_SECONDS
    )
    return {"operations_s": seconds, **done}


def scaled_to_none(visitor: Visitor, watch: scaling.Watch) -> Mapping[str, float]:
    """With no pod of a stage where there is nothing for it to do."""
    upheavals.upgrade(NAMESPACE, *release(TAG), *scaling.TO_NONE)
    found = scaling.from_none(visitor, watch)
    upheavals.upgrade(NAMESPACE, *release(TAG))
    return found


def scaled_by_cpu(visitor: Visitor, watch: scaling.Watch) -> Mapping[str, float]:
    """With an HPA on CPU in place of the queue's."""
    mode = ("--set", "components.transcription.autoscaling.mode=cpu")
    upheavals.upgrade(NAMESPACE, *release(TAG), *mode)
    return scaling.by_cpu(visitor, watch)


def step(name: str, figures: dict[str, float], work: Callable[[], T]) -> T:
    """Do it, and note the seconds."""
    began = time.monotonic()
    done = work()
    figures[f"{name}_s"] = time.monotonic() - began
    print(f"{name}: {figures[f'{name}_s']:.0f} s {done or ''}", flush=True)
    return done


def servers(namespace: str, kept: Path | None = None) -> None:
    """NATS, PostgreSQL and an object store, where only restricted pods are let in.

    With the Secrets of a backup in the folder `kept`; what it lacks is made anew.
    """
    kubectl("delete", "namespace", namespace, "--ignore-not-found")
    kubectl("create", "namespace", namespace)
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    if kept:
        backup.restore_secrets(namespace, kept)
    run(str(ROOT / "k8s/dev/secrets"), "-n", namespace)
    kubectl("apply", "-k", str(ROOT / "k8s/dev"), namespace=namespace)
    for server in ("nats", "postgres", "s3"):
        kubectl(
            *("rollout", "status", f"statefulset/{server}", "--timeout", READY),
            namespace=namespace,
            seconds=660,
        )


def install(namespace: str) -> None:
    """The chart, from nothing until every pod is ready."""
    run("helm", "install", *release(TAG), "--namespace", namespace)
    upheavals.all_ready(namespace)


def restored(folder: Path, visitor: Visitor) -> Mapping[str, float]:
    """What one installation has, another one brings back from its backup, and goes on with."""
    visitor.through()  # where no other step has, there would be nothing to bring back
    known = visitor.inventory()
    hook = visitor.ask("hook")
    backup.claim(NAMESPACE)
    upheavals.upgrade(NAMESPACE, *release(TAG), *backup.NIGHTLY)
    nightly = backup.tonight(NAMESPACE, RELEASE)
    began = time.monotonic()
    backup.save(NAMESPACE, RELEASE, folder)
    # Two installations are more than a small node holds.
    run("helm", "uninstall", RELEASE, "--namespace", NAMESPACE, "--wait")
    servers(SECOND, folder)
    backup.restore(SECOND, IMAGE, folder)
    install(SECOND)
    elsewhere = Visitor(SECOND, RELEASE, IMAGE)
    if (found := elsewhere.inventory()) != known:
        raise Failed(f"not all came back: {known} before, {found} now")
    seconds = time.monotonic() - began
    # Of what was restored: its film is rendered once more, its webhook is signed as before.
    elsewhere.ask("export-anew", "1:1")
    elsewhere.ask("signed", hook)
    elsewhere.film(FILM_SECONDS)
    elsewhere.through()
    return {"restore_s": seconds, "nightly_messages": nightly}


def release(tag: str) -> tuple[str, ...]:
    """What Helm is told of it, for an image."""
    return (RELEASE, str(CHART), *SETTINGS, "--set", f"image.tag={tag}")


def upgraded() -> list[str]:
    """What Helm is told of the next revision."""
    components = [one for each in UPGRADED.values() for one in each]
    return [word for one in components for word in ("--set", f"components.{one}.image.tag={NEXT}")]


def first_clip() -> None:
    """The chart's own test: a film of a second goes in, a clip comes out."""
    run("helm", "test", RELEASE, "--namespace", NAMESPACE, "--timeout", READY, "--logs")


def evidence() -> str:
    """What the cluster looked like when something failed."""
    seen = [
        ("get", "pods,jobs,hpa", "-o", "wide"),
        ("describe", "hpa"),
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


if __name__ == "__main__":
    asked = sys.argv[1:] or LATER
    if unknown := set(asked) - {*LATER, "none"}:
        sys.exit(f"{sorted(unknown)} is none of {', '.join(LATER)}")
    try:
        main([one for one in asked if one != "none"])
    except Failed as failed:
        sys.exit(f"e2e failed: {failed}")
