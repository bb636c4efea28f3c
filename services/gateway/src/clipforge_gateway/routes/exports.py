"""Exports: clips rendered on request."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from clipforge_catalog.queries import exports, figures, jobs
from clipforge_catalog.tables import Export, JobState
from clipforge_contracts import ids
from clipforge_gateway import batches, cursors, requests, rows, schemas, views, wishes
from clipforge_gateway.admission import Admitted
from clipforge_gateway.auth import Caller
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.downloads import link
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import (
    BACKLOG,
    CONFLICT,
    GONE,
    NO_ROOM,
    NOT_FOUND,
    documented,
)
from clipforge_gateway.waiting import Wait, until_over

router = APIRouter(prefix="/v1/exports", tags=["exports"])

ExportId = Annotated[str, Path(max_length=64, pattern=r"^exp_[a-z0-9]{26}$")]
FILES = {
    "clip": ("clip_key", "mp4"),
    "srt": ("srt_key", "srt"),
    "vtt": ("vtt_key", "vtt"),
    "thumbnail": ("thumbnail_key", "jpg"),
}


@router.post(
    "",
    operation_id="createExport",
    summary="Render a clip",
    status_code=202,
    responses=documented(NOT_FOUND, CONFLICT, GONE, BACKLOG, NO_ROOM),
    dependencies=[Admitted],
)
async def create(
    body: schemas.CreateExport, parts: PartsDep, caller: CallerDep, response: Response
) -> schemas.ExportView:
    """Asking twice for the same clip in the same look renders it once.

    Where that has failed or was cancelled, asking again is another export.
    """
    [source] = await requests.sources(parts, caller, [body.clip_id])
    wish = await wishes.wish_of(parts, caller, body, usual_kit=source.usual_kit)
    wish.check(source.clip.end_ms - source.clip.start_ms)
    fact = requests.request(caller, source, wish.render)
    await requests.state(parts, caller, [fact])
    response.headers["Location"] = f"/v1/exports/{fact.export_id}"
    return await _view(parts, caller, fact.export_id)


@router.get(
    "",
    operation_id="listExports",
    summary="Exports, newest first",
    responses=documented(NOT_FOUND),
)
async def list_exports(
    parts: PartsDep,
    caller: CallerDep,
    project_id: Annotated[str | None, Query(pattern=r"^prj_[a-z0-9]{26}$")] = None,
    clip_id: Annotated[str | None, Query(pattern=r"^clip_[a-z0-9]{26}$")] = None,
    batch_id: Annotated[str | None, Query(pattern=r"^bat_[a-z0-9]{26}$")] = None,
    state: JobState | None = None,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[schemas.ExportView]:
    among = (await batches.find(parts, caller, batch_id)).export_ids if batch_id else None
    async with (await parts.reads.of(caller.tenant_id))() as session:
        page = await exports.of_tenant(
            session,
            caller.tenant_id,
            project=project_id,
            clip=clip_id,
            state=state,
            among=among,
            after=cursors.read(cursor),
            limit=limit,
        )
    kept = parts.settings.retention[caller.plan]
    return schemas.PageView(
        items=[views.export(row, files=await _files(parts, row), kept=kept) for row in page.rows],
        next=cursors.write(page.next),
    )


@router.get(
    "/{export_id}",
    operation_id="getExport",
    summary="An export",
    responses=documented(NOT_FOUND),
)
async def get(
    export_id: ExportId, parts: PartsDep, caller: CallerDep, wait: Wait = 0
) -> schemas.ExportView:
    """Where an export stands, with links once it is completed."""
    view = await _view(parts, caller, export_id)
    if not wait:
        return view
    return await until_over(
        parts,
        view.project_id,
        partial(_view, parts, caller, export_id),
        over=lambda view: view.state in views.ENDED,
        wait=wait,
    )


@router.post(
    "/{export_id}/cancel",
    operation_id="cancelExport",
    summary="Stop an export",
    status_code=202,
    responses=documented(NOT_FOUND),
)
async def cancel(
    export_id: ExportId, parts: PartsDep, caller: CallerDep, response: Response
) -> schemas.ExportView:
    response.headers["Location"] = f"/v1/exports/{export_id}"
    view = await _view(parts, caller, export_id)
    sequence = await requests.cancel(parts, caller, export_id, view.project_id)
    await rows.caught_up(parts, sequence)
    return await _view(parts, caller, export_id)


async def _view(parts: Parts, caller: Caller, export_id: str) -> schemas.ExportView:
    row = await rows.export(parts, caller, export_id)
    if isinstance(row, rows.Requested):
        return views.requested(row.fact, row.entry.time)
    standing, left = views.UNKNOWN, None
    if row.state == JobState.WAITING:
        async with parts.sessions() as session:
            known = await jobs.latest(session, row.project_id, "export", export_id)
            job = known or ids.job("export", export_id)
            _, length = (await figures.lengths(session, [job])).get(job, ("", 0))
        about = {"tenant": row.tenant_id, "project": row.project_id}
        standing = await rows.standing(parts, job, stage="export", **about)
        left = await parts.paces.job_left("export", standing.now, length)
    return views.export(
        row,
        files=await _files(parts, row),
        standing=standing,
        seconds_left=left,
        kept=parts.settings.retention[caller.plan],
    )


async def _files(parts: Parts, row: Export) -> dict[str, str]:
    """Links that users can follow, each saved under a readable name."""
    if row.state != JobState.COMPLETED:
        return {}
    objects = row.record.get("objects", {})
    return {
        name: await link(
            parts,
            objects[key],
            file_name=f"{row.clip_id}-{row.aspect.replace(':', 'x')}.{extension}",
        )
        for name, (key, extension) in FILES.items()
        if objects.get(key)
    }
