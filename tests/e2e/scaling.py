"""A backlog makes one stage larger and no other; when it is gone, nobody at work is sent away."""

import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final

import yaml

from autoscaling.hpa import SYNC, Hpa
from clipforge_contracts.pipeline import BY_STAGE
from e2e import prometheus
from e2e.shell import Failed, configured, eventually, objects, run
from e2e.visitor import Visitor
from render import chart

STAGE: Final = "transcription"
JOBS: Final = 8
LARGEST: Final = 3  # maxReplicas in k8s/values/dev.yaml
PATIENCE_SECONDS: Final = 600
LONG_SECONDS: Final = 115  # of a film; from 120 on it would be cut, and many pods work on it
# Both look every 15 s, at times of their own, and each way between a job and the metric's answer
# (scrape, rule, the adapter's look) is as long again.
OFF_SECONDS: Final = 3 * SYNC
IDLE: Final = "export"  # nothing is to be done there unless somebody asks
TO_NONE: Final = (
    *("--set", f"components.{IDLE}.autoscaling.minReplicas=0"),
    *("--set", f"components.{IDLE}.autoscaling.behavior.scaleDown.stabilizationWindowSeconds=15"),
)
# What a worker says that is asked to end while it works.
AT_WORK: Final = re.compile(r"stopping: finishing [1-9]")


def metrics(namespace: str, folder: Path) -> None:
    """Give the cluster's Prometheus the rules of a release, and its adapter the metric.

    By METRICS (`$METRICS --rules FILE --external-rules FILE`); empty, the cluster has both.
    """
    command = configured("METRICS", "")
    if not command:
        return
    values = {"observability": {"rules": {"enabled": True}}}
    rendered = chart.template(chart.VALUES / "dev.yaml", values=values, namespace=namespace)
    (rule,) = (one for one in chart.objects(rendered) if one["kind"] == "PrometheusRule")
    adapter = yaml.safe_load((chart.ROOT / "k8s/platform/prometheus-adapter.yaml").read_text())
    rules, external = folder / "rules.yaml", folder / "external.yaml"
    rules.write_text(yaml.safe_dump(rule["spec"]))
    external.write_text(yaml.safe_dump({"externalRules": adapter["rules"]["external"]}))
    run(*command, "--rules", str(rules), "--external-rules", str(external))


class Watch:
    """The deployments of a release while they are scaled, and what its pods say."""

    def __init__(self, namespace: str, release: str, folder: Path) -> None:
        self.namespace = namespace
        self._prefix = f"{release}-clipforge-"
        self._folder = folder
        self._heard: dict[str, subprocess.Popen[bytes]] = {}
        self.largest: dict[str, int] = {}
        self.wanted: dict[str, int] = {}
        self.sizes: list[tuple[float, int]] = []  # of the stage, and when it was seen so

    def look(self) -> dict[str, int]:
        """Ready pods a component, now. Listens to each pod of the stage that it has not heard."""
        ready = {}
        for one in objects("deployments", self.namespace):
            name = one["metadata"]["name"].removeprefix(self._prefix)
            self.wanted[name] = size = one["spec"]["replicas"]
            self.largest[name] = max(self.largest.get(name, 0), size)
            if name == STAGE:
                self.sizes.append((time.time(), size))
            ready[name] = one["status"].get("readyReplicas", 0)
        self._listen()
        return ready

    def until(self, what: str, condition: Callable[[dict[str, int]], bool]) -> float:
        """Look until it holds; the seconds. Failed where it never does."""
        return eventually(what, lambda: condition(self.look()), within=PATIENCE_SECONDS)

    def while_(
        self, work: Callable[[], object], seen: Callable[[dict[str, int]], None] = lambda _: None
    ) -> None:
        """Look for as long as some work takes, and have it told what is seen."""
        with ThreadPoolExecutor(max_workers=1) as aside:
            working = aside.submit(work)
            while not wait([working], timeout=1).done:
                seen(self.look())
            working.result()

    def autoscaler(self) -> dict[str, Any]:
        """The stage's, as the cluster has it."""
        (found,) = (
            one
            for one in objects("hpa", self.namespace)
            if one["metadata"]["name"] == f"{self._prefix}{STAGE}"
        )
        return found

    def busy_killed(self) -> int:
        """How many pods of the stage were asked to end while they worked.

        Failed where one was not heard: it may have been any of them.
        """
        for listening in self._heard.values():
            listening.terminate()
            listening.wait()
        said = {name: (self._folder / f"{name}.log").read_text() for name in self._heard}
        if unheard := [name for name, words in said.items() if not words.strip()]:
            raise Failed(f"nothing was heard of {unheard}")
        return sum(AT_WORK.search(words) is not None for words in said.values())

    def _listen(self) -> None:
        selector = f"app.kubernetes.io/component={STAGE}"
        for pod in objects("pods", self.namespace, "-l", selector):
            name = pod["metadata"]["name"]
            if name not in self._heard and pod["status"]["phase"] == "Running":
                file = self._folder / f"{name}.log"
                command = ["kubectl", "-n", self.namespace, "logs", "-f", name]
                with file.open("wb") as to:
                    self._heard[name] = subprocess.Popen(command, stdout=to, stderr=to)


