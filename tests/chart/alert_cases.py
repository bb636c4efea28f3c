"""What each alert is shown: figures that it fires on, and figures that it keeps quiet about.

Values are promtool's: `a+bxn` is a, then n more, each larger by b, one a step.
"""

from dataclasses import dataclass
from typing import Final

Figures = dict[str, str]
HERE: Final = {"namespace": "clips", "app_kubernetes_io_instance": "clips"}


@dataclass(frozen=True)
class Case:
    """Looked at after so many minutes: it fires, or it does not."""

    fires: Figures
    quiet: Figures
    minutes: int = 30
    step: int = 1  # minutes between two figures, and between two looks


def series(name: str, **labels: str) -> str:
    """As PromQL writes a series."""
    matchers = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{matchers}}}"


def own(name: str, component: str = "gateway", **labels: str) -> str:
    """A series of one of our pods."""
    where = {"app_kubernetes_io_component": component, "pod": f"clips-clipforge-{component}-a"}
    return series(f"clipforge_{name}", **HERE, **where, **labels)


def pod(name: str, component: str = "export", **labels: str) -> str:
    """What Kubernetes tells of one of our pods."""
    where = {"pod": f"clips-clipforge-{component}-a", "container": component}
    return series(name, namespace="clips", **where, **labels)


def hpa(name: str, **labels: str) -> str:
    """What Kubernetes tells of one of our autoscalers."""
    return series(
        f"kube_horizontalpodautoscaler_{name}",
        namespace="clips",
        horizontalpodautoscaler="clips-clipforge-export",
        **labels,
    )


def shed(why: str, a_minute: float) -> Figures:
    """So many of 100 requests a minute are sent away."""
    return {own("shed_total", why=why): f"0+{a_minute}x60", **requests(100 - a_minute, a_minute)}


def replica_reads(fresh: int, behind: int) -> Figures:
    """So many of each a minute."""
    return {
        own("replica_reads_total", outcome="fresh"): f"0+{fresh}x60",
        own("replica_reads_total", outcome="behind"): f"0+{behind}x60",
    }


def up(component: str) -> str:
    where = {"app_kubernetes_io_component": component, "pod": f"clips-clipforge-{component}-a"}
    return series("up", **HERE, **where)


def cpu(component: str, cores: float) -> Figures:
    """A pod that asked for one core and uses so many."""
    return {
        pod("container_cpu_usage_seconds_total", component): f"0+{60 * cores}x60",
        pod("kube_pod_container_resource_requests", component, resource="cpu"): "1x60",
    }


def memory(share: float) -> Figures:
    return {
        pod("container_memory_working_set_bytes"): f"{1000 * share}x60",
        pod("kube_pod_container_resource_limits", resource="memory"): "1000x60",
    }


def settled(good: float, bad: float) -> Figures:
    """Deliveries that a stage completes, and gives up, a minute."""
    of = {"component": "export", "stage": "export"}
    return {
        own("deliveries_total", outcome="completed", **of): f"0+{good}x60",
        own("deliveries_total", outcome="failed", **of): f"0+{bad}x60",
    }


def tried(completed: float, again: float) -> Figures:
    """Deliveries that a stage completes, and puts off for another try, a minute."""
    of = {"component": "import", "stage": "import"}
    return {
        own("deliveries_total", outcome="completed", **of): f"0+{completed}x60",
        own("deliveries_total", outcome="retried", **of): f"0+{again}x60",
    }


def took(seconds: float) -> Figures:
    """Deliveries of a stage that take so long, three a minute."""
    of = {"component": "export", "stage": "export", "outcome": "completed"}
    return {
        own("stage_seconds_sum", **of): f"0+{3 * seconds}x60",
        own("stage_seconds_count", **of): "0+3x60",
    }


def posted(delivered: int, refused: int) -> Figures:
    """Webhooks that endpoints accept a minute, and that they do not."""
    return {
        own("webhook_seconds_count", "webhooks", outcome="delivered"): f"0+{delivered}x60",
        own("webhook_seconds_count", "webhooks", outcome="timeout"): f"0+{refused}x60",
    }


def answered(share_within: dict[str, float]) -> Figures:
    """A hundred requests a minute, of which so many are answered within each limit."""
    return {
        own("http_request_seconds_bucket", le=limit, route="/v1/projects"): f"0+{100 * share}x60"
        for limit, share in {**share_within, "+Inf": 1.0}.items()
    }


def lag(share_within: dict[str, float]) -> Figures:
    return {
        own("event_loop_lag_seconds_bucket", le=limit): f"0+{120 * share}x60"
        for limit, share in {**share_within, "+Inf": 1.0}.items()
    }


