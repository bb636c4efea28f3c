"""Every panel says what it shows, in which unit, and asks for series that exist."""

import json
import re
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from chart.scenarios import golden, needs_helm, of_kind, rendered
from chart.series import bare_counters, unknown
from dashboards.panels import SOURCE
from dashboards.render import ALL
from render import chart

FOLDER = chart.CHART / "files/dashboards"
DASHBOARDS: dict[str, Any] = {file.stem: json.loads(file.read_text()) for file in FOLDER.glob("*")}
TYPED = {"core_hour", "gib_hour", "fixed", "availability", "success"}
every_dashboard = pytest.mark.parametrize("name", sorted(DASHBOARDS))


def panels(name: str) -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARDS[name]["panels"] if panel["type"] != "row"]


def queries(name: str) -> list[str]:
    """Each expression, with Grafana's variables as numbers where PromQL wants one."""
    told = [target["expr"] for panel in panels(name) for target in panel["targets"]]
    told = [re.sub(r"\$__(rate_interval|range)", "5m", text) for text in told]
    return [re.sub(rf"\$({'|'.join(TYPED)})\b", "1", text) for text in told]


@pytest.fixture(scope="module")
def recorded() -> set[str]:
    groups = of_kind(golden("production"), "PrometheusRule")["rules"]["spec"]["groups"]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def test_there_is_one_for_each_question() -> None:
    assert set(DASHBOARDS) == {made.__name__ for made in ALL}
    assert set(DASHBOARDS) == {"overview", "stage", "gateway", "autoscaling", "nats", "slo"}
    assert len({one["uid"] for one in DASHBOARDS.values()}) == len(DASHBOARDS)


@every_dashboard
def test_every_panel_says_what_it_shows_and_in_which_unit(name: str) -> None:
    titles = [panel["title"] for panel in panels(name)]

    assert len(set(titles)) == len(titles) or name == "slo"  # the same for each promise
    for panel in panels(name):
        assert re.fullmatch(r".{10,}[.]", panel["description"]), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@every_dashboard
def test_panels_lie_beside_each_other_and_not_on_each_other(name: str) -> None:
    taken: set[tuple[int, int]] = set()

    for panel in DASHBOARDS[name]["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARDS[name]["panels"]]
    assert len(set(ids)) == len(ids)


@every_dashboard
@needs_helm()
def test_every_query_parses_and_asks_for_series_that_somebody_exports(
    name: str, recorded: set[str]
) -> None:
    for query in queries(name):
        assert promql.parse(query), query
        assert unknown(query, recorded) == set(), query
        assert bare_counters(query) == set(), query


@every_dashboard
def test_any_source_and_any_release_can_be_chosen(name: str) -> None:
    board = DASHBOARDS[name]

    variables = {one["name"]: one for one in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(?!__|labels)([a-z_]+)", json.dumps(board)))

    assert {"datasource", "namespace", "release"} <= variables.keys()
    assert used == variables.keys(), "each is used, and each is there"
    for one in variables.values():
        assert one["type"] in ("datasource", "query", "textbox")
        if one["type"] == "query":
            assert one["datasource"] == SOURCE
            assert one["refresh"] == 2
    for panel in panels(name):
        for whose in (panel, *panel["targets"]):
            assert whose["datasource"] == SOURCE, panel["title"]
    assert board["editable"] is False


@every_dashboard
def test_every_query_is_bound_to_the_chosen_release(name: str) -> None:
    for panel in panels(name):
        for target in panel["targets"]:
            bound = "$namespace" in target["expr"] or "$nats_job" in target["expr"]
            assert bound, panel["title"]


@needs_helm()
def test_the_chart_ships_them_where_grafanas_sidecar_looks() -> None:
    values = {"observability": {"dashboards": {"enabled": True}}}

    made = {
        one["metadata"]["name"]: one
        for one in rendered(values)
        if one["metadata"]["labels"].get("grafana_dashboard") == "1"
    }

    assert len(made) == len(DASHBOARDS)
    for name, board in DASHBOARDS.items():
        shipped = made[f"clips-clipforge-dashboard-{name}"]["data"][f"{name}.json"]
        assert json.loads(shipped) == board
    assert len(yaml.safe_dump(list(made.values()))) < 1_000_000  # of what a release may hold


def test_no_dashboard_names_anything_of_the_machine_that_made_it() -> None:
    for file in Path(FOLDER).glob("*.json"):
        assert "localhost" not in file.read_text()
        assert "127.0.0.1" not in file.read_text()
