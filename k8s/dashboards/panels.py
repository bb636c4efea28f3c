"""What a dashboard is made of: panels in rows, on variables that every one of ours has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 24  # columns of Grafana's grid
HEIGHT: Final = {"stat": 4, "timeseries": 8, "table": 8}  # rows of it
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA_VERSION: Final = 39  # of Grafana 11; later ones read it, too

OWN: Final = 'namespace="$namespace",app_kubernetes_io_instance="$release"'
"""Matchers of our own series; the chart's alerts use the same labels."""
RECORDED: Final = 'namespace="$namespace",release="$release"'
"""Matchers of what the release's rules record."""
PODS: Final = 'namespace="$namespace",pod=~"$release-.+",container!=""'
"""Matchers of what Kubernetes tells of our containers."""


@dataclass(frozen=True)
class Query:
    """An expression, and what its lines are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One figure or graph; `unit` is one of Grafana's: s, bytes, percentunit, reqps, short."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    good: bool | None = None  # of a share: whether more of it is good; None: it is no promise
    limit: float | None = None  # where a line is drawn, and colours change


@dataclass(frozen=True)
class Row:
    """Panels beside each other, under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Choice:
    """A variable that is chosen from what a query finds."""

    name: str
    label: str
    query: str
    all_: bool = False


@dataclass(frozen=True)
class Setting:
    """A variable that people type."""

    name: str
    label: str
    default: str


Variable = Choice | Setting
USUAL: Final[tuple[Variable, ...]] = (
    Choice("namespace", "Namespace", "label_values(clipforge_slots, namespace)"),
    Choice(
        "release",
        "Release",
        'label_values(clipforge_slots{namespace="$namespace"}, app_kubernetes_io_instance)',
    ),
)
STAGE: Final = Choice(
    "stage",
    "Stage",
    f"label_values(clipforge_slots{{{OWN}}}, stage)",
    all_=True,
)


def graph(
    title: str, description: str, unit: str, *queries: Query, limit: float | None = None
) -> Panel:
    """Lines over time."""
    return Panel(title, description, unit, queries, limit=limit)


def figure(
    title: str,
    description: str,
    unit: str,
    expr: str,
    *,
    good: bool | None = None,
    limit: float | None = None,
) -> Panel:
    """One number, with its course behind it."""
    return Panel(title, description, unit, (Query(expr),), "stat", good, limit)


def dashboard(
    uid: str, title: str, rows: Sequence[Row], variables: Sequence[Variable] = ()
) -> dict[str, Any]:
    """What Grafana reads."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["clipforge"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "type": "dashboards",
                "tags": ["clipforge"],
                "title": "ClipForge",
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "templating": {"list": [_source(), *map(_variable, (*USUAL, *variables))]},
        "panels": _laid_out(rows),
    }


def _laid_out(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Row by row, the panels of each equally wide."""
    made: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        made.append(
            {
                "id": len(made) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
                "panels": [],
            }
        )
        y += 1
        width = WIDTH // len(row.panels)
        height = max(HEIGHT[panel.kind] for panel in row.panels)
        for at, panel in enumerate(row.panels):
            place = {"x": at * width, "y": y, "w": width, "h": height}
            made.append({"id": len(made) + 1, "gridPos": place, **_panel(panel)})
        y += height
    return made


def _panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "thresholds": _thresholds(panel)}
    options: dict[str, Any] = {"reduceOptions": {"calcs": ["lastNotNull"]}}
    if panel.kind == "timeseries":
        line = {"mode": "line"} if panel.limit is not None else {"mode": "off"}
        defaults["custom"] = {"fillOpacity": 10, "showPoints": "never", "thresholdsStyle": line}
        defaults["min"] = 0
        options = {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
            }
            for number, query in enumerate(panel.queries)
        ],
    }


def _thresholds(panel: Panel) -> dict[str, Any]:
    below, above = ("red", "green") if panel.good else ("green", "red")
    steps: list[dict[str, Any]] = [{"color": below, "value": None}]
    if panel.limit is not None:
        steps.append({"color": above, "value": panel.limit})
    return {"mode": "absolute", "steps": steps if panel.limit is not None else steps[:1]}


def _source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Source", "type": "datasource", "query": "prometheus"}


def _variable(variable: Variable) -> dict[str, Any]:
    head = {"name": variable.name, "label": variable.label}
    if isinstance(variable, Setting):
        chosen = {"text": variable.default, "value": variable.default}
        return {**head, "type": "textbox", "query": variable.default, "current": chosen}
    return {
        **head,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,  # when the time range changes
        "sort": 1,
        "includeAll": variable.all_,
        "multi": variable.all_,
        **(
            {"allValue": ".+", "current": {"text": "All", "value": "$__all"}}
            if variable.all_
            else {}
        ),
    }
