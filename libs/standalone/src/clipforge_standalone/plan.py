"""Which processes a stack has, with which settings. Pure, but for the ports."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipforge_contracts.pipeline import PIPELINE, WEBHOOKS
from clipforge_contracts.plans import Plan
from clipforge_standalone.servers.ports import Ports


@dataclass(frozen=True)
class Addresses:
    """Where the servers are, embedded or not."""

    nats: Mapping[str, str]  # by user
    database: str
    s3_endpoint: str
    s3_access: str
    s3_secret: str
    s3_blobs: Path | None  # of the embedded store
    log_max_bytes: int = 0  # of the embedded log


@dataclass(frozen=True)
class Service:
    """One child process of ours."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    admin_port: int


def slots(cores: int) -> dict[str, int]:
    """Concurrency by stage: what computes shares the cores, what waits does not."""
    half = max(1, cores // 2)
    return {
        "import": 2,
        "transcription": half,
        "clip-detection": 1,
        "maintenance": 1,
        "export": max(1, cores - half),
        "webhooks": 10,
    }


# One tenant owns all of it: there is nobody to share with.
UNLIMITED: Final = {f"CLIPFORGE_RUNNING_LIMIT_{plan.name}": "0" for plan in Plan}


def services(
    folder: Path,
    addresses: Addresses,
    ports: Ports,
    *,
    api_key: str,
    webhooks_key: str,
    cores: int,
) -> list[Service]:
    """The gateway, the projector and one worker a stage."""
    signing = {"CLIPFORGE_WEBHOOKS_SECRET_KEYS": webhooks_key}
    first = {"CLIPFORGE_BOOTSTRAP_API_KEY": api_key}
    made = [
        _service("gateway", folder, addresses, ports, {**first, **signing}),
        _service("projector", folder, addresses, ports, {}),
    ]
    for stage in PIPELINE:
        name = stage.name.upper().replace("-", "_")
        at_once = {f"CLIPFORGE_{name}_CONCURRENCY": str(slots(cores)[stage.name])}
        more = {**at_once, **UNLIMITED, **(signing if stage is WEBHOOKS else {})}
        made.append(_service(stage.name, folder, addresses, ports, more))
    return made


def environment(folder: Path, addresses: Addresses, user: str) -> dict[str, str]:
    """The settings that every process of the stack shares, as one NATS user."""
    env = {
        "CLIPFORGE_NATS_URL": addresses.nats[user],
        "CLIPFORGE_S3_ENDPOINT": addresses.s3_endpoint,
        "CLIPFORGE_S3_ACCESS_KEY": addresses.s3_access,
        "CLIPFORGE_S3_SECRET_KEY": addresses.s3_secret,
        "CLIPFORGE_DATA_DIR": str(folder),
        "CLIPFORGE_SCRATCH_DIR": str(folder / "scratch"),
        "OMP_NUM_THREADS": "1",  # libraries that compute are given slots, not all cores each
    }
    if addresses.log_max_bytes:
        env["CLIPFORGE_LOG_MAX_BYTES"] = str(addresses.log_max_bytes)
    if addresses.s3_blobs is not None:
        env["CLIPFORGE_S3_SYNC_PATH"] = str(addresses.s3_blobs)
    return env


def _service(
    name: str, folder: Path, addresses: Addresses, ports: Ports, more: Mapping[str, str]
) -> Service:
    admin = ports.get(f"{name}-admin")
    # What the user has set wins over the defaults of the stack, but not over its addresses.
    env = {**more, **os.environ, **environment(folder, addresses, name)}
    env["CLIPFORGE_ADMIN_PORT"] = str(admin)
    if name in ("gateway", "projector"):
        env["CLIPFORGE_DATABASE_URL"] = addresses.database
    if name == "gateway":
        env["CLIPFORGE_PORT"] = os.environ.get("CLIPFORGE_PORT") or str(ports.get("gateway"))
        env["CLIPFORGE_BOOTSTRAP_API_KEY"] = more["CLIPFORGE_BOOTSTRAP_API_KEY"]
    module = f"clipforge_{name.replace('-', '_')}"
    return Service(name, (sys.executable, "-m", module), env, admin)