def requests(good: float, bad: float, steps: int = 200) -> Figures:
    """Requests a minute that go well, and that end in an error of ours."""
    return {
        own("http_requests_total", status="200"): f"0+{good}x{steps}",
        own("http_requests_total", status="503"): f"0+{bad}x{steps}",
    }


def projects(ready: float, failed: float, steps: int = 200) -> Figures:
    of = {"component": "projector", "plan": "pro"}
    return {
        own("projects_total", outcome="ready", **of): f"0+{ready}x{steps}",
        own("projects_total", outcome="failed", **of): f"0+{failed}x{steps}",
    }


def waiting(jobs: int, running: int) -> Figures:
    of = {"component": "projector", "queue": "video-export"}
    return {
        own("queue_jobs", state="waiting", **of): f"{jobs}x60",
        own("queue_jobs", state="active", **of): f"{running}x60",
    }


def oldest(seconds: int) -> Figures:
    return {own("queue_oldest_seconds", "projector", queue="video-export"): f"{seconds}x60"}


def blind(seconds: int) -> Figures:
    return {own("projector_behind_seconds", "projector"): f"{seconds}x60"}


DAY: Final = 24 * 60  # minutes
QUICK: Final = {"0.1": 0.97, "0.2": 0.99, "0.3": 1.0, "5": 1.0, "10": 1.0}

CASES: Final = {
    "ClipForgeMemoryHigh": Case(memory(0.9), memory(0.8)),
    "ClipForgeCpuHigh": Case(cpu("gateway", 0.95), cpu("gateway", 0.85)),
    "ClipForgeWorkerCpuHigh": Case(cpu("export", 0.85), cpu("export", 0.75)),
    "ClipForgePodRestarts": Case(
        {pod("kube_pod_container_status_restarts_total"): "0x15 1+1x45"},
        {pod("kube_pod_container_status_restarts_total"): "0x15 1x45"},
    ),
    "ClipForgeScrapeMissing": Case(
        {up("gateway"): "1x60", up("export"): "1x60"},  # and none of a projector
        {up("gateway"): "1x60", up("projector"): "1x60"},
    ),
    "ClipForgeEventLoopBlocked": Case(
        lag({"0.01": 0.9, "0.5": 0.95, "1": 1.0}), lag({"0.01": 0.99, "0.5": 1.0, "1": 1.0})
    ),
    "ClipForgeDatabaseConnectionsHigh": Case(
        {own("database_connections_in_use"): "16x60"},
        {own("database_connections_in_use"): "15x60"},
    ),
    "ClipForgeClocksDiffer": Case(
        {own("clock_skew_seconds", "export"): "-1.5x60"},
        {own("clock_skew_seconds", "export"): "0.5x60"},
    ),
    "ClipForgeBacklog": Case(waiting(21, 2), waiting(20, 2)),
    "ClipForgeBacklogLarge": Case(waiting(101, 2), waiting(100, 2)),
    "ClipForgeBacklogOld": Case(oldest(601), oldest(599)),
    "ClipForgeWorkExpires": Case(oldest(5 * 86400 + 1), oldest(4 * 86400)),
    "ClipForgeQueueStuck": Case(waiting(1, 0), waiting(50, 1)),
    "ClipForgeQueueUnknown": Case(
        {own("queue_unknown", "projector", queue="video-export"): "1x60"},
        {own("queue_unknown", "projector", queue="video-export"): "0x60"},
    ),
    "ClipForgeDeadLetters": Case(settled(0, 1), settled(100, 0.2)),
    "ClipForgeFailureRate": Case(settled(9, 1), settled(99, 1)),
    "ClipForgeRetriesMany": Case(tried(6, 4), tried(8, 2)),
    "ClipForgeJobsSlow": Case(took(310), took(290)),
    "ClipForgeWebhooksFail": Case(posted(1, 19), posted(3, 17), minutes=50),
    "ClipForgeApiSlow": Case(answered({**QUICK, "0.2": 0.9, "0.1": 0.5}), answered(QUICK)),
    "ClipForgeApiVerySlow": Case(
        answered({"0.2": 0.5, "5": 0.9, "10": 1.0}), answered({"0.2": 0.5, "5": 0.99, "10": 1.0})
    ),
    "ClipForgeReplicaBehind": Case(replica_reads(5, 5), replica_reads(8, 2)),
    "ClipForgeRequestsShed": Case(
        shed("lag", 2), shed("number", 0.5) | {own("shed_total", why="stream"): "0+50x60"}
    ),
    "ClipForgeLimitsCountedAlone": Case(
        {own("rate_counted_alone_total"): "0+1x60"},
        {own("rate_counted_alone_total"): "0x30 9x30"},  # the log had a new leader
    ),
    "ClipForgeNewWorkRefused": Case(
        {own("refused_total", reason="store"): "0+1x60"},
        {own("refused_total", reason="backlog"): "0+9x60"},
    ),
    "ClipForgeLogNearlyFull": Case(
        {own("log_used_share", "projector"): "0.71x60"},
        {own("log_used_share", "projector"): "0.69x60"},
    ),
    "ClipForgeLogUnbounded": Case(
        {own("log_quota_bytes", "projector"): "0x60"},
        {own("log_quota_bytes", "projector"): "1e9x60"},
    ),
    "ClipForgeNoProjectorActive": Case(
        {own("projector_active", "projector"): "0x60"},
        {own("projector_active", "projector"): "1x60"},
    ),
    "ClipForgeProjectorBehind": Case(blind(61), blind(59)),
    "ClipForgeFactsUnapplied": Case(
        {own("facts_unapplied_total", "projector", fact="clip-exported"): "_x80 1x40"},
        {own("facts_unapplied_total", "projector", fact="clip-exported"): "3x120"},
        minutes=90,
    ),
    "ClipForgeJobsRestated": Case(
        {own("jobs_restated_total", "projector", what="given-up"): "_x80 1x40"},
        {own("jobs_restated_total", "projector", what="given-up"): "3x120"},
        minutes=90,
    ),
    "ClipForgeAutoscalerBlind": Case(
        {hpa("status_condition", condition="ScalingActive", status="false"): "1x60"},
        {hpa("status_condition", condition="ScalingActive", status="false"): "0x60"},
    ),
    "ClipForgeAutoscalerAtMax": Case(
        {hpa("status_desired_replicas"): "60x60", hpa("spec_max_replicas"): "60x60"},
        {hpa("status_desired_replicas"): "59x60", hpa("spec_max_replicas"): "60x60"},
        minutes=45,
    ),
    "ClipForgeAvailabilityBurnsFast": Case(requests(98, 2), requests(999, 1), minutes=70),
    "ClipForgeAvailabilityBurnsSlow": Case(
        requests(995, 5), requests(9995, 5), minutes=DAY + 60, step=10
    ),
    "ClipForgeSuccessBurnsFast": Case(projects(2, 8), projects(8, 2), minutes=70),
    "ClipForgeSuccessBurnsSlow": Case(projects(80, 20), projects(96, 4), minutes=DAY + 60, step=10),
}

