"""Every alert fires when it should and only then, names series that exist, and has its runbook."""

import re
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from chart.alert_cases import CASES, MORE, Figures
from chart.promtool import ask, complaints, firing, needs_promtool, pending_since, play
from chart.scenarios import golden, needs_helm, of_kind, rendered
from chart.series import ROOT, bare_counters, unknown

pytestmark = needs_helm()

NAMES = tuple(CASES)
RUNBOOKS = ROOT / "docs/runbooks"
PARTS = ("**Means**: ", "**Look**: ", "**Do**: ", "**Who**: ")


def rules(objects: Any = None) -> dict[str, Any]:
    """The rules as Prometheus reads them."""
    spec: dict[str, Any] = of_kind(objects or golden("production"), "PrometheusRule")["rules"][
        "spec"
    ]
    return spec


def each(kind: str, objects: Any = None) -> dict[str, dict[str, Any]]:
    """The alerts or the recorded series, by name."""
    groups = rules(objects)["groups"]
    return {rule[kind]: rule for group in groups for rule in group["rules"] if kind in rule}


def chain(alert: str) -> list[dict[str, Any]]:
    """An alert, after the recorded series that it asks for."""
    asked = each("alert")[alert]
    return [*(rule for name, rule in each("record").items() if name in asked["expr"]), asked]


