"""The overview: what the business asks, and whether anything needs a look."""

from typing import Any, Final

from dashboards.panels import OWN, PODS, Query, Row, Setting, dashboard, figure, graph

OVER: Final = f'clipforge_projects_total{{{OWN},outcome=~"ready|failed"}}'
READY: Final = f'clipforge_projects_total{{{OWN},outcome="ready"}}'
HOURS_A_MONTH: Final = 730
CORES: Final = f'sum(kube_pod_container_resource_requests{{{PODS},resource="cpu"}})'
GIBIBYTES: Final = (
    f'sum(kube_pod_container_resource_requests{{{PODS},resource="memory"}}) / {1024**3}'
)
COST: Final = f"(({CORES}) * $core_hour + ({GIBIBYTES}) * $gib_hour) * {HOURS_A_MONTH} + $fixed"
TENANTS: Final = f"max(clipforge_tenants_active{{{OWN}}})"


def overview() -> dict[str, Any]:
    return dashboard(
        "clipforge-overview",
        "ClipForge / Overview",
        (
            Row(
                "Business",
                (
                    figure(
                        "Videos an hour",
                        "Projects that became ready, an hour, over the last six.",
                        "short",
                        f"sum(rate({READY}[6h])) * 3600",
                    ),
                    figure(
                        "Mean processing time",
                        "From submission to ready, of the projects of the chosen time.",
                        "s",
                        f"sum(increase(clipforge_project_seconds_sum{{{OWN}}}[$__range]))"
                        f" / sum(increase(clipforge_project_seconds_count{{{OWN}}}[$__range]))",
                    ),
                    figure(
                        "Success rate",
                        "Ready projects of those that ended ready or failed, in the chosen time.",
                        "percentunit",
                        f"sum(increase({READY}[$__range])) / sum(increase({OVER}[$__range]))",
                        good=True,
                        limit=0.95,
                    ),
                    figure(
                        "Cost per user and month",
                        "What the pods asked for at the prices above, and the fixed costs "
                        "(servers, storage, traffic), over the active users.",
                        "currencyUSD",
                        f"({COST}) / {TENANTS}",
                        good=False,
                        limit=0.16,
                    ),
                    figure(
                        "Active users",
                        "Tenants that used anything in the last 30 days.",
                        "short",
                        TENANTS,
                    ),
                ),
            ),
            Row(
                "Flow",
                (
                    graph(
                        "Projects that ended",
                        "An hour, by how they ended.",
                        "short",
                        Query(
                            f"sum by (outcome) (rate(clipforge_projects_total{{{OWN}}}"
                            "[$__rate_interval])) * 3600",
                            "{{outcome}}",
                        ),
                    ),
                    graph(
                        "Exports that ended",
                        "An hour, by how they ended.",
                        "short",
                        Query(
                            f"sum by (outcome) (rate(clipforge_exports_total{{{OWN}}}"
                            "[$__rate_interval])) * 3600",
                            "{{outcome}}",
                        ),
                    ),
                    graph(
                        "Jobs in the queues",
                        "What waits, runs, and waits for its time, by queue.",
                        "short",
                        Query(
                            f"max by (queue, state) (clipforge_queue_jobs{{{OWN}}})",
                            "{{queue}} {{state}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Use",
                (
                    graph(
                        "Minutes of film an hour",
                        "Transcribed, and taken from the cache.",
                        "m",
                        Query(
                            f"sum by (cached) (rate(clipforge_source_seconds_total{{{OWN}}}"
                            "[$__rate_interval])) * 60",
                            "cached: {{cached}}",
                        ),
                    ),
                    graph(
                        "Minutes of clips an hour",
                        "Rendered, and taken from the cache.",
                        "m",
                        Query(
                            f"sum by (cached) (rate(clipforge_output_seconds_total{{{OWN}}}"
                            "[$__rate_interval])) * 60",
                            "cached: {{cached}}",
                        ),
                    ),
                    graph(
                        "Bytes of new films",
                        "A second, as they were imported.",
                        "Bps",
                        Query(
                            f"sum(rate(clipforge_source_bytes_total{{{OWN}}}[$__rate_interval]))",
                            "imported",
                        ),
                    ),
                ),
            ),
            Row(
                "Look here first",
                (
                    figure(
                        "API p95",
                        "The time within which 95 of 100 requests are answered.",
                        "s",
                        f"histogram_quantile(0.95, sum by (le) (rate("
                        f"clipforge_http_request_seconds_bucket{{{OWN}}}[5m])))",
                        good=False,
                        limit=0.2,
                    ),
                    figure(
                        "Oldest waiting job",
                        "In any queue.",
                        "s",
                        f"max(clipforge_queue_oldest_seconds{{{OWN}}})",
                        good=False,
                        limit=600,
                    ),
                    figure(
                        "Rows behind the log",
                        "Age of the oldest fact that is no row yet.",
                        "s",
                        f"max(clipforge_projector_behind_seconds{{{OWN}}})",
                        good=False,
                        limit=60,
                    ),
                    figure(
                        "Log used",
                        "From 70 % on new work is refused.",
                        "percentunit",
                        f"max(clipforge_log_used_share{{{OWN}}})",
                        good=False,
                        limit=0.7,
                    ),
                    figure(
                        "Alerts that fire",
                        "Of this release; the runbook of each says what to do.",
                        "short",
                        'count(ALERTS{alertstate="firing",namespace="$namespace",'
                        'release="$release"}) or vector(0)',
                        good=False,
                        limit=1,
                    ),
                ),
            ),
        ),
        (
            Setting("core_hour", "Price of a core and hour", "0.03"),
            Setting("gib_hour", "Price of a GiB of memory and hour", "0.004"),
            Setting("fixed", "Fixed costs a month", "60"),
        ),
    )
