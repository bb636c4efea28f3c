"""What happens to one export request in this service, from top to bottom; and to a brand's file."""

import logging
from pathlib import Path

from clipforge.v1.documents_pb2 import ExportRecord
from clipforge.v1.facts_pb2 import (
    BrandAssetSubmitted,
    BrandAssetTaken,
    ClipExported,
    ExportRequested,
    PreviewRendered,
    PreviewRequested,
)
from clipforge_export import storing
from clipforge_export.company import in_company
from clipforge_export.intake import take_asset
from clipforge_export.previews import render_preview
from clipforge_export.rendering import Place, render_clip
from clipforge_export.wishes import Wish, wish
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.progress import Report
from clipforge_runtime.scratch import folder
from clipforge_runtime.storage import ObjectStore
from clipforge_runtime.strain import Strain

log = logging.getLogger(__name__)


async def work(
    cause: ExportRequested | BrandAssetSubmitted | PreviewRequested,
    *,
    store: ObjectStore,
    progress: Report,
    scratch: Path,
    strain: Strain,
) -> BrandAssetTaken | PreviewRendered | list[ClipExported]:
    """What this stage feeds on."""
    if isinstance(cause, PreviewRequested):
        return await render_preview(cause, store=store, progress=progress, scratch=scratch)
    if isinstance(cause, BrandAssetSubmitted):
        return await take_asset(cause, store=store, progress=progress, scratch=scratch)
    return await export_clip(cause, store=store, progress=progress, scratch=scratch, strain=strain)


async def export_clip(
    request: ExportRequested,
    *,
    store: ObjectStore,
    progress: Report,
    scratch: Path,
    strain: Strain,
) -> list[ClipExported]:
    """Render a clip, or serve the same one that was rendered before.

    Outputs that were asked for together with it, and are not there yet, are rendered along.
    """
    own = wish(request, request.export_id, request.render)
    tenant = request.project.tenant_id
    record = await storing.known(store, tenant, own.address)
    if record is not None:
        return [_exported(request, own, record, cached=True)]
    company = await in_company(request, own, store) if not strain() else []
    if company:
        try:
            with folder(scratch, "export") as place:
                wishes = [*company, own]
                records = await render_clip(request, wishes, Place(place, store, progress, 0))
            return [
                _exported(request, each, record, cached=False)
                for each, record in zip(wishes, records, strict=True)
            ]
        except (Transient, Permanent) as error:
            # Whichever of them it was: each of the others has a job of its own.
            log.warning("not together, then alone: %s", error, exc_info=error)
    record = await storing.known(store, tenant, own.address)
    if record is None:
        with folder(scratch, "export") as place:
            [record] = await render_clip(request, [own], Place(place, store, progress, strain()))
    return [_exported(request, own, record, cached=False)]


def _exported(
    request: ExportRequested, wish: Wish, record: ExportRecord, *, cached: bool
) -> ClipExported:
    return ClipExported(
        project=request.project,
        export_id=wish.export_id,
        clip_id=request.clip.id,
        record=record,
        cached=cached,
    )
