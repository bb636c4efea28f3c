"""Whether an installation is seen: scraped pods, rules that evaluate, panels with data, alerts."""

import json
import re
from typing import Any, Final

from e2e import prometheus
from e2e.shell import Failed, eventually, kubectl, objects
from e2e.upheavals import all_ready
from render.chart import CHART

SCRAPED_SECONDS: Final = 120
FIRING_SECONDS: Final = 600  # the slower of the two waits for five minutes by itself
OUTAGE: Final = "projector"
OF_OUTAGE: Final = ("ClipForgeNoProjectorActive", "ClipForgeScrapeMissing")
# Told by kubelet, kube-state-metrics and the NATS exporter, which a small cluster may not have.
OF_OTHERS: Final = re.compile(r"\b(container|kube)_|\|nats\)_")
# Series that begin with the first time that something happens which need not happen.
OF_TROUBLE: Final = re.compile(
    r"_(unapplied|restated|refused|dropped|evictions|unreadable)_|handed-back|failed|unknown"
)


def look(namespace: str, release: str) -> dict[str, int]:
    """Failed where something is not seen; how many pods, rules and panels are."""
    pods = _scraped(namespace, release)
    rules = _evaluated(namespace)
    panels = _shown(namespace, release)
    return {"scraped": pods, "rules": rules, "panels": panels}


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


def _shown(namespace: str, release: str) -> int:
    """Every panel on our own series has data, once a film has gone through every stage."""

    def empty() -> list[str]:
        return [
            f"{title}: {query}"
            for title, query in _queries(namespace, release)
            if not prometheus.series(query)
        ]

    wanted = _queries(namespace, release)
    try:
        eventually("every panel has data", lambda: not empty(), within=SCRAPED_SECONDS)
    except Failed as late:
        raise Failed(f"{late}\n" + "\n".join(empty())) from late
    return len(wanted)


def _queries(namespace: str, release: str) -> list[tuple[str, str]]:
    """Title and expression of what each panel of the dashboards asks of our own series."""
    found = []
    for file in sorted((CHART / "files/dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"]
                if OF_OTHERS.search(query) or OF_TROUBLE.search(query):
                    continue
                found.append((f"{file.stem}, {panel['title']}", _told(query, namespace, release)))
    return found


def _told(query: str, namespace: str, release: str) -> str:
    """With what somebody would have chosen at the top of the dashboard."""
    query = query.replace("$namespace", namespace).replace("$release", release)
    query = re.sub(r"\$__(rate_interval|range|interval)", "5m", query)
    query = re.sub(r'(=~?)"\$\w+"', '=~".+"', query)
    return re.sub(r"\$\w+", "1", query)
