"""The cluster's Prometheus, by the API server: `PROMETHEUS=namespace/service:port`."""

import json
import os
import urllib.parse
from typing import Any

from e2e.shell import kubectl


def ask(path: str, **parameters: str) -> Any:
    """The data of an answer of its HTTP API. Failed where it refuses."""
    namespace, service = os.environ.get("PROMETHEUS", "monitoring/prometheus:9090").split("/")
    query = urllib.parse.urlencode(parameters)
    way = f"/api/v1/namespaces/{namespace}/services/{service}/proxy/api/v1/{path}?{query}"
    return json.loads(kubectl("get", "--raw", way))["data"]


def series(expression: str) -> list[dict[str, Any]]:
    """The series of an expression, now: labels under `metric`, [time, value] under `value`."""
    found: list[dict[str, Any]] = ask("query", query=expression)["result"]
    return found


def course(expression: str, begin: float, end: float, *, step: int) -> list[tuple[float, float]]:
    """The one series of an expression over a time (seconds since 1970): moments and values."""
    asked = {"query": expression, "start": str(begin), "end": str(end), "step": str(step)}
    (found,) = ask("query_range", **asked)["result"]
    return [(float(when), float(value)) for when, value in found["values"]]


def known() -> set[str]:
    """Names of all metrics that the pods declare, those that have no series yet among them."""
    declared: dict[str, Any] = ask("metadata")
    # A counter is declared without its ending, or with it: that depends on what was agreed upon.
    return {ending for name in declared for ending in (name, f"{name}_total")}


def rules() -> list[dict[str, Any]]:
    """Every rule that it has."""
    return [rule for group in ask("rules")["groups"] for rule in group["rules"]]
