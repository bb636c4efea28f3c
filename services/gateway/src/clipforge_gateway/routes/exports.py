"""Exports: clips rendered on request."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from google.protobuf.json_format import ParseDict

from clipforge.v1 import documents_pb2
from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ExportCancelled, ExportRequested
from clipforge_catalog.queries import clips, exports, projects
from clipforge_catalog.tables import Clip, Export, JobState
from clipforge_contracts import ids
from clipforge_contracts.plans import Plan
from clipforge_gateway import cursors, rows, schemas, views
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import CONFLICT, NOT_FOUND, Problem, documented
from clipforge_gateway.routes.projects import LOOK_AGAIN_SECONDS, Wait, render_options
from clipforge_runtime.telemetry import trace_headers

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
    responses=documented(NOT_FOUND, CONFLICT),
)
async def create(
    body: schemas.CreateExport, parts: PartsDep, caller: CallerDep, response: Response
) -> schemas.ExportView:
    """Asking twice for the same clip in the same look renders it once."""
    async with parts.sessions() as session:
        clip = await clips.get(session, caller.tenant_id, body.clip_id)
        if clip is None:
            raise Problem(NOT_FOUND, "There is no clip of this id.")
        project = await projects.get(session, caller.tenant_id, clip.project_id)
        if project is None:
            raise Problem(NOT_FOUND, "There is no clip of this id.")
        asset = (await projects.assets(session, [project])).get(project.asset_id or "")
    if asset is None or project.transcript_key is None:
        raise Problem(CONFLICT, "The film of this clip is not ready.")
    render = render_options(body)
    fact = ExportRequested(
        project=ProjectRef(
            tenant_id=caller.tenant_id, project_id=project.id, plan=Plan(project.plan).wire
        ),
        export_id=ids.derive(
            "exp",
            *(clip.id, clip.start_ms, clip.end_ms),
            *(body.aspect, body.style, body.quality, body.height),
        ),
        clip=_clip(clip),
        render=render,
        media=ParseDict(asset.media, documents_pb2.MediaInfo()),
        source_key=asset.objects["source_key"],
        transcript_key=project.transcript_key,
    )
    stated = await parts.log.state(
        fact,
        fact_id=ids.derive("evt", fact.export_id, "requested"),
        headers=trace_headers(),
        once=True,
    )
    await rows.caught_up(parts, stated.sequence)
    response.headers["Location"] = f"/v1/exports/{fact.export_id}"
    return await _view(parts, caller, fact.export_id)


@router.get("", operation_id="listExports", summary="Exports, newest first", responses=documented())
async def list_exports(
    parts: PartsDep,
    caller: CallerDep,
    project_id: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> schemas.PageView[schemas.ExportView]:
    async with parts.sessions() as session:
        page = await exports.of_tenant(
            session,
            caller.tenant_id,
            project=project_id,
            after=cursors.read(cursor),
            limit=limit,
        )
    return schemas.PageView(
        items=[views.export(row, files=await _files(parts, row)) for row in page.rows],
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
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    view = await _view(parts, caller, export_id)
    async with parts.feed.listen(view.project_id) as events:
        while True:
            view = await _view(parts, caller, export_id)
            left = deadline - loop.time()
            if view.state not in ("waiting", "active") or left <= 0:
                return view
            try:
                async with asyncio.timeout(min(left, LOOK_AGAIN_SECONDS)):
                    await events.get()
            except TimeoutError:
                continue


@router.post(
    "/{export_id}/cancel",
    operation_id="cancelExport",
    summary="Stop an export",
    status_code=202,
    responses=documented(NOT_FOUND),
)
async def cancel(export_id: ExportId, parts: PartsDep, caller: CallerDep) -> schemas.ExportView:
    view = await _view(parts, caller, export_id)
    stated = await parts.log.state(
        ExportCancelled(
            project=ProjectRef(
                tenant_id=caller.tenant_id, project_id=view.project_id, plan=caller.plan.wire
            ),
            export_id=export_id,
        ),
        fact_id=ids.derive("evt", export_id, "cancelled"),
        once=True,
    )
    await rows.caught_up(parts, stated.sequence)
    return await _view(parts, caller, export_id)


async def _view(parts: Parts, caller: Caller, export_id: str) -> schemas.ExportView:
    row = await _row(parts, caller, export_id)
    waiting = row.state == JobState.WAITING
    running = await parts.log.progress(ids.job("export", export_id)) if waiting else ()
    return views.export(row, files=await _files(parts, row), running=running)


async def _row(parts: Parts, caller: Caller, export_id: str) -> Export:
    async with parts.sessions() as session:
        row = await exports.get(session, caller.tenant_id, export_id)
    if row is None:
        raise Problem(NOT_FOUND, "There is no export of this id.")
    return row


async def _files(parts: Parts, row: Export) -> dict[str, str]:
    """Links that users can follow, each saved under a readable name."""
    if row.state != JobState.COMPLETED:
        return {}
    objects = row.record.get("objects", {})
    return {
        name: await parts.store.presign_get(
            objects[key],
            expires=timedelta(seconds=parts.settings.link_seconds),
            public=True,
            file_name=f"{row.clip_id}-{row.aspect.replace(':', 'x')}.{extension}",
        )
        for name, (key, extension) in FILES.items()
        if objects.get(key)
    }


def _clip(row: Clip) -> documents_pb2.Clip:
    return documents_pb2.Clip(
        id=row.id,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        score=row.score,
        title=row.title,
        text=row.text,
        detector=row.detector,
    )
