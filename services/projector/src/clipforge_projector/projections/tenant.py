"""Tenants, their keys, and what they use."""

from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import ApiKeySaved, ClipExported, TenantSaved, VideoTranscribed
from clipforge_catalog.tables import ApiKey, Tenant, Usage
from clipforge_contracts.facts import project_of
from clipforge_contracts.plans import Plan
from clipforge_projector import tally
from clipforge_runtime.bus import Entry


async def saved(session: AsyncSession, fact: TenantSaved, entry: Entry) -> None:
    known = await session.get(Tenant, fact.project.tenant_id)
    if known is not None and _is_newer(known, entry):
        return
    plan = Plan.read(fact.project.plan)
    await session.merge(
        Tenant(id=fact.project.tenant_id, name=fact.name, plan=plan, saved_at=entry.time)
    )


async def key_saved(session: AsyncSession, fact: ApiKeySaved, entry: Entry) -> None:
    known = await session.get(ApiKey, fact.key_id)
    if known is not None:
        if not _is_newer(known, entry):
            known.name, known.role, known.revoked = fact.name, fact.role, fact.revoked
            known.hash, known.saved_at = fact.hash, entry.time  # the key that it was works no more
        return
    session.add(
        ApiKey(
            id=fact.key_id,
            tenant_id=fact.project.tenant_id,
            name=fact.name,
            role=fact.role,
            hash=fact.hash,
            revoked=fact.revoked,
            created_at=entry.time,
            saved_at=entry.time,
        )
    )


def _is_newer(row: Tenant | ApiKey, entry: Entry) -> bool:
    """Whether a row knows better: a restored log must not bring a revoked key back."""
    return row.saved_at is not None and row.saved_at > entry.time


async def source_used(session: AsyncSession, fact: VideoTranscribed, entry: Entry) -> None:
    await _use(session, fact, entry, "source_ms", fact.film.media.duration_ms)


async def output_made(session: AsyncSession, fact: ClipExported, entry: Entry) -> None:
    await _use(session, fact, entry, "output_ms", fact.record.duration_ms)


async def _use(
    session: AsyncSession,
    fact: VideoTranscribed | ClipExported,
    entry: Entry,
    kind: str,
    amount: int,
) -> None:
    if await session.get(Usage, entry.fact_id) is None:
        counter = tally.SOURCE if kind == "source_ms" else tally.OUTPUT
        tally.of(session).note(counter.labels(str(fact.cached).lower()), amount / 1000)
        session.add(
            Usage(
                ce_id=entry.fact_id,
                tenant_id=project_of(fact).tenant_id,
                kind=kind,
                amount=amount,
                cached=fact.cached,
                at=entry.time,
            )
        )
