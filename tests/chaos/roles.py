"""The parts that a forked process may play: a service of the product, or its installer."""

import asyncio
import os
import resource
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Final

from chaos.effects import Effects
from chaos.handlers import Handlers
from clipforge_contracts.pipeline import (
    BY_STAGE,
    MAINTENANCE,
    PIPELINE,
    WEBHOOKS,
    Attempts,
    Stage,
)
from clipforge_contracts.plans import Plan
from clipforge_gateway import __main__ as gateway
from clipforge_gateway.settings import Settings as GatewaySettings
from clipforge_maintenance.handler import remove_objects
from clipforge_projector import __main__ as projector
from clipforge_projector import reconciler
from clipforge_projector.settings import Settings as ProjectorSettings
from clipforge_runtime import declare as installer
from clipforge_runtime import scratch, worker
from clipforge_runtime.jetstream import declare, holding, log, progress, publishing
from clipforge_runtime.main import run_stage
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings, load
from clipforge_runtime.worker import Handler
from clipforge_webhooks import __main__ as webhooks
from clipforge_webhooks.settings import Settings as WebhooksSettings

# The product's clocks, ten times as fast: a round must not last for minutes.
LEASE: Final = timedelta(seconds=3)
# In the product minutes; here as much as a request to the store takes where others starve us: with
# 4 s an attempt was given up on a busy machine though nothing was wrong with it.
STALL: Final = timedelta(seconds=15)
RUN_KEY_SECONDS: Final = 5  # one and a half leases, as in the product
RECONCILE_SECONDS: Final = 6.0
OVERDUE: Final = timedelta(seconds=6)
RECONCILE_GRACE: Final = timedelta(seconds=30)
MEMORY_BYTES: Final = 4 * 1024**3  # of addresses, most of them never touched
SLOTS: Final = 4
AGAIN: Final = timedelta(seconds=0.5)
CALLS: Final = 120  # of an endpoint: for longer than any fault of it lasts


def play(role: str) -> None:
    """Be this process until asked to stop."""
    hurry()
    match role:
        case "installer":
            asyncio.run(installer.main(load(RuntimeSettings)))
        case "gateway":
            asyncio.run(gateway.main(load(GatewaySettings)))
        case "projector":
            asyncio.run(projector.run(load(ProjectorSettings)))
        case "maintenance":
            settings = load(RuntimeSettings)
            remove = partial(remove_objects, store=S3Store(settings), progress=report)
            run_stage(_hurried(MAINTENANCE), remove, settings, concurrency=1)
        case "webhooks":
            asyncio.run(webhooks.run(load(WebhooksSettings)))
        case _:
            _work(_hurried(BY_STAGE[role]))


def hurry() -> None:
    """Shorten the clocks of this process."""
    for module, name, value in (
        (declare, "PIPELINE", tuple(_hurried(stage) for stage in PIPELINE)),
        (progress, "EXPIRES_SECONDS", RUN_KEY_SECONDS),
        (reconciler, "EVERY_SECONDS", RECONCILE_SECONDS),
        (reconciler, "GRACE", RECONCILE_GRACE),
        (holding, "OVERDUE", OVERDUE),
        (webhooks, "WEBHOOKS", _impatient(WEBHOOKS)),
    ):
        assert hasattr(module, name), f"{module.__name__} has no {name} any more"
        setattr(module, name, value)


def _jumping(file: Path) -> type[datetime]:
    """A clock that is off by as many seconds as a file says, while there is one."""

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            try:
                off = float(file.read_text() or 0)
            except FileNotFoundError:
                off = 0.0
            return datetime.now(tz) + timedelta(seconds=off)

    return Jumping


def _hurried(stage: Stage) -> Stage:
    return replace(stage, lease=LEASE, stall=STALL)


def _impatient(stage: Stage) -> Stage:
    """In the product minutes and hours lie between two calls of an endpoint."""
    often = Attempts(limit=CALLS, first=AGAIN, waits=(AGAIN,) * (CALLS - 1))
    return replace(_hurried(stage), attempts=dict.fromkeys(Plan, often))


def _work(stage: Stage) -> None:
    settings = load(RuntimeSettings)
    effects = Path(os.environ["CHAOS_EFFECTS"])
    scratch.sweep(settings.scratch_dir, stage.name)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for module in (worker, publishing, log):
        assert hasattr(module, "datetime"), f"{module.__name__} reads the time elsewhere now"
        setattr(module, "datetime", _jumping(effects / f"clock-{os.environ['CHAOS_NAME']}"))  # noqa: B010
    handlers = Handlers(
        store=S3Store(settings),
        effects=Effects(effects, os.environ["CHAOS_NAME"]),
        scratch=settings.scratch_dir,
        lease=LEASE.total_seconds(),
        stage=stage,
    )
    every: dict[str, Handler] = {
        "import": handlers.import_video,
        "transcription": handlers.transcribe,
        "clip-detection": handlers.detect_clips,
        "export": handlers.export_clip,
    }
    run_stage(stage, every[stage.name], settings, concurrency=SLOTS)
