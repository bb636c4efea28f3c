"""The gateway: requests, errors and time by route, and what stands behind them."""

from typing import Any, Final

from dashboards.panels import OWN, Query, Row, dashboard, figure, graph

REQUESTS: Final = f"clipforge_http_requests_total{{{OWN}}}"
SECONDS: Final = f"clipforge_http_request_seconds_bucket{{{OWN}}}"


def gateway() -> dict[str, Any]:
    return dashboard(
        "clipforge-gateway", "ClipForge / Gateway", (_now(), _routes(), _before(), _behind())
    )


def _now() -> Row:
    return Row(
        "Now",
        (
            figure("Requests", "Answered, a second.", "reqps", f"sum(rate({REQUESTS}[5m]))"),
            figure(
                "Errors of ours",
                "Share of answers with a status of 500 or more.",
                "percentunit",
                f'(sum(rate(clipforge_http_requests_total{{{OWN},status=~"5.."}}[5m]))'
                " or vector(0))"
                f" / sum(rate({REQUESTS}[5m]))",
                good=False,
                limit=0.001,
            ),
            *(
                figure(
                    f"p{share * 100:g}",
                    "Within this time so many of 100 requests are answered.",
                    "s",
                    f"histogram_quantile({share}, sum by (le) (rate({SECONDS}[5m])))",
                    good=False,
                    limit=limit,
                )
                for share, limit in ((0.5, 0.1), (0.95, 0.2), (0.99, 0.5))
            ),
        ),
    )


def _routes() -> Row:
    return Row(
        "Routes",
        (
            graph(
                "Requests by status",
                "Answered, a second.",
                "reqps",
                Query(f"sum by (status) (rate({REQUESTS}[$__rate_interval]))", "{{status}}"),
            ),
            graph(
                "Slowest routes, p95",
                "The ten slowest; those that asked to wait are not counted.",
                "s",
                Query(
                    "topk(10, histogram_quantile(0.95, sum by (le, method, route) (rate("
                    f"{SECONDS}[10m]))))",
                    "{{method}} {{route}}",
                ),
                limit=0.2,
            ),
            graph(
                "Refused new work",
                "A minute, by reason.",
                "short",
                Query(
                    f"sum by (reason) (rate(clipforge_refused_total{{{OWN}}}[$__rate_interval]))"
                    " * 60",
                    "{{reason}}",
                ),
            ),
        ),
    )


def _before() -> Row:
    """What stands before the routes."""
    reads = f"clipforge_near_reads_total{{{OWN}}}"
    near = f'clipforge_near_reads_total{{{OWN},outcome=~"hit|joined"}}'
    return Row(
        "Before them",
        (
            graph(
                "Answered from near",
                "Share of looks into what a gateway has read lately that needed no reading, by "
                "what was looked for.",
                "percentunit",
                Query(
                    f"sum by (kind) (rate({near}[$__rate_interval]))"
                    f" / sum by (kind) (rate({reads}[$__rate_interval]))",
                    "{{kind}}",
                ),
            ),
            graph(
                "Sent away",
                "Requests a minute: over the limit of their plan; too many at once, or by a "
                "process that is too busy (lag, number).",
                "short",
                Query(
                    "sum by (kind, plan) (rate("
                    f"clipforge_rate_limited_total{{{OWN}}}[$__rate_interval])) * 60",
                    "limit: {{kind}}, {{plan}}",
                ),
                Query(
                    f"sum by (why) (rate(clipforge_shed_total{{{OWN}}}[$__rate_interval])) * 60",
                    "at once: {{why}}",
                ),
            ),
            graph(
                "Slow clients, and limits counted alone",
                "A minute: connections ended for their slowness, by what was slow; requests that "
                "a gateway counted for itself, as the shared counters did not answer.",
                "short",
                Query(
                    "sum by (what) (rate("
                    f"clipforge_slow_clients_total{{{OWN}}}[$__rate_interval])) * 60",
                    "slow: {{what}}",
                ),
                Query(
                    "sum by (pod) (rate("
                    f"clipforge_rate_counted_alone_total{{{OWN}}}[$__rate_interval])) * 60",
                    "counted alone: {{pod}}",
                ),
            ),
        ),
    )


def _behind() -> Row:
    return Row(
        "Behind them",
        (
            graph(
                "Event streams",
                "Clients that are sent events now.",
                "short",
                Query(f"sum by (pod) (clipforge_event_streams_open{{{OWN}}})", "{{pod}}"),
            ),
            graph(
                "Requests in hand",
                "Being answered now. From a bound on, more are refused at once.",
                "short",
                Query(f"sum by (pod) (clipforge_requests_in_hand{{{OWN}}})", "{{pod}}"),
            ),
            graph(
                "Database connections",
                "In use, of each process; it may hold 20.",
                "short",
                Query(f"max by (pod) (clipforge_database_connections_in_use{{{OWN}}})", "{{pod}}"),
                limit=15,
            ),
        ),
    )
