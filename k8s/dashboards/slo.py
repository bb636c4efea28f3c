"""The two promises, what is left of their budgets, and how fast these burn."""

from typing import Any, Final

from dashboards.panels import OWN, RECORDED, Query, Row, Setting, dashboard, figure, graph

WINDOWS: Final = ("5m", "1h", "6h", "3d")
PROMISES: Final = (
    (
        "Availability",
        "gateway_errors",
        "availability",
        "requests that end in an error of ours",
        f'sum(increase(clipforge_http_requests_total{{{OWN},status=~"5.."}}[30d])) or vector(0)',
        f"sum(increase(clipforge_http_requests_total{{{OWN}}}[30d]))",
    ),
    (
        "Success",
        "projects_failed",
        "success",
        "projects that fail",
        f'sum(increase(clipforge_projects_total{{{OWN},outcome="failed"}}[30d])) or vector(0)',
        f'sum(increase(clipforge_projects_total{{{OWN},outcome=~"ready|failed"}}[30d]))',
    ),
)


def slo() -> dict[str, Any]:
    return dashboard(
        "clipforge-slo",
        "ClipForge / SLO",
        [_promise(*promise) for promise in PROMISES],
        (
            Setting("availability", "Promised availability, %", "99.9"),
            Setting("success", "Promised success, %", "95"),
        ),
    )


def _promise(title: str, series: str, goal: str, bad: str, failed: str, all_: str) -> Row:
    budget = f"(1 - ${goal} / 100)"
    return Row(
        title,
        (
            figure(
                "In 30 days",
                f"All but {bad}.",
                "percentunit",
                f"1 - ({failed}) / {all_}",
            ),
            figure(
                "Budget left",
                f"Of the {bad} that a month allows. Below 0 the promise is broken.",
                "percentunit",
                f"1 - (({failed}) / {all_}) / {budget}",
                good=True,
                limit=0.25,
            ),
            graph(
                "Burn rate",
                "1 uses a month's budget in a month. Alerts: 14.4 over an hour, 6 over six.",
                "short",
                *(
                    Query(f"clipforge:{series}:ratio_rate{window}{{{RECORDED}}} / {budget}", window)
                    for window in WINDOWS
                ),
                limit=6,
            ),
        ),
    )
