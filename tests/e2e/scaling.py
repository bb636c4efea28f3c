"""A backlog makes one stage larger and no other; when it is gone, nobody at work is sent away."""

import re
import subprocess
import time
from collections.abc import Callable
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
        self.sizes: list[tuple[float, int]] = []  # of the stage, and when it was seen so

    def look(self) -> dict[str, int]:
        """Ready pods a component, now. Listens to each pod of the stage that it has not heard."""
        ready = {}
        for one in objects("deployments", self.namespace):
            name = one["metadata"]["name"].removeprefix(self._prefix)
            self.largest[name] = max(self.largest.get(name, 0), one["spec"]["replicas"])
            if name == STAGE:
                self.sizes.append((time.time(), one["spec"]["replicas"]))
            ready[name] = one["status"].get("readyReplicas", 0)
        self._listen()
        return ready

    def until(self, what: str, condition: Callable[[dict[str, int]], bool]) -> float:
        """Look until it holds; the seconds. Failed where it never does."""
        return eventually(what, lambda: condition(self.look()), within=PATIENCE_SECONDS)

    def autoscaler(self) -> dict[str, Any]:
        """The stage's, as the cluster has it."""
        (found,) = (
            one
            for one in objects("hpa", self.namespace)
            if one["metadata"]["name"] == f"{self._prefix}{STAGE}"
        )
        return found

    def busy_killed(self) -> int:
        """How many pods of the stage were asked to end while they worked."""
        for listening in self._heard.values():
            listening.terminate()
            listening.wait()
        said = [file.read_text() for file in self._folder.glob("*.log")]
        return sum(AT_WORK.search(words) is not None for words in said)

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
    """Seconds to the largest size with work waiting, and back; how many were killed at work."""
    before = watch.look()
    watch.largest.clear()
    watch.sizes.clear()
    began = time.monotonic()
    # One after the other: no other stage has more than it can do at once.
    projects = visitor.submit(JOBS)
    watch.until("scaled out", lambda ready: ready[STAGE] == LARGEST)
    out = time.monotonic() - began
    visitor.finish(projects)
    grown = {name for name in BY_STAGE if watch.largest.get(name, 0) > before.get(name, 0)}
    if grown != {STAGE}:
        raise Failed(f"a backlog of {STAGE} made these larger: {grown}")
    back = watch.until("scaled in", lambda ready: ready[STAGE] == before[STAGE])
    return {
        "scale_out_s": out,
        "scale_in_s": back,
        "busy_killed": watch.busy_killed(),
        "model_off_s": beside_the_model(watch),
    }


def beside_the_model(watch: Watch) -> float:
    """Seconds between the largest size as decided here and by tests/autoscaling from the same load.

    Failed where the model decides for another largest size.
    """
    begin, end = watch.sizes[0][0], watch.sizes[-1][0]
    load = f'clipforge:stage_outstanding:sum{{namespace="{watch.namespace}",stage="{STAGE}"}}'
    model, size, modelled = Hpa.of(watch.autoscaler()), watch.sizes[0][1], []
    for when, outstanding in prometheus.course(load, begin, end, step=SYNC):
        size = model.decide(int(when - begin), size, int(outstanding))
        modelled.append((when, size))
    largest = max(size for _, size in watch.sizes)
    if (other := max(size for _, size in modelled)) != largest:
        raise Failed(f"the cluster went up to {largest} pods, and the model to {other}: {modelled}")
    here, there = (
        next(when for when, size in sizes if size == largest) for sizes in (watch.sizes, modelled)
    )
    return abs(here - there)


def by_cpu(visitor: Visitor, watch: Watch) -> float:
    """With an HPA on CPU instead: seconds until it has made the stage larger."""
    watch.until("small, as nothing is to be done", lambda ready: ready[STAGE] == 1)
    began = time.monotonic()
    projects = visitor.submit(JOBS)
    watch.until("scaled out by CPU", lambda ready: ready[STAGE] > 1)
    seconds = time.monotonic() - began
    visitor.finish(projects)
    return seconds
