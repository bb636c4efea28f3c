"""Clips: found by detection, then made, edited and deleted by people, whose word stays."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1.facts_pb2 import ClipEdited
from clipforge_catalog.tables import Clip, Project
from clipforge_contracts.documents import as_dict
from clipforge_runtime.bus import Entry

BY_HAND: Final = 1_000_000  # the rank of those that nobody scored: after all that were
EDITABLE: Final = {"start_ms", "end_ms", "title", "text", "hashtags"}


async def detected(
    session: AsyncSession, found: documents.Clip, project: Project, rank: int, entry: Entry
) -> None:
    """One clip of a detection. Told again, it leaves alone what a user has changed since."""
    fields = {**as_dict(found), "rank": rank, "sequence": entry.sequence}
    known = await session.get(Clip, found.id)
    if known is None:
        session.add(Clip(**fields, tenant_id=project.tenant_id, project_id=project.id))
        return
    if known.version:
        fields = {name: value for name, value in fields.items() if name not in EDITABLE}
    known.sqlmodel_update(fields)


async def edited(session: AsyncSession, fact: ClipEdited, entry: Entry) -> None:
    """The next version of a clip, or the first of one made by hand. Older ones change nothing."""
    project = await session.get(Project, fact.project.project_id)
    if project is None:
        return  # deleted meanwhile
    row = await session.get(Clip, fact.clip.id)
    if row is not None and row.version >= fact.version:
        return
    fields = {
        **as_dict(fact.clip),
        "version": fact.version,
        "sequence": entry.sequence,
        "edited_at": entry.time,
        "deleted_at": entry.time if fact.deleted else None,
    }
    if row is not None:
        row.sqlmodel_update(fields)
        return
    session.add(Clip(**fields, tenant_id=project.tenant_id, project_id=project.id, rank=BY_HAND))
