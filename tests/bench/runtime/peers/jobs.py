"""Celery's and Taskiq's jobs, and what feeds them: `python jobs.py celery|taskiq '{...}'`.

Runs in an environment of its own, beside neither ClipForge nor its packages.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

URL = os.environ["BENCH_URL"]
BODY = "x" * int(os.environ["BENCH_BYTES"])


def mark(key: str) -> None:
    """A job was begun."""
    file = os.open(os.environ["BENCH_MARKS"], os.O_WRONLY | os.O_APPEND)
    os.write(file, f"{key} {time.time_ns()}\n".encode())
    os.close(file)


def export(key: str, body: str) -> str:
    mark(key)
    return "done"


async def export_async(key: str, body: str) -> str:
    mark(key)
    return "done"


def celery_job() -> Any:
    """Celery on Redis: late acks and a result backend, else a crash loses the job."""
    import celery  # type: ignore[import-not-found]

    app = celery.Celery("jobs", broker=URL, backend=URL)
    app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)
    return app, app.task(export, name="export")


def taskiq_job() -> Any:
    """Taskiq on JetStream, pulling; it has no result backend by default."""
    import taskiq_nats  # type: ignore[import-not-found]

    broker = taskiq_nats.PullBasedJetStreamBroker(servers=[URL])
    return broker, broker.register_task(export_async, task_name="export")


async def feed(
    add: Callable[[str], Awaitable[None]],
    *,
    count: int,
    warm: int = 0,
    window: int = 1,
    rate: float = 0,
    first: int = 0,
    bulk: bool = False,
    **_: object,
) -> None:
    keys = (f"job-{n}" for n in range(first, sys.maxsize))

    async def some(wanted: int, rate: float) -> list[tuple[str, int]]:
        marks: list[tuple[str, int]] = []
        begun = time.monotonic()
        numbers = iter(range(wanted))

        async def one() -> None:
            for n in numbers:
                if rate:
                    await asyncio.sleep(max(0, begun + n / rate - time.monotonic()))
                key = next(keys)
                marks.append((key, time.time_ns()))
                await add(key)

        await asyncio.gather(*(one() for _ in range(64 if bulk else window)))
        return marks

    await some(warm, 0)
    print("begin", flush=True)
    began, cpu = time.perf_counter(), cpu_seconds()
    marks = await some(count, rate)
    seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "marks": marks}))


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(system: str, options: dict[str, Any]) -> None:
    if system == "celery":
        _, job = celery_job()

        async def add(key: str) -> None:
            job.delay(key, BODY)

        await feed(add, **options)
        return
    broker, job = taskiq_job()

    async def kick(key: str) -> None:
        await job.kiq(key, BODY)

    await broker.startup()
    await feed(kick, **options)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
elif os.environ.get("BENCH_SYSTEM") == "celery":
    app, _job = celery_job()
elif os.environ.get("BENCH_SYSTEM") == "taskiq":
    broker, _job = taskiq_job()
