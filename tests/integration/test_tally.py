"""What is counted of projects, exports, usage, tenants and connections. On real tables."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlmodel import select

from clipforge.v1.facts_pb2 import (
    ClipExported,
    ClipsDetected,
    ExportRequested,
    ProjectSubmitted,
    VideoImported,
    VideoTranscribed,
)
from clipforge_catalog.database import Sessions, open_database
from clipforge_catalog.tables import Position, Usage
from clipforge_contracts import ids
from clipforge_projector import projector
from clipforge_projector.apply import apply
from clipforge_projector.figures import count_tenants
from clipforge_projector.position import SteppedDown
from clipforge_runtime.bus import Entry
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.testing import MemoryBus
from samples import every_fact

pytestmark = pytest.mark.integration

LIFE = {
    *(ProjectSubmitted, VideoImported, VideoTranscribed, ClipsDetected),
    *(ExportRequested, ClipExported),
}


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"clipforge_{name}", labels) or 0.0


async def limited(entries: AsyncIterator[Entry], number: int) -> AsyncIterator[Entry]:
    async for entry in entries:
        yield entry
        number -= 1
        if not number:
            return


async def test_what_facts_bring_about_is_counted_once_and_only_where_it_is_written(
    sessions: Sessions,
) -> None:
    log = MemoryBus()
    facts = [fact for fact in every_fact() if type(fact) in LIFE]
    lines: tuple[tuple[str, dict[str, str], float], ...] = (
        ("projects_total", {"outcome": "ready", "plan": "business"}, 1.0),
        ("project_seconds_count", {"plan": "business"}, 1.0),
        ("exports_total", {"outcome": "completed"}, 1.0),
        ("source_seconds_total", {"cached": "false"}, 90.0),
        ("output_seconds_total", {"cached": "false"}, 30.0),
        ("source_bytes_total", {}, 12_000_000.0),
    )
    before = [counted(name, **labels) for name, labels, _ in lines]
    for fact in facts:
        await log.state(fact, fact_id=ids.new("evt"))
    lost = [entry async for entry in limited(log.follow(after=0), len(facts))]

    with pytest.raises(SteppedDown):  # another projector has been here: all is taken back
        await apply(sessions, lost, incarnation="another", position=7)
    taken_back = [counted(name, **labels) for name, labels, _ in lines]
    for _ in range(2):
        await projector.project(sessions, log, batch=3, until=len(log.entries))

    assert taken_back == before
    after = [counted(name, **labels) for name, labels, _ in lines]
    assert [new - old for new, old in zip(after, before, strict=True)] == [
        added for _, _, added in lines
    ]


async def test_tenants_that_used_something_in_a_month_are_counted(
    sessions: Sessions, bus: JetStream
) -> None:
    now = await bus.clock.true()
    async with sessions.begin() as session:
        for number, days in enumerate((1, 2, 29, 31, 400)):
            session.add(
                Usage(
                    ce_id=ids.new("evt"),
                    tenant_id=f"ten_{number // 2}",
                    kind="source_ms",
                    amount=1,
                    at=now - timedelta(days=days),
                )
            )

    await count_tenants(sessions, bus)

    assert counted("tenants_active") == 2


async def test_connections_in_use_are_those_that_somebody_holds(database_url: str) -> None:
    before = counted("database_connections_limit")

    async with open_database(database_url, pool_size=3) as opened, opened() as session:
        await session.exec(select(Position))
        held = counted("database_connections_in_use")
        limit = counted("database_connections_limit")

    assert (held, limit) == (1, before + 3)
    assert counted("database_connections_in_use") == 0
    assert counted("database_connections_limit") == before
