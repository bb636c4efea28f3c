"""Facts about files of a brand, and about what tenants have made of them: looks, in versions."""

from typing import Any

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.common_pb2 import BrandKit, CaptionStyle, Preset
from clipforge.v1.facts_pb2 import (
    BrandAssetDeleted,
    BrandAssetSubmitted,
    BrandAssetTaken,
    BrandKitSaved,
    CaptionStyleSaved,
    JobReplayed,
    PresetSaved,
    StageFailed,
)
from clipforge_catalog.queries import projects
from clipforge_catalog.tables import BrandAsset, BrandAssetState, Look, LookVersion
from clipforge_contracts.documents import as_dict
from clipforge_projector.projections import job, removal
from clipforge_runtime.bus import Entry
from clipforge_runtime.dead_letter import UNREADABLE

Saved = BrandKitSaved | CaptionStyleSaved | PresetSaved


async def submitted(session: AsyncSession, fact: BrandAssetSubmitted, entry: Entry) -> None:
    if await session.get(BrandAsset, fact.asset_id) is not None:
        return
    session.add(
        BrandAsset(
            id=fact.asset_id,
            tenant_id=fact.project.tenant_id,
            kind=fact.kind,
            file_name=fact.file_name,
            upload_key=fact.object_key,
            asset={},
            sequence=entry.sequence,
            created_at=entry.time,
        )
    )


async def taken(session: AsyncSession, fact: BrandAssetTaken, entry: Entry) -> None:
    row = await session.get(BrandAsset, fact.asset.asset_id)
    if row is None:  # deleted meanwhile
        await _let_go(session, fact.asset.key, entry)
        return
    await removal.wanted(session, removal.folder(fact.asset.key))
    row.state = BrandAssetState.READY
    row.asset = as_dict(fact.asset)
    row.failure_reason = row.failure_sentence = None
    # The upload has done its duty, what is kept of it lies elsewhere; unless a film is made of it.
    if not await projects.uploads_in_use(session, [row.upload_key]):
        await removal.due(session, [removal.folder(row.upload_key)], entry)


async def refused(session: AsyncSession, fact: StageFailed, entry: Entry) -> None:
    row = await session.get(BrandAsset, fact.about)
    if row is None or row.state != BrandAssetState.CHECKING or fact.reason == UNREADABLE:
        return
    if await job.ended(session, fact.job_id):
        return
    row.state = BrandAssetState.REFUSED
    row.failure_reason, row.failure_sentence = fact.reason, fact.sentence


async def replayed(session: AsyncSession, fact: JobReplayed, entry: Entry) -> None:
    row = await session.get(BrandAsset, fact.about)
    if row is None or await job.is_known(session, fact.job_id):
        return
    if row.state == BrandAssetState.REFUSED:
        row.state = BrandAssetState.CHECKING
        row.failure_reason = row.failure_sentence = None


async def deleted(session: AsyncSession, fact: BrandAssetDeleted, entry: Entry) -> None:
    row = await session.get(BrandAsset, fact.asset_id)
    if row is None:
        return
    await job.asset_deleted(session, fact, entry)
    await session.delete(row)
    await session.flush()
    if row.asset:
        await _let_go(session, row.asset["key"], entry)
    else:
        await removal.due(session, [removal.folder(row.upload_key)], entry)


async def kit_saved(session: AsyncSession, fact: BrandKitSaved, entry: Entry) -> None:
    await _save(session, "kit", fact.kit_id, fact.kit, fact, entry)


async def style_saved(session: AsyncSession, fact: CaptionStyleSaved, entry: Entry) -> None:
    await _save(session, "style", fact.style.style_id, fact.style, fact, entry)


async def preset_saved(session: AsyncSession, fact: PresetSaved, entry: Entry) -> None:
    await _save(session, "preset", fact.preset.preset_id, fact.preset, fact, entry)


async def _save(
    session: AsyncSession,
    kind: str,
    look_id: str,
    body: BrandKit | CaptionStyle | Preset,
    fact: Saved,
    entry: Entry,
) -> None:
    """Another version; what the log, or a restored one, says of a former one changes nothing."""
    known = await session.get(Look, look_id)
    if known is not None and known.updated_at > entry.time:
        return
    if fact.deleted:
        await session.exec(delete(LookVersion).where(col(LookVersion.look_id) == look_id))
        await session.exec(delete(Look).where(col(Look.id) == look_id))
        return
    if known is not None and known.version >= body.version:
        return
    shown = as_dict(body)
    await session.merge(
        Look(
            id=look_id,
            tenant_id=fact.project.tenant_id,
            kind=kind,
            version=body.version,
            body=shown,
            sequence=known.sequence if known else entry.sequence,
            updated_sequence=entry.sequence,
            created_at=known.created_at if known else entry.time,
            updated_at=entry.time,
        )
    )
    await session.merge(
        LookVersion(
            id=entry.fact_id,
            look_id=look_id,
            tenant_id=fact.project.tenant_id,
            version=body.version,
            body=shown,
            sequence=entry.sequence,
            saved_at=entry.time,
        )
    )


async def _let_go(session: AsyncSession, key: str, entry: Entry) -> None:
    """The same file may be another one's, too: it lies by the hash of its content."""
    body: Any = BrandAsset.asset
    same = select(BrandAsset).where(body["key"].astext == key)
    if (await session.exec(same.limit(1))).first() is None:
        await removal.due(session, [removal.folder(key)], entry)
