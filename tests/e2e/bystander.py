"""A pod beside the product's own: restricted, and waiting for commands."""

import os
from collections.abc import Mapping
from typing import Any, Final

from e2e.shell import apply, kubectl

FILES: Final = "/files/e2e"
WAIT: Final = "import signal; signal.sigwait({signal.SIGTERM})"


def stand_by(
    namespace: str,
    name: str,
    image: str,
    *,
    env: Mapping[str, str],
    secrets: Mapping[str, tuple[str, str]],
    files: Mapping[str, str] | None = None,
    first: str = "",
) -> None:
    """Start it, and wait until it is ready.

    `first` is a program that goes on beside the waiting. `secrets`: variables by name and key of a
    Secret; `files` are modules of a package `e2e` there, by their names.
    """
    metadata = {"name": name}
    apply(
        namespace,
        {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": files or {}},
    )
    env = {**env, "PYTHONPATH": f"{FILES}/..:{FILES}"}
    variables: list[dict[str, Any]] = [{"name": key, "value": value} for key, value in env.items()]
    for variable, (secret, key) in secrets.items():
        source = {"secretKeyRef": {"name": secret, "key": key}}
        variables.append({"name": variable, "valueFrom": source})
    container = {
        "name": name,
        "image": image,
        "imagePullPolicy": os.environ.get("PULL_POLICY", "IfNotPresent"),
        "command": ["python", "-c", first + WAIT],
        "env": variables,
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "files", "mountPath": FILES}],
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "files", "configMap": {"name": name}}],
    }
    apply(namespace, {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec})
    kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=120s", namespace=namespace)
