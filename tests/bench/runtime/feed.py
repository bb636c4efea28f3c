"""Put jobs into ClipForge's log as the gateway does: `python -m bench.runtime.feed '{...}'`.

Says `begin` on its first measured job, and at the end one line of JSON: seconds, CPU and marks.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from clipforge.v1 import common_pb2 as common
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import Fact, encode
from clipforge_contracts.pipeline import EXPORT
from clipforge_contracts.plans import Plan, Priority
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.publishing import envelope, publish
from clipforge_runtime.settings import RuntimeSettings, load
from samples import clip, media, objects, options, render

BULK = 500  # published in a row before a confirmation is awaited, where nothing is measured


class Jobs:
    """The facts that are jobs: exports for one hop, submitted projects for the chain."""

    def __init__(self, first: int, hops: int, tenants: int) -> None:
        self._numbers = iter(range(first, sys.maxsize))
        self._hops = hops
        self._tenants = tenants

    def next(self) -> tuple[str, Fact]:
        """A key that the job's last handler sees, and the fact."""
        n = next(self._numbers)
        project = common.ProjectRef(
            tenant_id=ids.derive("ten", "bench", n % self._tenants),
            project_id=ids.derive("prj", "bench", n),
            plan=Plan.BUSINESS.wire,
        )
        if self._hops > 1:
            source = common.Source(url=common.UrlSource(url="https://example.com/talk.mp4"))
            return project.project_id, facts.ProjectSubmitted(
                project=project, title="A talk", source=source, options=options()
            )
        return project.project_id, facts.ExportRequested(
            project=project,
            export_id=ids.derive("exp", "bench", n),
            clip=clip(),
            render=render(),
            media=media(),
            source_key=objects().source_key,
            transcript_key="tenants/sample/transcripts/sample.json",
        )


async def state(bus: JetStream, key: str, fact: Fact) -> None:
    """One job, as a route of the gateway states it."""
    await bus.state(fact, fact_id=ids.derive("evt", key), once=True)


async def measured(
    bus: JetStream, jobs: Jobs, *, count: int, window: int, rate: float
) -> list[tuple[str, int]]:
    """Key and moment of each job, just before it was stated; `window` are under way at once."""
    marks: list[tuple[str, int]] = []
    begun = time.monotonic()

    async def state_some(numbers: Iterator[int]) -> None:
        for n in numbers:
            if rate:
                await asyncio.sleep(max(0, begun + n / rate - time.monotonic()))
            key, fact = jobs.next()
            marks.append((key, time.time_ns()))
            await state(bus, key, fact)

    numbers = iter(range(count))
    await asyncio.gather(*(state_some(numbers) for _ in range(window)))
    return marks


async def fill(bus: JetStream, jobs: Jobs, count: int, priority: Priority | None) -> None:
    """Many at once, not measured: nothing is confirmed but the last of each batch.

    The queue is paused meanwhile, so that workers which are up find all of them waiting.
    """
    await bus.pause(EXPORT)
    for n in range(1, count + 1):
        key, fact = jobs.next()
        fact_id = ids.derive("evt", key)
        place = subjects.fact_subject(fact)
        subject = str(replace(place, priority=priority or place.priority))
        headers = {**envelope(fact, fact_id, "gateway"), "Nats-Msg-Id": fact_id}
        if n % BULK == 0 or n == count:
            await publish(
                bus.connection, subject, encode(fact), message_id=fact_id, headers=headers
            )
        else:
            await bus.connection.publish(subject, encode(fact), headers=headers)
    await bus.resume(EXPORT)


async def main(
    *,
    count: int,
    warm: int = 0,
    window: int = 1,
    rate: float = 0,
    hops: int = 1,
    tenants: int = 1,
    first: int = 0,
    bulk: bool = False,
    priority: str = "",  # of what is filled in; what is stated is critical, as its plan says
) -> None:
    jobs = Jobs(first, hops, tenants)
    async with JetStream.connect(load(RuntimeSettings), name="gateway") as bus:
        if bulk:
            await fill(bus, jobs, count, Priority(priority) if priority else None)
            return
        if warm:
            await measured(bus, jobs, count=warm, window=window, rate=0)
        print("begin", flush=True)
        began, cpu = time.perf_counter(), cpu_seconds()
        marks = await measured(bus, jobs, count=count, window=window, rate=rate)
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "marks": marks}))


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
