"""What cannot work is refused before the cluster hears of it, in words that say what to do."""

import re
from typing import Any

import pytest

from chart.scenarios import MINIMAL, needs_helm
from render import chart

pytestmark = needs_helm()

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no log": ({"nats": {"url": ""}}, "nats.url is empty: name the log"),
    "a user in the address": ({"nats": {"url": "nats://me:pw@nats:4222"}}, "nats.url holds a user"),
    "no users": ({"nats": {"existingSecret": ""}}, "nats.existingSecret is empty: name a Secret"),
    "no tables": ({"postgres": {"existingSecret": ""}}, 'whose key "url" holds postgresql://'),
    "no store": ({"s3": {"endpoint": ""}}, "s3.endpoint is empty: name the object store"),
    "no keys": ({"s3": {"existingSecret": ""}}, "s3.existingSecret is empty"),
    "no host": ({"ingress": {"enabled": True}}, "ingress.hosts is empty: name at least one host"),
    "links inside": (
        {"ingress": {"enabled": True, "hosts": ["x.example.com"]}},
        "s3.publicEndpoint is empty, so links that leave the cluster",
    ),
    "no parent": ({"httpRoute": {"enabled": True}}, "httpRoute.parentRefs is empty"),
    "no gateway behind": (
        {"components": {"gateway": {"enabled": False}}, "ingress": {"enabled": True}},
        "set components.gateway.enabled=true",
    ),
    "a secret in the open": (
        {"settings": {"CLIPFORGE_DATABASE_URL": "postgresql://x"}},
        "settings.CLIPFORGE_DATABASE_URL is a secret",
    ),
    "a setting of the chart": (
        {"components": {"export": {"settings": {"CLIPFORGE_GRACE_SECONDS": 5}}}},
        "components.export.settings.CLIPFORGE_GRACE_SECONDS belongs to the chart",
    ),
    "no version": ({"image": {"tag": "latest"}}, "has the tag latest"),
    "no time to end": (
        {"components": {"import": {"terminationGracePeriodSeconds": 12}}},
        "leaves 2 s for work in hand (without preStopSleepSeconds and drainMarginSeconds): "
        "raise it by 3 or more",
    ),
    "more scratch than disk": (
        {"components": {"export": {"scratch": {"size": "1Ti"}}}},
        "components.export.scratch.size (1Ti) is above its limit of ephemeral-storage (10Gi)",
    ),
    "a backup that goes nowhere": (
        {"components": {"backup": {"enabled": True}}},
        "components.backup has nowhere to leave what it makes: set "
        "components.backup.existingClaim to a PersistentVolumeClaim",
    ),
    "no queue to count": (
        {"components": {"gateway": {"autoscaling": {"mode": "external"}}}},
        "gateway has no queue to count: set it to cpu or none",
    ),
    "replicas beside an autoscaler": (
        {"components": {"export": {"replicas": 3}}},
        "components.export.replicas is set beside an autoscaler",
    ),
    "more at least than at most": (
        {"components": {"export": {"autoscaling": {"minReplicas": 5, "maxReplicas": 2}}}},
        "components.export.autoscaling.minReplicas (5) is above maxReplicas (2)",
    ),
    "keda without prometheus": (
        {"autoscaling": {"mode": "keda"}},
        "set autoscaling.keda.prometheusAddress",
    ),
    "cpu of nothing": (
        {
            "components": {
                "export": {
                    "autoscaling": {"mode": "cpu"},
                    "resources": {"requests": {"cpu": None}},
                }
            }
        },
        "set components.export.resources.requests.cpu",
    ),
    "cpu from nothing": (
        {"components": {"export": {"autoscaling": {"mode": "cpu", "minReplicas": 0}}}},
        "no pod has no CPU to measure",
    ),
}
MISTYPED: dict[str, dict[str, Any]] = {
    "a value": {"natz": {}},
    "a value of a component": {"components": {"export": {"replica": 1}}},
    "a mode": {"autoscaling": {"mode": "queue"}},
    "a size": {"components": {"export": {"scratch": {"size": "5 GB"}}}},
    "a setting": {"settings": {"LOG_LEVEL": "INFO"}},
    "a kind": {"components": {"export": {"kind": "daemon"}}},
}


@pytest.mark.parametrize("case", REFUSED)
def test_values_that_cannot_work_are_refused_in_words(case: str) -> None:
    values, words = REFUSED[case]

    with pytest.raises(chart.HelmFailed) as refused:
        chart.template(MINIMAL, values=values)

    assert words in str(refused.value)


def test_no_secret_may_stand_among_the_settings() -> None:
    page = (chart.ROOT / "docs/settings.md").read_text()
    secrets = re.findall(r"^\| `(CLIPFORGE_\w+)` .*\*\*secret\*\* \|$", page, re.MULTILINE)

    with pytest.raises(chart.HelmFailed) as refused:
        chart.template(MINIMAL, values={"settings": dict.fromkeys(secrets, "x")})

    assert secrets
    for name in secrets:
        assert f"settings.{name} is a secret" in str(refused.value)


@pytest.mark.parametrize("case", MISTYPED)
def test_a_mistyped_value_is_refused_by_the_schema(case: str) -> None:
    with pytest.raises(chart.HelmFailed, match="meet the specifications of the schema"):
        chart.template(MINIMAL, values=MISTYPED[case])


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(chart.HelmFailed) as refused:
        chart.template()

    assert str(refused.value).count("\n- ") == 6


def test_scaling_to_zero_is_refused_where_the_cluster_cannot() -> None:
    values = {"components": {"export": {"autoscaling": {"minReplicas": 0}}}}

    with pytest.raises(chart.HelmFailed, match=r"from Kubernetes 1\.37 on"):
        chart.template(MINIMAL, values=values, kubernetes="1.36.0")

    assert chart.template(MINIMAL, values=values, kubernetes="1.37.0")


def test_a_parent_chart_may_share_what_it_likes() -> None:
    assert chart.template(MINIMAL, values={"global": {"anything": [1, 2]}})
