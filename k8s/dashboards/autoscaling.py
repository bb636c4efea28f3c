"""Autoscaling: what is asked for, what is there, and what there is to do."""

from typing import Any, Final

from dashboards.panels import OWN, RECORDED, Query, Row, dashboard, graph

HPA: Final = 'namespace="$namespace",horizontalpodautoscaler=~"$release-.+"'
NAME: Final = "{{horizontalpodautoscaler}}"


def _of(what: str) -> str:
    return f"max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_{what}{{{HPA}}})"


def autoscaling() -> dict[str, Any]:
    return dashboard(
        "clipforge-autoscaling",
        "ClipForge / Autoscaling",
        (
            Row(
                "Pods",
                (
                    graph(
                        "Wanted",
                        "What each autoscaler asks for.",
                        "short",
                        Query(_of("status_desired_replicas"), NAME),
                    ),
                    graph(
                        "There",
                        "What there is.",
                        "short",
                        Query(_of("status_current_replicas"), NAME),
                    ),
                    graph(
                        "Wanted over most",
                        "At 1 an autoscaler has no room left: raise maxReplicas, or look why.",
                        "percentunit",
                        Query(
                            f"{_of('status_desired_replicas')} / {_of('spec_max_replicas')}", NAME
                        ),
                        limit=1,
                    ),
                ),
            ),
            Row(
                "Work",
                (
                    graph(
                        "Outstanding over slots",
                        "Above 1 something waits, and the autoscaler adds pods.",
                        "percentunit",
                        Query(
                            f"max by (stage) (clipforge_stage_outstanding{{{OWN}}})"
                            f" / sum by (stage) (clipforge_slots{{{OWN}}})",
                            "{{stage}}",
                        ),
                        limit=1,
                    ),
                    graph(
                        "The recorded series",
                        "What the metrics adapter and KEDA read. No line: autoscalers are blind.",
                        "short",
                        Query(f"clipforge:stage_outstanding:sum{{{RECORDED}}}", "{{stage}}"),
                    ),
                    graph(
                        "Handed back",
                        "Deliveries that stopping pods gave to others, an hour.",
                        "short",
                        Query(
                            "sum by (stage) (rate(clipforge_deliveries_total"
                            f'{{{OWN},outcome="handed-back"}}[$__rate_interval])) * 3600',
                            "{{stage}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Which pod goes",
                (
                    graph(
                        "Deletion cost told",
                        "Times that workers told Kubernetes whether they are busy, an hour.",
                        "short",
                        Query(
                            "sum by (app_kubernetes_io_component, outcome) (rate("
                            f"clipforge_deletion_cost_total{{{OWN}}}[$__rate_interval])) * 3600",
                            "{{app_kubernetes_io_component}} {{outcome}}",
                        ),
                    ),
                    graph(
                        "Autoscalers without a metric",
                        "1: it cannot read what it scales on.",
                        "short",
                        Query(
                            "max by (horizontalpodautoscaler) ("
                            f"kube_horizontalpodautoscaler_status_condition{{{HPA},"
                            'condition="ScalingActive",status="false"})',
                            NAME,
                        ),
                        limit=1,
                    ),
                ),
            ),
        ),
    )
