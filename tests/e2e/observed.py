"""Whether an installation is seen: scraped pods, rules that evaluate, panels with data, alerts."""

import json
import re
from typing import Any, Final

from e2e import prometheus
from e2e.shell import Failed, eventually, kubectl, objects
from e2e.upheavals import all_ready
from e2e.visitor import Visitor
from render.chart import CHART

SCRAPED_SECONDS: Final = 120
FIRING_SECONDS: Final = 600  # the slower of the two waits for five minutes by itself
OUTAGE: Final = "projector"
OF_OUTAGE: Final = ("ClipForgeNoProjectorActive", "ClipForgeScrapeMissing")
# The families of metrics that kubelet, kube-state-metrics and the NATS exporter tell of, which a
# small cluster may not have. tests/chart holds their names against lists of what they export.
OF_OTHERS: Final = ("container_", "kube_", "gnatsd_", "jetstream_", "nats_")
# What need never happen, and so has no series before it does: Prometheus must know it by name.
OF_CHANCE: Final = ('outcome="handed-back"',)
METRIC: Final = re.compile(r"\b(clipforge[a-z_:0-9]+|(?:container|kube)_[a-z_]+|ALERTS)(?=\{)")
FAMILY: Final = re.compile(r'__name__=~"\(([a-z|]+)\)(_[a-z_]+)"')


def look(namespace: str, release: str, visitor: Visitor) -> dict[str, int]:
    """Failed where something is not seen; how many pods, rules and queries of panels are."""
    pods = _scraped(namespace, release)
    rules = _evaluated(namespace)
    # One more of each, so that there is a rate of what goes well, and of what does not.
    visitor.refused()
    visitor.through()
    return {"scraped": pods, "rules": rules, **_shown(namespace, release)}


def outage(namespace: str, release: str) -> dict[str, float]:
    """Take the projectors away: seconds until both alerts have come, and until they are gone."""
    deployment = f"deployment/{release}-clipforge-{OUTAGE}"
    before = kubectl("get", deployment, "-o", "jsonpath={.spec.replicas}", namespace=namespace)
    kubectl("scale", deployment, "--replicas=0", namespace=namespace)
    fires = eventually(
        f"{OF_OUTAGE} fire",
        lambda: set(OF_OUTAGE) <= firing(namespace),
        within=FIRING_SECONDS,
    )
    kubectl("scale", deployment, f"--replicas={before}", namespace=namespace)
    all_ready(namespace)
    resolved = eventually(
        f"{OF_OUTAGE} are resolved",
        lambda: not set(OF_OUTAGE) & firing(namespace),
        within=FIRING_SECONDS,
    )
    return {"alerts_fire_s": fires, "alerts_resolve_s": resolved}


def firing(namespace: str) -> set[str]:
    """Names of the alerts that a release's people would be told of, now."""
    found = prometheus.series(f'ALERTS{{namespace="{namespace}",alertstate="firing"}}')
    return {one["metric"]["alertname"] for one in found}


def _scraped(namespace: str, release: str) -> int:
    """Every pod of the release that runs on is scraped, and answers."""
    # Those of Deployments: the pod of a Job may be over before anybody looks.
    selector = f"app.kubernetes.io/instance={release},pod-template-hash"

    def missing() -> set[str]:
        running = {one["metadata"]["name"] for one in objects("pods", namespace, "-l", selector)}
        up = prometheus.series(f'up{{namespace="{namespace}"}} == 1')
        return running - {one["metric"]["pod"] for one in up}

    eventually(f"{missing()} are scraped", lambda: not missing(), within=SCRAPED_SECONDS)
    return len(prometheus.series(f'up{{namespace="{namespace}"}} == 1'))


def _evaluated(namespace: str) -> int:
    """Every rule of the release was evaluated, without an error."""

    def ours() -> list[dict[str, Any]]:
        return [one for one in prometheus.rules() if one["labels"].get("namespace") == namespace]

    if not ours():
        raise Failed(f"Prometheus has no rules of {namespace}")
    eventually(
        "all rules are evaluated",
        lambda: all(one["health"] != "unknown" for one in ours()),
        within=SCRAPED_SECONDS,
    )
    wrong = [f"{one['name']}: {one.get('lastError')}" for one in ours() if one["health"] != "ok"]
    if wrong:
        raise Failed("these rules do not evaluate:\n" + "\n".join(wrong))
    return len(ours())


def _shown(namespace: str, release: str) -> dict[str, int]:
    """Every query on our own series has data, once films have gone through, and failed."""
    queries = [
        (f"{file.stem}, {panel['title']}", _told(target["expr"], namespace, release))
        for file in sorted((CHART / "files/dashboards").glob("*.json"))
        for panel in json.loads(file.read_text())["panels"]
        for target in panel.get("targets", ())
    ]
    others = [one for one in queries if any(n.startswith(OF_OTHERS) for n in metrics(one[1]))]
    chance = [one for one in queries if any(word in one[1] for word in OF_CHANCE)]
    wanted = [one for one in queries if one not in others and one not in chance]
    if unknown := {name for _, query in chance for name in metrics(query)} - prometheus.known():
        raise Failed(f"no pod has {unknown}, which panels ask for")

    def empty() -> list[str]:
        return [f"{title}: {query}" for title, query in wanted if not _has_data(query)]

    try:
        eventually("every panel has data", lambda: not empty(), within=SCRAPED_SECONDS)
    except Failed as late:
        raise Failed(f"{late}\n" + "\n".join(empty())) from late
    return {"queries": len(wanted), "of_chance": len(chance), "of_others": len(others)}


def metrics(query: str) -> set[str]:
    """Names of the metrics that an expression asks for. Failed where none is found."""
    found = set(METRIC.findall(query))
    for families, name in FAMILY.findall(query):
        found |= {f"{family}{name}" for family in families.split("|")}
    if not found:
        raise Failed(f"{query} asks for nothing that is known here")
    return found


def _has_data(query: str) -> bool:
    """A number, that is: of a share of nothing Prometheus says NaN."""
    return any(one["value"][1] != "NaN" for one in prometheus.series(query))


def _told(query: str, namespace: str, release: str) -> str:
    """With what somebody would have chosen at the top of the dashboard."""
    query = query.replace("$namespace", namespace).replace("$release", release)
    query = re.sub(r"\$__(rate_interval|range|interval)", "5m", query)
    query = re.sub(r'(=~?)"\$\w+"', '=~".+"', query)
    return re.sub(r"\$\w+", "1", query)
