"""Exports that were asked for together: found in the rows, or in the log where it is ahead."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clipforge.v1.facts_pb2 import BatchRequested
from clipforge_catalog.queries import exports
from clipforge_catalog.tables import JobState
from clipforge_contracts import subjects
from clipforge_gateway import schemas
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import NOT_FOUND, Problem


@dataclass(frozen=True)
class Found:
    """One batch."""

    id: str
    export_ids: Sequence[str]
    created_at: datetime
    applied: bool  # whether it, and so every export that was asked for before it, has its row


async def find(parts: Parts, caller: Caller, batch_id: str) -> Found:
    """A Problem where there is none."""
    async with parts.sessions() as session:
        row = await exports.batch(session, caller.tenant_id, batch_id)
    if row is not None:
        return Found(row.id, row.export_ids, row.created_at, applied=True)
    entry = await parts.log.last(
        BatchRequested, tenant=caller.tenant_id, project=subjects.NOTHING, about=batch_id
    )
    if entry is None or not isinstance(entry.fact, BatchRequested):
        raise Problem(NOT_FOUND, "There is no batch of this id.")
    return Found(batch_id, list(entry.fact.export_ids), entry.time, applied=False)


async def view(parts: Parts, caller: Caller, found: Found) -> schemas.BatchView:
    """How many of its exports are where."""
    async with parts.sessions() as session:
        states = await exports.states(session, caller.tenant_id, found.export_ids)
    # An export without a row is to come, or is gone with its project.
    rowless = JobState.CANCELLED if found.applied else JobState.WAITING
    counts = Counter(states.get(export_id, rowless) for export_id in found.export_ids)
    return schemas.BatchView(
        id=found.id,
        over=not counts[JobState.WAITING],
        counts={state.value: counts[state] for state in JobState},
        export_ids=list(found.export_ids),
        created_at=found.created_at,
    )
