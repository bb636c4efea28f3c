"""The parts that a forked process may play: a service of the product, or its installer."""

import asyncio
import os
import resource
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from types import SimpleNamespace
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
from clipforge_projector import due, reconciler
from clipforge_projector.settings import Settings as ProjectorSettings
from clipforge_runtime import declare as installer
from clipforge_runtime import limits, scratch
from clipforge_runtime.jetstream import declare, holding, progress
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
DUE_SECONDS: Final = 3.0  # between two looks at what is to be removed
DEFERRED: Final = timedelta(seconds=0.5)  # at first, what is over its tenant's limit
CALLS: Final = 120  # of an endpoint: for longer than any fault of it lasts


def play(role: str) -> None:
    """Be this process until asked to stop."""
    hurry()
    jump(Path(os.environ["CHAOS_EFFECTS"]) / f"clock-{os.environ['CHAOS_NAME']}")
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
        (due, "EVERY_SECONDS", DUE_SECONDS),
        (limits, "FIRST", DEFERRED),
        (limits, "CAP", 16 * DEFERRED),
        (webhooks, "WEBHOOKS", _impatient(WEBHOOKS)),
    ):
        assert hasattr(module, name), f"{module.__name__} has no {name} any more"
        setattr(module, name, value)


def jump(file: Path) -> None:
    """Have all of our modules see a clock that is off by as many seconds as a file says."""

    def off() -> float:
        try:
            return float(file.read_text() or 0)
        except FileNotFoundError:
            return 0.0

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=off())

    clock = SimpleNamespace(**{**vars(time), "time": lambda: time.time() + off()})
    ours = [module for name, module in sys.modules.items() if name.startswith("clipforge_")]
    for name, real, jumping in (("datetime", datetime, Jumping), ("time", time, clock)):
        seen = [module for module in ours if vars(module).get(name) is real]
        assert seen, f"nobody reads {name} any more"
        for module in seen:
            setattr(module, name, jumping)


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