# Each of the two ways in which an error budget burns fast, or slowly, alone; and what has ended.
# After the case: how many fire at its end.
MORE: Final[tuple[tuple[str, str, Figures, int, int | None], ...]] = (
    ("ClipForgeAvailabilityBurnsFast", "2 % for an hour", requests(98, 2), 70, 1),
    ("ClipForgeAvailabilityBurnsFast", "0.8 % for six", requests(992, 8, 500), 400, 1),
    ("ClipForgeAvailabilityBurnsFast", "0.5 %", requests(995, 5, 500), 400, None),
    (
        "ClipForgeAvailabilityBurnsFast",
        "2 % that ended an hour ago",
        {
            own("http_requests_total", status="200"): "0+98x30 3038+100x100",
            own("http_requests_total", status="503"): "0+2x30 60x100",
        },
        120,
        None,
    ),
    ("ClipForgeAvailabilityBurnsSlow", "0.4 % for a day", requests(996, 4, 1600), 1500, 1),
    ("ClipForgeAvailabilityBurnsSlow", "0.2 % for days", requests(998, 2, 1600), 1500, 1),
    ("ClipForgeAvailabilityBurnsSlow", "0.09 %", requests(9991, 9, 1600), 1500, None),
    ("ClipForgeSuccessBurnsFast", "80 % for an hour", projects(2, 8), 70, 1),
    ("ClipForgeSuccessBurnsFast", "40 % for six", projects(6, 4, 500), 400, 1),
    ("ClipForgeSuccessBurnsSlow", "20 % for a day", projects(8, 2, 1600), 1500, 1),
    ("ClipForgeSuccessBurnsSlow", "10 % for days", projects(9, 1, 1600), 1500, 1),
    (
        "ClipForgeScrapeMissing",
        "one pod does not answer",
        {up("gateway"): "1x60", up("projector"): "1x60", up("export"): "0x60"},
        30,
        1,
    ),
    (
        "ClipForgeScrapeMissing",
        "no gateway",
        {up("projector"): "1x60", up("export"): "1x60"},
        30,
        1,
    ),
    ("ClipForgeScrapeMissing", "nothing at all", {}, 30, 2),
    (
        "ClipForgeScrapeMissing",
        "it was away for four minutes",
        {up("gateway"): "1x10 0x3 1x46", up("projector"): "1x60"},
        15,
        None,
    ),
)