def out_and_in(visitor: Visitor, watch: Watch) -> dict[str, float]:
    """Seconds to the largest size with work waiting, and back with somebody at work.

    Failed where one at work was sent away, or tests/autoscaling says that it goes otherwise.
    """
    before = watch.look()
    watch.largest.clear()
    watch.sizes.clear()
    began = time.monotonic()
    # One after the other: no other stage has more than it can do at once.
    projects = visitor.submit(JOBS)
    watch.until("scaled out", lambda ready: ready[STAGE] == LARGEST)
    out = time.monotonic() - began
    watch.while_(lambda: visitor.finish(projects))
    grown = {name for name in BY_STAGE if watch.largest.get(name, 0) > before.get(name, 0)}
    if grown != {STAGE}:
        raise Failed(f"a backlog of {STAGE} made these larger: {grown}")
    visitor.film(LONG_SECONDS)
    (long,) = visitor.submit(1)
    back = watch.until("scaled in", lambda ready: ready[STAGE] == before[STAGE])
    at_work = visitor.state(long) == "transcribing"
    visitor.finish([long])
    if not at_work:
        raise Failed(f"nobody was at work any more when {STAGE} was scaled in: no proof")
    if busy_killed := watch.busy_killed():
        raise Failed(f"{busy_killed} pods of {STAGE} were asked to end while they worked")
    return {
        "scale_out_s": out,
        "scale_in_s": back,
        "busy_killed": busy_killed,
        **beside_the_model(watch),
    }


def beside_the_model(watch: Watch) -> dict[str, float]:
    """Seconds between what was decided here and by tests/autoscaling from the same load.

    The model goes by what the cluster had before, as it cannot know what would have become of
    another decision. Failed where it decides for another largest size, or much sooner or later.
    """
    begin, end = watch.sizes[0][0], watch.sizes[-1][0]
    load = f'clipforge:stage_outstanding:sum{{namespace="{watch.namespace}",stage="{STAGE}"}}'
    model, size = Hpa.of(watch.autoscaler()), watch.sizes[0][1]
    modelled = [(begin, size)]
    for when, outstanding in prometheus.course(load, begin, end, step=SYNC):
        size = model.decide(int(when - begin), size, int(outstanding))
        modelled.append((when, size))
    largest = max(size for _, size in watch.sizes)
    if (other := max(size for _, size in modelled)) != largest:
        raise Failed(f"the cluster went up to {largest} pods, and the model to {other}: {modelled}")
    off = {
        f"model_off_{way}_s": abs(here - there)
        for way, here, there in zip(
            ("out", "in"), _turns(watch.sizes), _turns(modelled), strict=True
        )
    }
    if max(off.values()) > OFF_SECONDS:
        raise Failed(f"the model is more than {OFF_SECONDS} s off: {off}, {modelled}")
    return off


def _turns(sizes: list[tuple[float, int]]) -> tuple[float, float]:
    """When a stage was first at its largest, and when it was back for good."""
    largest, least = max(size for _, size in sizes), sizes[0][1]
    out = next(when for when, size in sizes if size == largest)
    larger = [when for when, size in sizes if size > least]
    return out, next((when for when, _ in sizes if when > larger[-1]), sizes[-1][0])


def from_none(visitor: Visitor, watch: Watch) -> dict[str, float]:
    """Seconds until a stage has no pod, until work has brought one, and until it is gone again."""
    gone = watch.until(f"{IDLE} has no pod", lambda _: watch.wanted[IDLE] == 0)
    began = time.monotonic()
    came: list[float] = []

    def seen(ready: dict[str, int]) -> None:
        if ready[IDLE] and not came:
            came.append(time.monotonic() - began)

    watch.while_(visitor.through, seen)
    if not came:
        raise Failed(f"a clip was exported, and nobody saw a pod of {IDLE}")
    again = watch.until(f"{IDLE} has no pod again", lambda _: watch.wanted[IDLE] == 0)
    return {"to_none_s": gone, "from_none_s": came[0], "to_none_again_s": again}


def by_cpu(visitor: Visitor, watch: Watch) -> dict[str, float]:
    """With an HPA on CPU instead: seconds until it has made the stage larger, and small again."""
    watch.until("small, as nothing is to be done", lambda ready: ready[STAGE] == 1)
    began = time.monotonic()
    projects = visitor.submit(JOBS)
    watch.until("scaled out by CPU", lambda ready: ready[STAGE] > 1)
    seconds = time.monotonic() - began
    watch.while_(lambda: visitor.finish(projects))
    back = watch.until("scaled in by CPU", lambda ready: ready[STAGE] == 1)
    return {"by_cpu_s": seconds, "by_cpu_in_s": back}
