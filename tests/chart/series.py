"""Which series an expression asks for, and which there are: ours, and others that we use."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import promql_parser as promql

ROOT: Final = Path(__file__).parents[2]
PER_SECOND: Final = {"rate", "irate", "increase"}

OTHERS: Final = {
    "kubelet, cadvisor": {
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
    },
    "kube-state-metrics": {
        "kube_pod_container_resource_limits",
        "kube_pod_container_resource_requests",
        "kube_pod_container_status_restarts_total",
        "kube_horizontalpodautoscaler_spec_max_replicas",
        "kube_horizontalpodautoscaler_status_condition",
        "kube_horizontalpodautoscaler_status_current_replicas",
        "kube_horizontalpodautoscaler_status_desired_replicas",
    },
    # collector/jsz.go and the fields of /varz, which it names after NATS's JSON.
    "prometheus-nats-exporter": {
        f"{prefix}_{name}"
        for prefix in ("jetstream", "nats")
        for name in (
            "stream_total_messages",
            "stream_total_bytes",
            "stream_consumer_count",
            "consumer_num_pending",
            "consumer_num_ack_pending",
            "consumer_num_redelivered",
        )
    }
    | {
        f"{prefix}_varz_{name}"
        for prefix in ("gnatsd", "nats")
        for name in ("connections", "mem", "slow_consumers")
    },
    "Prometheus": {"up", "ALERTS"},
}


def ours() -> set[str]:
    """What our processes export: each line of docs/metrics.md, a histogram by its three series."""
    found: set[str] = set()
    for name, kind in re.findall(r"^\| `(clipforge_\w+)` \| (\w+) ", _page(), re.MULTILINE):
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found |= {name + suffix for suffix in suffixes}
    return found


def counters() -> set[str]:
    """Those of ours that only ever rise, and so are never shown as they are."""
    kinds = re.findall(r"^\| `(clipforge_\w+)` \| (\w+) ", _page(), re.MULTILINE)
    return {name for name, kind in kinds if kind == "counter"} | {
        name + suffix
        for name, kind in kinds
        if kind == "histogram"
        for suffix in ("_bucket", "_sum", "_count")
    }


def unknown(expression: str, recorded: set[str]) -> set[str]:
    """Names in an expression that nobody exports or records."""
    known = ours() | recorded | set().union(*OTHERS.values())
    missing = set()
    for selector in selectors(promql.parse(expression)):
        names = _names(selector)
        if isinstance(names, str):
            missing |= {names} - known
        elif not any(names.fullmatch(one) for one in known):
            missing.add(names.pattern)
    return missing


def bare_counters(expression: str) -> set[str]:
    """Counters that are not asked for their rise."""
    risen = set()
    found = set()
    for node in walk(promql.parse(expression)):
        if isinstance(node, promql.Call) and node.func.name in PER_SECOND:
            risen |= {_names(selector) for selector in selectors(node)}
        if isinstance(node, promql.VectorSelector) and node.name in counters():
            found.add(node.name)
    return found - risen


def selectors(expression: promql.Expr) -> Iterator[promql.VectorSelector]:
    return (node for node in walk(expression) if isinstance(node, promql.VectorSelector))


def walk(node: promql.Expr) -> Iterator[promql.Expr]:
    """The expression and all of its parts."""
    yield node
    for part in _parts(node):
        yield from walk(part)


def _parts(node: promql.Expr) -> list[promql.Expr]:
    match node:
        case promql.BinaryExpr():
            return [node.lhs, node.rhs]
        case promql.AggregateExpr():
            return [node.expr, *([node.param] if node.param is not None else [])]
        case promql.Call():
            return list(node.args)
        case promql.MatrixSelector():
            return [node.vector_selector]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return [node.expr]
        case promql.VectorSelector() | promql.NumberLiteral() | promql.StringLiteral():
            return []
        case _:
            raise TypeError(f"what is a {type(node)}?")


def _names(selector: promql.VectorSelector) -> str | re.Pattern[str]:
    if selector.name:
        return str(selector.name)
    [named] = [one for one in selector.matchers.matchers if one.name == "__name__"]
    return re.compile(named.value)


def _page() -> str:
    return (ROOT / "docs/metrics.md").read_text()
