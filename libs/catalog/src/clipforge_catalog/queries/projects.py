"""Projects, with what belongs to each."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.tables import Asset, DeletedProject, Job, Project, Transcript


async def get(session: AsyncSession, tenant: str, project: str) -> Project | None:
    statement = select(Project).where(Project.id == project, Project.tenant_id == tenant)
    return (await session.exec(statement)).first()


async def was_deleted(session: AsyncSession, tenant: str, project: str) -> bool:
    """Whether there was such a project, and it is gone."""
    row = await session.get(DeletedProject, project)
    return row is not None and row.tenant_id == tenant


async def among(
    session: AsyncSession, tenant: str, projects: Collection[str]
) -> dict[str, Project]:
    """Those of some ids that the tenant has."""
    statement = select(Project).where(col(Project.id).in_(projects), Project.tenant_id == tenant)
    return {row.id: row for row in (await session.exec(statement)).all()}


async def plans(session: AsyncSession, ids: Collection[str]) -> dict[str, str]:
    """The plans that some projects were submitted with, by their ids."""
    statement = select(Project.id, Project.plan).where(col(Project.id).in_(ids))
    return dict((await session.exec(statement)).all())


def upload_key() -> Any:
    """The object of the upload that a project is made of, for a condition; none: it has none."""
    return col(Project.source)["upload", "object_key"].astext


async def uploads_in_use(session: AsyncSession, uploads: Collection[str]) -> set[str]:
    """Which of these objects are uploads of projects whose film is kept."""
    statement = select(upload_key()).where(
        upload_key().in_(uploads), col(Project.expired_at).is_(None)
    )
    return set((await session.exec(statement)).all())


async def assets(session: AsyncSession, rows: Sequence[Project]) -> dict[str, Asset]:
    """The assets of some projects, by id, in one query."""
    wanted = {row.asset_id for row in rows if row.asset_id}
    if not wanted:
        return {}
    found = await session.exec(select(Asset).where(col(Asset.id).in_(wanted)))
    return {asset.id: asset for asset in found.all()}


async def jobs(session: AsyncSession, project: str) -> Sequence[Job]:
    """The jobs of the project itself, exports apart, in order."""
    statement = select(Job).where(Job.project_id == project, Job.about == project)
    return (await session.exec(statement.order_by(col(Job.sequence)).limit(100))).all()


async def transcript(session: AsyncSession, tenant: str, project: str) -> Transcript | None:
    statement = select(Transcript).where(
        Transcript.project_id == project, Transcript.tenant_id == tenant
    )
    return (await session.exec(statement)).first()


async def corrected(session: AsyncSession, projects: Collection[str]) -> dict[str, str]:
    """Where the transcripts lie that people have corrected, by project."""
    statement = select(Transcript.project_id, Transcript.key).where(
        col(Transcript.project_id).in_(projects), Transcript.version > 0
    )
    return dict((await session.exec(statement)).all())
