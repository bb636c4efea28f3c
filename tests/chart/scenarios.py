"""Values that the chart is rendered with in tests: what people do, and what changes its shape."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from render import chart

MINIMAL = chart.VALUES / "minimal.yaml"
GOLDEN: dict[str, Path] = {name: chart.VALUES / f"{name}.yaml" for name in chart.SETS}
KEDA: dict[str, Any] = {
    "autoscaling": {"mode": "keda", "keda": {"prometheusAddress": "http://prometheus:9090"}}
}
BACKUP: dict[str, Any] = {
    "components": {"backup": {"enabled": True, "existingClaim": "log-backups"}}
}
EXTRA: dict[str, Any] = {
    "image": {"digest": f"sha256:{64 * 'a'}"},
    "extraEnv": [{"name": "EXTRA", "value": "1"}],
    "extraEnvFrom": [{"secretRef": {"name": "more"}}],
    "extraVolumes": [{"name": "models", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "models", "mountPath": "/models"}],
    "extraEgress": [{"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}], "ports": [{"port": 9000}]}],
    "extraIngress": [{"from": [{"ipBlock": {"cidr": "10.8.0.0/16"}}]}],
    "podLabels": {"team": "video"},
    "podAnnotations": {"note": "x"},
    "serviceAccountAnnotations": {"role": "clips"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "video", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
}
SHAPES: dict[str, dict[str, Any]] = {
    "keda": KEDA,
    "by cpu": {"autoscaling": {"mode": "cpu"}},
    "by hand": {"autoscaling": {"mode": "none"}, "components": {"export": {"replicas": 4}}},
    "hooks": {"migrations": {"mode": "hook"}},
    "no migrations": {"migrations": {"mode": "none"}},
    "scratch volumes": {"defaults": {"scratch": {"storageClassName": "fast"}}},
    "gateway api": {
        "s3": {
            "publicEndpoint": "https://media.example.com",
            "downloadEndpoint": "https://cdn.example.com:8443",
        },
        "httpRoute": {
            "enabled": True,
            "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "hostnames": ["clips.example.com"],
        },
    },
    "a stage alone": {
        "components": {
            name: {"enabled": False}
            for name in (
                "gateway",
                "projector",
                "import",
                "clip-detection",
                "export",
                "maintenance",
                "webhooks",
            )
        }
    },
    "a backup each night": BACKUP,
    "everything set": {
        **BACKUP,
        "image": {"pullSecrets": ["registry"]},
        "defaults": EXTRA,
        "test": {
            "existingSecret": "key-of-the-test",
            "nodeSelector": EXTRA["nodeSelector"],
            "tolerations": EXTRA["tolerations"],
        },
    },
    "scale to zero": {"kinds": {"worker": {"autoscaling": {"minReplicas": 0}}}},
    "tolerance": {
        "kinds": {"worker": {"autoscaling": {"behavior": {"scaleDown": {"tolerance": "0.05"}}}}}
    },
    "dashboards": {"observability": {"dashboards": {"enabled": True}}},
    "an object of their own": {
        "extraObjects": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "{{ .Release.Name }}-more"},
            }
        ]
    },
}


def needs_helm() -> pytest.MarkDecorator:
    """Without Helm there is nothing to render; `make setup` brings it where it is packed."""
    return pytest.mark.skipif(chart.helm() is None, reason="there is no helm: run `make setup`")


@cache
def golden(name: str) -> tuple[dict[str, Any], ...]:
    """The objects of one set of values in k8s/values."""
    return tuple(chart.objects(chart.template(GOLDEN[name])))


@cache
def shape(name: str) -> tuple[dict[str, Any], ...]:
    """The objects of the minimal values in one of the shapes."""
    return tuple(rendered(SHAPES[name]))


def rendered(values: dict[str, Any], kubernetes: str = chart.KUBERNETES) -> list[dict[str, Any]]:
    """The objects of the minimal values and these."""
    return chart.objects(chart.template(MINIMAL, values=values, kubernetes=kubernetes))


def of_kind(objects: Any, kind: str) -> dict[str, dict[str, Any]]:
    """The objects of a kind by their component, or their name where they have none."""
    return {
        one["metadata"]
        .get("labels", {})
        .get("app.kubernetes.io/component", one["metadata"]["name"]): one
        for one in objects
        if one["kind"] == kind
    }


def pods(objects: Any) -> dict[str, dict[str, Any]]:
    """Every pod's spec, by the object that makes it."""
    found = {}
    for one in objects:
        if one["kind"] in ("Deployment", "Job", "StatefulSet"):
            found[f"{one['kind']}/{one['metadata']['name']}"] = one["spec"]["template"]["spec"]
        elif one["kind"] == "CronJob":
            job = one["spec"]["jobTemplate"]["spec"]
            found[f"CronJob/{one['metadata']['name']}"] = job["template"]["spec"]
        elif one["kind"] == "Pod":
            found[f"Pod/{one['metadata']['name']}"] = one["spec"]
    return found


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]
