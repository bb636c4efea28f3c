"""What a day adds up to: projects taken in, and bytes that are stored or let go.

Counted where a row comes to be, or changes its state for the first time: a fact that is told again,
as by a log that was made anew, finds it so, and counts for nothing.
"""

from datetime import UTC

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.queries import exports
from clipforge_catalog.tables import Asset, Export, JobState, Project, TenantDay
from clipforge_runtime.bus import Entry


async def project_taken_in(session: AsyncSession, tenant: str, entry: Entry) -> None:
    (await _day(session, tenant, entry)).projects += 1


async def film_kept(
    session: AsyncSession, project: Project, asset: str, size: int, entry: Entry
) -> None:
    """A project has a film now. Of one that others keep, too, the bytes are counted already."""
    if project.expired_at is None and not await _kept_by_another(session, project, asset):
        (await _day(session, project.tenant_id, entry)).stored_bytes += size


async def film_let_go(session: AsyncSession, project: Project, entry: Entry) -> None:
    """A project is about to expire, or to be deleted."""
    asset = await session.get(Asset, project.asset_id) if project.asset_id else None
    if asset is None or project.expired_at is not None:
        return
    if not await _kept_by_another(session, project, asset.id):
        size = int(asset.media.get("bytes", 0))
        (await _day(session, project.tenant_id, entry)).stored_bytes -= size


async def clip_kept(session: AsyncSession, export: Export, entry: Entry) -> None:
    """An export is completed. One that is the same as another one is stored once."""
    if not await _kept_otherwise(session, export, Export.id != export.id):
        await _add(session, export, 1, entry)


async def clip_let_go(session: AsyncSession, export: Export, entry: Entry) -> None:
    """A completed export is about to expire."""
    if not await _kept_otherwise(session, export, Export.id != export.id):
        await _add(session, export, -1, entry)


async def clips_let_go(session: AsyncSession, project: Project, entry: Entry) -> None:
    """A project is about to be deleted, with its exports."""
    statement = select(Export).where(
        Export.project_id == project.id, Export.state == JobState.COMPLETED
    )
    completed = (await session.exec(statement)).all()
    for export in {exports.key_of(one): one for one in completed}.values():
        if not await _kept_otherwise(session, export, Export.project_id != project.id):
            await _add(session, export, -1, entry)


async def _add(session: AsyncSession, export: Export, sign: int, entry: Entry) -> None:
    size = sign * int(export.record.get("bytes", 0))
    (await _day(session, export.tenant_id, entry)).stored_bytes += size


async def _day(session: AsyncSession, tenant: str, entry: Entry) -> TenantDay:
    day = entry.time.astimezone(UTC).date()
    row = await session.get(TenantDay, (tenant, day))
    if row is None:
        row = TenantDay(tenant_id=tenant, day=day)
        session.add(row)
        await session.flush()  # or the next look would not find it
    return row


async def _kept_by_another(session: AsyncSession, project: Project, asset: str) -> bool:
    statement = select(Project.id).where(
        Project.asset_id == asset, Project.id != project.id, col(Project.expired_at).is_(None)
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def _kept_otherwise(session: AsyncSession, export: Export, another: object) -> bool:
    """Whether another export keeps the same files."""
    statement = select(Export.id).where(
        exports.clip_key() == exports.key_of(export),
        Export.state == JobState.COMPLETED,
        another,  # type: ignore[arg-type]
    )
    return (await session.exec(statement.limit(1))).first() is not None
