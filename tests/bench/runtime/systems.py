"""Who is measured: how each one's broker, feeder and workers are started, and what it promises."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.runtime import brokers
from bench.runtime.brokers import Broker
from clipforge_contracts.facts import encode
from clipforge_contracts.pipeline import CLIP_DETECTION, EXPORT, IMPORT, TRANSCRIPTION
from clipforge_contracts.plans import Plan
from samples import every_fact

HERE = Path(__file__).parent
BUILD = Path("build/bench-runtime")
NODE_MODULES = BUILD / "node" / "node_modules"
PYTHON = BUILD / "python" / "bin"
ONE_PROCESS = "its worker takes every queue in one process, so hops would not be between services"
CHAIN = (IMPORT, TRANSCRIPTION, CLIP_DETECTION, EXPORT)  # what a film goes through
JOB_BYTES = len(encode(every_fact()[5]))  # of an ExportRequested; the peers' jobs are as long


@dataclass(frozen=True)
class Command:
    """A client to start."""

    argv: list[str]
    env: dict[str, str]


@dataclass(frozen=True)
class Counts:
    """Jobs of a measurement: as many as this system may do in about two seconds."""

    enqueue: int
    one_slot: int
    ten_slots: int


@dataclass(frozen=True)
class System:
    """One competitor with one durability class."""

    name: str
    durability: str
    counts: Counts
    broker: Callable[[Path], Broker]
    feed: Callable[[Broker, dict[str, Any]], Command]
    work: Callable[[Broker, int, Path, int], list[Command]]  # slots, file of marks, hops
    missing: Callable[[], str]  # why it cannot be measured here; empty where it can
    no_chain: str = ""  # why its four hops are not measured
    window: bool = True  # whether its client can have several enqueues under way
    held: bool = False  # its queue fills, paused, before workers that are up
    first_seconds: float = 30  # until its workers have begun


def _no_reason() -> str:
    return ""


def _our_env(broker: Broker, user: str) -> dict[str, str]:
    return {
        "CLIPFORGE_NATS_URL": broker.url(user),
        "CLIPFORGE_S3_ENDPOINT": "http://127.0.0.1:1",
        "CLIPFORGE_S3_ACCESS_KEY": "none",
        "CLIPFORGE_S3_SECRET_KEY": "none",
        "CLIPFORGE_ADMIN_PORT": "0",
        # All the work is one tenant's, and no peer limits tenants.
        **{f"CLIPFORGE_RUNNING_LIMIT_{plan.name}": "0" for plan in Plan},
    }


def _our_feed(broker: Broker, options: dict[str, Any]) -> Command:
    argv = [sys.executable, "-m", "bench.runtime.feed", json.dumps(options)]
    return Command(argv, _our_env(broker, "gateway"))


def _our_work(broker: Broker, slots: int, marks: Path, hops: int) -> list[Command]:
    return [
        Command(
            [sys.executable, "-m", "bench.runtime.work", stage.name, str(slots), str(marks)],
            _our_env(broker, stage.name),
        )
        for stage in CHAIN[-hops:]
    ]


def _bullmq(role: str, options: dict[str, Any]) -> Command:
    argv = ["node", str(HERE / "peers" / "bullmq.mjs"), role, json.dumps(options)]
    return Command(argv, {"BENCH_MODULES": str(NODE_MODULES.resolve())})


def _bullmq_feed(broker: Broker, options: dict[str, Any]) -> Command:
    return _bullmq("feed", {**options, "url": broker.url(""), "bytes": JOB_BYTES})


def _bullmq_work(broker: Broker, slots: int, marks: Path, hops: int) -> list[Command]:
    stages = range(len(CHAIN) - hops + 1, len(CHAIN) + 1)
    same = {"url": broker.url(""), "slots": slots, "marks": str(marks)}
    return [_bullmq("work", {**same, "stage": stage}) for stage in stages]


def _bullmq_missing() -> str:
    if shutil.which("node") is None:
        return "no Node.js: install the Debian packages nodejs and npm"
    if not NODE_MODULES.exists():
        return "npm could not install it: see the message above"
    return _redis_missing()


def _redis_missing() -> str:
    if shutil.which("redis-server") is None:
        return "no redis-server: apt-get install redis-server"
    return ""


def _python_env(system: str, broker: Broker, marks: str) -> dict[str, str]:
    peers = str((HERE / "peers").resolve())
    return {
        "PYTHONPATH": peers,
        "BENCH_SYSTEM": system,
        "BENCH_URL": broker.url(""),
        "BENCH_BYTES": str(JOB_BYTES),
        "BENCH_MARKS": marks,
    }


def _python_feed(system: str) -> Callable[[Broker, dict[str, Any]], Command]:
    def feed(broker: Broker, options: dict[str, Any]) -> Command:
        argv = [str(PYTHON / "python"), str(HERE / "peers" / "jobs.py"), system]
        return Command([*argv, json.dumps(options)], _python_env(system, broker, os.devnull))

    return feed


def _celery_work(broker: Broker, slots: int, marks: Path, hops: int) -> list[Command]:
    argv = [str(PYTHON / "celery"), "-A", "jobs", "worker", "-c", str(slots), "-l", "ERROR"]
    return [Command(argv, _python_env("celery", broker, str(marks)))]


def _taskiq_work(broker: Broker, slots: int, marks: Path, hops: int) -> list[Command]:
    argv = [str(PYTHON / "taskiq"), "worker", "jobs:broker", "--workers", "1"]
    options = ["--max-async-tasks", str(slots), "--log-level", "ERROR"]
    return [Command([*argv, *options], _python_env("taskiq", broker, str(marks)))]


def _python_missing() -> str:
    return "" if (PYTHON / "celery").exists() else "pip could not install it: see above"


def _celery_missing() -> str:
    return _python_missing() or _redis_missing()


OURS_1S = System(
    name="clipforge-1s",
    durability="production's log with sync_interval 1s; outcomes are confirmed, acks not",
    counts=Counts(enqueue=1000, one_slot=1500, ten_slots=4000),
    broker=lambda folder: brokers.our_nats(folder, "1s"),
    feed=_our_feed,
    work=_our_work,
    missing=_no_reason,
    held=True,
)
OURS_ALWAYS = System(
    name="clipforge-always",
    durability="production as it is: sync_interval always; outcomes are confirmed, acks not",
    counts=Counts(enqueue=600, one_slot=1000, ten_slots=2500),
    broker=brokers.our_nats,
    feed=_our_feed,
    work=_our_work,
    missing=_no_reason,
    held=True,
)
BULLMQ_1S = System(
    name="bullmq-everysec",
    durability="appendfsync everysec; BullMQ's defaults: completed jobs kept, lock 30 s",
    counts=Counts(enqueue=2500, one_slot=4000, ten_slots=8000),
    broker=lambda folder: brokers.redis(folder, "everysec"),
    feed=_bullmq_feed,
    work=_bullmq_work,
    missing=_bullmq_missing,
)
BULLMQ_ALWAYS = System(
    name="bullmq-always",
    durability="appendfsync always; else the same",
    counts=Counts(enqueue=1500, one_slot=2500, ten_slots=6000),
    broker=lambda folder: brokers.redis(folder, "always"),
    feed=_bullmq_feed,
    work=_bullmq_work,
    missing=_bullmq_missing,
)
CELERY = System(
    name="celery",
    durability="appendfsync everysec; prefork, late acks, results kept; else its defaults",
    counts=Counts(enqueue=500, one_slot=800, ten_slots=1000),
    broker=lambda folder: brokers.redis(folder, "everysec"),
    feed=_python_feed("celery"),
    work=_celery_work,
    missing=_celery_missing,
    no_chain=ONE_PROCESS,
    window=False,
)
TASKIQ = System(
    name="taskiq-nats",
    durability="sync_interval 1s; its defaults: pull, no message ids, no results kept",
    counts=Counts(enqueue=2500, one_slot=3000, ten_slots=4000),
    broker=lambda folder: brokers.plain_nats(folder, "1s"),
    feed=_python_feed("taskiq"),
    work=_taskiq_work,
    missing=_python_missing,
    no_chain=ONE_PROCESS,
)

PAIRED = (OURS_1S, BULLMQ_1S, OURS_ALWAYS, BULLMQ_ALWAYS)
OTHERS = (CELERY, TASKIQ)
