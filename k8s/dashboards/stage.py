"""One stage, or all: what comes in, how it ends, how long it takes, and what its pods use."""

from typing import Any, Final

from dashboards.panels import OWN, STAGE, Query, Row, dashboard, graph

MINE: Final = f'{OWN},stage=~"$stage"'
CONTAINERS: Final = 'namespace="$namespace",pod=~"$release-.+",container=~"$stage"'


def stage() -> dict[str, Any]:
    return dashboard("clipforge-stage", "ClipForge / Stage", (_work(), _queue(), _pods()), (STAGE,))


def _work() -> Row:
    return Row(
        "Work",
        (
            graph(
                "Deliveries settled",
                "A minute, by how they ended. `failed` are dead letters.",
                "short",
                Query(
                    f"sum by (stage, outcome) (rate(clipforge_deliveries_total{{{MINE}}}"
                    "[$__rate_interval])) * 60",
                    "{{stage}} {{outcome}}",
                ),
            ),
            graph(
                "Time of a delivery",
                "From its start to its settlement: the half, and 95 of 100, of completed ones.",
                "s",
                *(
                    Query(
                        f"histogram_quantile({share}, sum by (le, stage) (rate("
                        f'clipforge_stage_seconds_bucket{{{MINE},outcome="completed"}}[10m])))',
                        f"{{{{stage}}}} p{share * 100:g}",
                    )
                    for share in (0.5, 0.95)
                ),
            ),
            graph(
                "Failed for good",
                "Share of what was completed or failed.",
                "percentunit",
                Query(
                    f'sum by (stage) (rate(clipforge_deliveries_total{{{MINE},outcome="failed"}}'
                    "[30m])) / sum by (stage) (rate(clipforge_deliveries_total"
                    f'{{{MINE},outcome=~"completed|failed"}}[30m]))',
                    "{{stage}}",
                ),
                limit=0.05,
            ),
        ),
    )


def _queue() -> Row:
    return Row(
        "Queue",
        (
            graph(
                "Running and slots",
                "Deliveries in hand beside what all workers take at once.",
                "short",
                Query(
                    f"sum by (stage) (clipforge_deliveries_running{{{MINE}}})", "{{stage}} running"
                ),
                Query(f"sum by (stage) (clipforge_slots{{{MINE}}})", "{{stage}} slots"),
            ),
            graph(
                "Outstanding",
                "What waits or runs: what autoscalers go by.",
                "short",
                Query(f"max by (stage) (clipforge_stage_outstanding{{{MINE}}})", "{{stage}}"),
            ),
            graph(
                "Oldest waiting job",
                "Of each queue, whatever the stage chosen.",
                "s",
                Query(f"max by (queue) (clipforge_queue_oldest_seconds{{{OWN}}})", "{{queue}}"),
                limit=600,
            ),
            graph(
                "Webhooks",
                "Sent a second, by what came of it, whichever stage is chosen.",
                "short",
                Query(
                    "sum by (outcome) (rate(clipforge_webhook_seconds_count"
                    f"{{{OWN}}}[$__rate_interval]))",
                    "{{outcome}}",
                ),
            ),
            graph(
                "Load",
                "Running over slots, a minute's mean. Above 0.8 free work is deferred.",
                "percentunit",
                Query(f"max by (stage) (clipforge_stage_load{{{MINE}}})", "{{stage}}"),
                limit=0.8,
            ),
        ),
    )


def _pods() -> Row:
    return Row(
        "Pods",
        (
            graph(
                "CPU",
                "Over what was asked for: above 1 works only while the node has some to spare.",
                "percentunit",
                Query(
                    f"sum by (pod) (rate(container_cpu_usage_seconds_total{{{CONTAINERS}}}"
                    "[$__rate_interval])) / sum by (pod) (kube_pod_container_resource_requests"
                    f'{{{CONTAINERS},resource="cpu"}})',
                    "{{pod}}",
                ),
            ),
            graph(
                "Memory",
                "Over the limit. At 1 the kernel kills.",
                "percentunit",
                Query(
                    f"max by (pod) (container_memory_working_set_bytes{{{CONTAINERS}}}) / max by "
                    f'(pod) (kube_pod_container_resource_limits{{{CONTAINERS},resource="memory"}})',
                    "{{pod}}",
                ),
                limit=0.85,
            ),
            graph(
                "Event loop lag, p99",
                "How late the loop wakes what sleeps.",
                "s",
                Query(
                    "histogram_quantile(0.99, sum by (le, app_kubernetes_io_component) (rate("
                    f"clipforge_event_loop_lag_seconds_bucket{{{OWN}}}[$__rate_interval])))",
                    "{{app_kubernetes_io_component}}",
                ),
                limit=0.5,
            ),
            graph(
                "Restarts",
                "Of containers, in an hour.",
                "short",
                Query(
                    "sum by (container) (increase(kube_pod_container_status_restarts_total"
                    f"{{{CONTAINERS}}}[1h]))",
                    "{{container}}",
                ),
            ),
        ),
    )