def seconds(duration: str) -> int:
    """Of what Prometheus calls 10m."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]


def test_every_alert_is_shown_figures() -> None:
    assert set(each("alert")) == set(NAMES)


@needs_promtool()
def test_prometheus_takes_every_rule(tmp_path: Path) -> None:
    assert complaints(rules(), tmp_path) == ""


@needs_promtool()
@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_fires_on_what_it_is_for_and_on_nothing_less(alert: str, tmp_path: Path) -> None:
    case = CASES[alert]

    fires = play(chain(alert), case.fires, case, tmp_path)
    quiet = play(chain(alert), case.quiet, case, tmp_path)

    assert (fires, quiet) == (1, None)


@needs_promtool()
@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_waits_for_as_long_as_it_says(alert: str, tmp_path: Path) -> None:
    case, played = CASES[alert], chain(alert)
    wait = seconds(played[-1].get("for", "0s"))
    if not wait:
        pytest.skip("it does not wait")

    began = pending_since(played, case.fires, case, tmp_path)

    assert began is not None
    due = int(began) + -(-wait // (60 * case.step)) * 60 * case.step  # looked at once a step
    assert firing(played, case.fires, due - 1, tmp_path, step=case.step) is None
    assert firing(played, case.fires, due, tmp_path, step=case.step) == 1


@needs_promtool()
@pytest.mark.parametrize(
    ("alert", "figures", "minutes", "fires"),
    [(alert, figures, minutes, fires) for alert, _, figures, minutes, fires in MORE],
    ids=[f"{alert}: {what}" for alert, what, *_ in MORE],
)
def test_each_way_to_fire_does_so_alone(
    alert: str, figures: Figures, minutes: int, fires: int | None, tmp_path: Path
) -> None:
    assert firing(chain(alert), figures, minutes * 60, tmp_path) == fires


@needs_promtool()
@pytest.mark.parametrize(("release", "jobs"), [("clips", 7), ("others", None)])
def test_what_is_recorded_of_a_stage_is_what_the_active_projector_tells_of_the_release(
    release: str, jobs: int | None, tmp_path: Path
) -> None:
    own = 'namespace="clips",app_kubernetes_io_instance="{}",pod="{}",stage="export"'
    name = "clipforge:stage_outstanding:sum"
    figures = {
        # One hands over to the other, and has an older number.
        f"clipforge_stage_outstanding{{{own.format('clips', 'a')}}}": "7x10",
        f"clipforge_stage_outstanding{{{own.format('clips', 'b')}}}": "5x10",
        f"clipforge_stage_outstanding{{{own.format('others', 'c')}}}": "90x10",
    }
    asked = f'sum({name}{{namespace="clips",release="{release}",stage="export"}})'

    assert ask(asked, [each("record")[name]], figures, 300, tmp_path) == jobs


def test_every_alert_tells_somebody_what_is_wrong_and_where_it_says_what_to_do() -> None:
    for name, alert in each("alert").items():
        assert alert["labels"]["severity"] in ("page", "ticket", "info"), name
        assert alert["labels"]["namespace"] == alert["labels"]["release"] == "clips"
        assert re.fullmatch(r".{30,}[.]", alert["annotations"]["summary"]), name
        assert "[[" not in alert["annotations"]["summary"], name
        told = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
        assert all(label in alert["expr"] for label in told), name


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    wanted = {
        Path(alert["annotations"]["runbook_url"]).name: name
        for name, alert in each("alert").items()
    }

    pages = {path.name: path.read_text() for path in RUNBOOKS.glob("*.md")}
    index = pages.pop("README.md")

    assert pages.keys() == wanted.keys()
    for file, text in pages.items():
        assert f"Alert `{wanted[file]}`" in text
        assert [part for part in PARTS if part not in text] == [], file
        assert f"]({file})" in index, f"docs/runbooks/README.md does not list {file}"


@pytest.mark.parametrize("kind", ["alert", "record"])
def test_every_rule_asks_for_series_that_somebody_exports(kind: str) -> None:
    recorded = set(each("record"))

    for name, rule in each(kind).items():
        assert unknown(rule["expr"], recorded) == set(), name
        if name not in ("ClipForgeFactsUnapplied", "ClipForgeJobsRestated"):  # rare ones, at 1
            assert bare_counters(rule["expr"]) == set(), name


def test_a_series_that_nobody_exports_would_be_noticed() -> None:
    assert unknown('sum(rate(clipforge_deliverys_total{stage="a"}[5m])) > 1', set()) == {
        "clipforge_deliverys_total"
    }
    assert unknown('max({__name__=~"(jetstream|nats)_consumer_num_pendings"})', set()) != set()
    assert bare_counters("sum(clipforge_deliveries_total) > 1") == {"clipforge_deliveries_total"}


def test_thresholds_and_promises_are_values() -> None:
    values = {
        "observability": {
            "rules": {
                "enabled": True,
                "runbooks": "https://docs.example.com/runbooks/",
                "without": ["ClipForgeWorkerCpuHigh"],
                "selector": 'cluster="a"',
                "thresholds": {"memoryShare": 0.5, "expiringSeconds": 86400},
                "slo": {"availability": 99.5},
            }
        }
    }

    alerts = each("alert", rendered(values))

    assert "ClipForgeWorkerCpuHigh" not in alerts
    assert "> 0.5" in alerts["ClipForgeMemoryHigh"]["expr"]
    assert "> 86400" in alerts["ClipForgeWorkExpires"]["expr"]
    assert 'clipforge_queue_oldest_seconds{cluster="a"}' in alerts["ClipForgeWorkExpires"]["expr"]
    assert "> 0.072" in alerts["ClipForgeAvailabilityBurnsFast"]["expr"]  # 14.4 times 0.5 %
    assert alerts["ClipForgeMemoryHigh"]["annotations"]["runbook_url"] == (
        "https://docs.example.com/runbooks/memory-high.md"
    )


def test_what_alerts_ask_of_our_pods_is_asked_of_this_release() -> None:
    for rule in (*each("alert").values(), *each("record").values()):
        for selector in re.findall(r"(?:clipforge_\w+|up)\{([^}]*)\}", rule["expr"]):
            assert 'app_kubernetes_io_instance="clips"' in selector, rule["expr"]
    assert rules()["groups"]


def test_the_labels_that_rules_ask_for_are_those_that_the_pod_monitor_gives() -> None:
    (monitor,) = of_kind(golden("production"), "PodMonitor").values()

    given = {
        label.translate(str.maketrans("./-", "___")) for label in monitor["spec"]["podTargetLabels"]
    }

    assert given == {"app_kubernetes_io_component", "app_kubernetes_io_instance"}


def test_without_the_gateway_nobody_misses_its_figures() -> None:
    values = {
        "components": {"gateway": {"enabled": False}},
        "observability": {"rules": {"enabled": True}},
    }

    missing = each("alert", rendered(values))["ClipForgeScrapeMissing"]["expr"]

    assert 'component="gateway"' not in missing
    assert 'component="projector"' in missing
    assert promql.parse(missing)


def test_two_releases_record_series_that_differ() -> None:
    for name, rule in each("record").items():
        assert rule["labels"] == {"namespace": "clips", "release": "clips"}, name


def test_the_rules_are_yaml_that_no_template_has_bent() -> None:
    for group in rules()["groups"]:
        assert group["rules"], group["name"]
    assert len({group["name"] for group in rules()["groups"]}) == len(rules()["groups"])
    assert yaml.safe_load(yaml.safe_dump(rules())) == rules()
