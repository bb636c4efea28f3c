"""The numbers of the queues: what is now from the log's leader, what has been from the rows."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from clipforge_catalog.database import Sessions
from clipforge_catalog.queries import figures, jobs
from clipforge_catalog.queries.figures import Figures, Share
from clipforge_catalog.tables import JobState
from clipforge_contracts.pipeline import PIPELINE, Stage
from clipforge_contracts.plans import Priority
from clipforge_gateway.queue_schemas import Numbers, QueueView, TenantShare
from clipforge_runtime.bus import Counts, Reader

HOUR = timedelta(hours=1)
NOTHING = Figures(0, None, None)


@dataclass(frozen=True)
class _Rows:
    ended: Mapping[tuple[str, str], Counter[str]]  # by stage and priority
    lately: Mapping[str, Figures]


async def of_queues(
    sessions: Sessions, log: Reader, stages: Iterable[Stage] = PIPELINE
) -> dict[str, QueueView]:
    """By the queue's name."""
    async with sessions() as session:
        rows = _Rows(
            await jobs.count_by_priority(session),
            await figures.of_stages(session, datetime.now(UTC) - HOUR),
        )
    found = await asyncio.gather(*(_of_queue(log, stage, rows) for stage in stages))
    return {view.queue: view for view in found}


async def of_tenants(
    sessions: Sessions, stage: Stage, shares: Sequence[Share]
) -> list[TenantShare]:
    """What these tenants have in a queue, and how long theirs took."""
    names = [share.tenant for share in shares]
    async with sessions() as session:
        lately = await figures.of_tenants(session, stage.name, names, datetime.now(UTC) - HOUR)
        oldest = await figures.oldest_of_tenants(session, stage.name, names)
    return [
        TenantShare(
            tenant_id=share.tenant,
            outstanding=share.outstanding,
            completed=share.completed,
            failed=share.failed,
            oldest_outstanding_seconds=_age(oldest.get(share.tenant)),
            **_of_last_hour(lately.get(share.tenant, NOTHING)),
        )
        for share in shares
    ]


async def _of_queue(log: Reader, stage: Stage, rows: _Rows) -> QueueView:
    counts, oldest = await asyncio.gather(log.counts(stage), log.oldest_waiting(stage))
    priorities = {
        priority.value: _numbers(counts[priority], rows.ended.get((stage.name, priority.value)))
        for priority in Priority
    }
    return QueueView(
        queue=stage.queue,
        priorities=priorities,
        **_together(priorities.values()),
        oldest_waiting_seconds=_age(oldest),
        **_of_last_hour(rows.lately.get(stage.name, NOTHING)),
    )


def _of_last_hour(lately: Figures) -> dict[str, Any]:
    return {
        "completed_last_hour": lately.completed,
        "completed_per_minute": round(lately.completed / 60, 3),
        "mean_seconds": _rounded(lately.mean_seconds),
        "p95_seconds": _rounded(lately.p95_seconds),
    }


def _numbers(count: Counts, ended: Counter[str] | None) -> Numbers:
    ended = ended or Counter()
    return Numbers(
        waiting=count.waiting,
        active=count.active,
        delayed=count.delayed,
        deferred=count.deferred,
        completed=ended[JobState.COMPLETED],
        failed=ended[JobState.FAILED],
        paused=count.paused,
        partly_paused=count.partly_paused,
    )


def _together(each: Iterable[Numbers]) -> dict[str, int | bool]:
    every = list(each)
    sums = {
        name: sum(getattr(one, name) for one in every)
        for name in Numbers.model_fields
        if name not in ("paused", "partly_paused")
    }
    paused = all(one.paused for one in every)
    some = any(one.paused or one.partly_paused for one in every)
    return {**sums, "paused": paused, "partly_paused": some and not paused}


def _age(since: datetime | None) -> float | None:
    return None if since is None else round((datetime.now(UTC) - since).total_seconds(), 1)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
