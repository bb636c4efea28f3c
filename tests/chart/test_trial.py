"""The servers of a trial and the chart's values for it speak of the same Secrets."""

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from chart.scenarios import containers, golden, needs_helm, pods
from render import chart

DEV = chart.ROOT / "k8s/dev"
PASSWORDS = (
    ("clipforge-postgres", "password"),
    ("clipforge-s3", "secret-key"),
    ("clipforge-webhooks", "keys"),
    ("clipforge-api-key", "api-key"),
)
KUBECTL = """#!/usr/bin/env bash
case "$1" in
  get) exit 1 ;;
  create) cat >"$MADE/$4" ;;
esac
"""


def secrets(folder: Path) -> dict[str, dict[str, str]]:
    """What k8s/dev/secrets makes, by name: the script runs, with a kubectl that writes it down."""
    program, made = folder / "bin/kubectl", folder / "made"
    program.parent.mkdir()
    made.mkdir()
    program.write_text(KUBECTL)
    program.chmod(0o755)
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "MADE": str(made)}
    subprocess.run([DEV / "secrets"], env=environment, check=True, timeout=60)
    return {
        file.name: dict(line.split("=", 1) for line in file.read_text().splitlines())
        for file in made.iterdir()
    }


def asked(objects: Any) -> set[tuple[str, str]]:
    """Name and key of every Secret that pods name."""
    found = set()
    for pod in pods(objects).values():
        for container in containers(pod):
            for one in container.get("env", []):
                if reference := one.get("valueFrom", {}).get("secretKeyRef"):
                    found.add((reference["name"], reference["key"]))
        for volume in pod.get("volumes", []):
            for item in volume.get("secret", {}).get("items", []):
                found.add((volume["secret"]["secretName"], item["key"]))
    return found


@needs_helm()
def test_every_secret_that_is_asked_for_is_made(tmp_path: Path) -> None:
    servers = [
        one
        for file in DEV.glob("*.yaml")
        for one in yaml.safe_load_all(file.read_text())
        if one["kind"] == "StatefulSet"
    ]

    wanted = asked(golden("dev")) | asked(servers)
    made = secrets(tmp_path)

    assert wanted
    assert wanted <= {(name, key) for name, keys in made.items() for key in keys}


def test_every_password_is_another_one(tmp_path: Path) -> None:
    made = secrets(tmp_path)

    passwords = [*made["clipforge-nats"].values(), *(made[name][key] for name, key in PASSWORDS)]

    assert len(set(passwords)) == len(passwords) > len(PASSWORDS)
    assert min(map(len, passwords)) > 40
