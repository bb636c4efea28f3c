"""The composition root of a service: logs, traces, the admin port, and a clean end on SIGTERM."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from clipforge_contracts.pipeline import Stage
from clipforge_runtime import logs, sentry, telemetry
from clipforge_runtime.deletion_cost import told_cost
from clipforge_runtime.health import Check, Health, admin_server
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.limits import Limits
from clipforge_runtime.loop_lag import watched_loop
from clipforge_runtime.own_pod import OwnPod, own_pod
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.slots import Slots
from clipforge_runtime.worker import Handler, Worker

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """A running service."""

    stop: asyncio.Event  # set by SIGTERM and SIGINT
    admin_port: int
    health: Health

    def ready(self, name: str, check: Check) -> None:
        """The service is ready only while this check answers True."""
        self.health.ready(name, check)


@asynccontextmanager
async def service(name: str, settings: RuntimeSettings) -> AsyncGenerator[Service]:
    """What every process has around its own work."""
    logs.configure(name, settings.log_level)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    health = Health(loop)

    main = asyncio.current_task()

    def asked_to_stop() -> None:
        health.stopping = True
        stop.set()
        if not health.started and main is not None:
            main.cancel()  # it still waits for the log, say: nothing is in hand

    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, asked_to_stop)
    with ExitStack() as around:
        around.enter_context(telemetry.traces(name, settings.otlp_endpoint))
        if settings.sentry_dsn is not None:
            try:
                around.enter_context(sentry.errors(name, settings.sentry_dsn.get_secret_value()))
            except ValueError as error:
                sys.exit(f"CLIPFORGE_SENTRY_DSN: {error}")
        host, wanted = settings.admin_host, settings.admin_port
        try:
            port = around.enter_context(admin_server(health, host, wanted))
        except OSError as error:
            sys.exit(f"CLIPFORGE_ADMIN_PORT: cannot listen on {host}:{wanted}: {error.strerror}")
        try:
            async with watched_loop():
                yield Service(stop, port, health)
        except asyncio.CancelledError:
            if health.started or not stop.is_set():
                raise


def run_stage(
    stage: Stage, handler: Handler, settings: RuntimeSettings, *, concurrency: int
) -> None:
    """Run one stage of the pipeline until the process is asked to stop."""
    limits = Limits.of(settings)
    asyncio.run(work_stage(stage, lambda _: handler, settings, concurrency, limits))


async def work_stage(
    stage: Stage,
    handler_on: Callable[[JetStream], Handler],
    settings: RuntimeSettings,
    concurrency: int,
    limits: Limits,
) -> None:
    """Run one stage, whose handler is made for the log that it is to read, until asked to stop."""
    async with (
        service(stage.name, settings) as running,
        JetStream.connect(settings, name=stage.name) as bus,
    ):
        running.ready("log", bus.healthy)
        worker = Worker(stage=stage, handler=handler_on(bus), bus=bus, limits=limits)
        grace = timedelta(seconds=settings.grace_seconds)
        async with told_cost(_pod(settings), lambda: len(worker.running)):
            await Slots(worker, concurrency=concurrency, grace=grace).work(running.stop)


def _pod(settings: RuntimeSettings) -> OwnPod | None:
    pod = own_pod() if settings.pod_deletion_cost else None
    if settings.pod_deletion_cost and pod is None:
        log.warning("CLIPFORGE_POD_DELETION_COST is set, but this pod has no token of a cluster")
    return pod
