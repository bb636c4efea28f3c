"""One autoscaler a stage, on its own queue, and nothing beside it that scales, too."""

import re
from typing import Any

import pytest
import yaml

from chart.scenarios import KEDA, golden, needs_helm, of_kind, rendered, shape
from clipforge_contracts.pipeline import PIPELINE, Stage
from render import chart

pytestmark = needs_helm()

SCALED = [stage for stage in PIPELINE if not stage.exclusive]
BY_NAME = pytest.mark.parametrize("stage", SCALED, ids=lambda stage: stage.name)


@pytest.mark.parametrize("name", ["minimal", "dev", "production", "keda", "by cpu", "by hand"])
def test_replicas_are_said_where_nothing_else_decides_them(name: str) -> None:
    objects = golden(name) if name in chart.SETS else shape(name)
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]
        for one in objects
        if one["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
    }

    for one in of_kind(objects, "Deployment").values():
        said = "replicas" in one["spec"]
        assert said != (one["metadata"]["name"] in scaled), one["metadata"]["name"]


@BY_NAME
def test_a_stage_is_scaled_on_what_waits_and_runs_over_its_slots(stage: Stage) -> None:
    hpa = of_kind(golden("minimal"), "HorizontalPodAutoscaler")[stage.name]["spec"]

    (metric,) = hpa["metrics"]

    asked = metric["external"]
    assert asked["metric"]["name"] == "clipforge_stage_outstanding"
    assert asked["metric"]["selector"] == {
        "matchLabels": {"namespace": "clips", "release": "clips", "stage": stage.name}
    }
    # Value would multiply by the pods that are there.
    assert asked["target"] == {"type": "AverageValue", "averageValue": str(stage.concurrency)}


def test_the_slots_of_a_pod_are_what_it_counts_for() -> None:
    objects = rendered({"components": {"export": {"concurrency": 6}}})

    hpa = of_kind(objects, "HorizontalPodAutoscaler")["export"]["spec"]
    settings = of_kind(objects, "ConfigMap")["export"]["data"]

    assert hpa["metrics"][0]["external"]["target"]["averageValue"] == "6"
    assert settings["CLIPFORGE_EXPORT_CONCURRENCY"] == "6"


@BY_NAME
def test_keda_asks_for_the_same_number(stage: Stage) -> None:
    scaled = of_kind(shape("keda"), "ScaledObject")[stage.name]["spec"]

    (trigger,) = scaled["triggers"]

    labels = f'namespace="clips",release="clips",stage="{stage.name}"'
    assert trigger["metadata"]["query"] == f"clipforge:stage_outstanding:sum{{{labels}}}"
    assert trigger["metadata"]["threshold"] == str(stage.concurrency)
    assert trigger["metricType"] == "AverageValue"
    # An upgrade from the mode external finds the chart's HPA there: KEDA takes over that name.
    own = of_kind(shape("keda"), "ScaledObject")[stage.name]["metadata"]["annotations"]
    name = of_kind(golden("minimal"), "HorizontalPodAutoscaler")[stage.name]["metadata"]["name"]
    assert own == {"scaledobject.keda.sh/transfer-hpa-ownership": "true"}
    assert scaled["advanced"]["horizontalPodAutoscalerConfig"]["name"] == name
    # Outside of KEDA's care nothing scales it.
    assert stage.name not in of_kind(shape("keda"), "HorizontalPodAutoscaler")


def test_one_stage_may_be_scaled_otherwise_than_the_rest() -> None:
    objects = rendered({"components": {"export": {"autoscaling": {"mode": "cpu"}}}})

    metrics = {
        name: one["spec"]["metrics"][0]["type"]
        for name, one in of_kind(objects, "HorizontalPodAutoscaler").items()
    }

    assert metrics.pop("export") == metrics.pop("gateway") == "Resource"
    assert set(metrics.values()) == {"External"}


@pytest.mark.parametrize("values", [{}, KEDA], ids=["hpa", "keda"])
def test_every_autoscaler_goes_up_at_once_and_down_slowly(values: dict[str, Any]) -> None:
    for one in rendered(values):
        if one["kind"] == "HorizontalPodAutoscaler":
            behavior = one["spec"]["behavior"]
        elif one["kind"] == "ScaledObject":
            behavior = one["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        else:
            continue
        assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= 60
        assert behavior["scaleDown"]["selectPolicy"] == "Min"
        assert all(one["policies"] for one in behavior.values())


def test_how_much_is_let_pass_may_be_said_where_the_cluster_knows_it() -> None:
    values = {
        "kinds": {"worker": {"autoscaling": {"behavior": {"scaleDown": {"tolerance": 0.05}}}}}
    }

    hpa = of_kind(rendered(values), "HorizontalPodAutoscaler")["export"]["spec"]

    assert hpa["behavior"]["scaleDown"]["tolerance"] == 0.05
    assert hpa["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 120
    with pytest.raises(chart.HelmFailed, match=r"scaleDown\.tolerance needs Kubernetes 1\.35"):
        rendered(values, kubernetes="1.34.0")


def test_the_rule_is_the_series_that_the_projector_tells() -> None:
    rule = of_kind(golden("production"), "PrometheusRule")["rules"]
    (recorded,) = rule["spec"]["groups"][0]["rules"]

    assert recorded["record"] == "clipforge:stage_outstanding:sum"
    assert recorded["expr"].strip() == (
        "max by (stage) (clipforge_stage_outstanding"
        '{namespace="clips",app_kubernetes_io_instance="clips"})'
    )
    assert "`clipforge_stage_outstanding`" in (chart.ROOT / "docs/metrics.md").read_text()


def test_the_adapter_makes_of_the_recorded_series_the_metric_that_is_asked_for() -> None:
    adapter = yaml.safe_load((chart.ROOT / "k8s/platform/prometheus-adapter.yaml").read_text())
    rule = of_kind(golden("production"), "PrometheusRule")["rules"]
    hpa = of_kind(golden("production"), "HorizontalPodAutoscaler")["export"]["spec"]

    (external,) = adapter["rules"]["external"]

    assert external["seriesQuery"] == rule["spec"]["groups"][0]["rules"][0]["record"]
    asked = hpa["metrics"][0]["external"]["metric"]
    assert external["name"]["as"] == asked["name"]
    kept = re.search(r"by \((.+?)\)", external["metricsQuery"])
    assert kept
    assert set(kept[1].split(", ")) == asked["selector"]["matchLabels"].keys()
    assert external["resources"] == {"namespaced": False}
