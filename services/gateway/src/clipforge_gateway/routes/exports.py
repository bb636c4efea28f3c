"""Exports: clips rendered on request."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from google.protobuf.json_format import ParseDict

from clipforge.v1 import documents_pb2
from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ExportCancelled, ExportRequested, ProjectCancelled
from clipforge_catalog.queries import clips, exports, figures, jobs, projects
from clipforge_catalog.tables import Clip, Export, JobState
from clipforge_contracts import ids
from clipforge_contracts.plans import Plan
from clipforge_gateway import cursors, rows, schemas, views
from clipforge_gateway.admission import Admitted
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import (
    BACKLOG,
    CONFLICT,
    GONE,
    NO_ROOM,
    NOT_FOUND,
    Problem,
    documented,
)
from clipforge_gateway.routes.projects import (
    LOOK_AGAIN_SECONDS,
    Wait,
    render_options,
    something_happened,
)
from clipforge_runtime.bus import Contradicted
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
    responses=documented(NOT_FOUND, CONFLICT, GONE, BACKLOG, NO_ROOM),
    dependencies=[Admitted],
)
async def create(
    body: schemas.CreateExport, parts: PartsDep, caller: CallerDep, response: Response
) -> schemas.ExportView:
    """Asking twice for the same clip in the same look renders it once.

    Where that has failed or was cancelled, asking again is another export.
    """
    fact = await _request(parts, caller, body)
    about = {"tenant": caller.tenant_id, "project": fact.project.project_id}
    if await parts.log.last(ProjectCancelled, about=fact.project.project_id, **about):
        raise Problem(CONFLICT, "The project of this clip was cancelled: submit the film again.")
    with contextlib.suppress(Contradicted):  # clip detection has asked for the same before
        async with parts.submissions.of(caller.tenant_id) as submission:
            stated = await parts.log.state(
                fact,
                fact_id=ids.derive("evt", fact.export_id, "requested"),
                lane=submission.lane,
                headers=trace_headers(),
                once=True,
            )
            submission.sequence = stated.sequence
        await rows.caught_up(parts, stated.sequence)
    response.headers["Location"] = f"/v1/exports/{fact.export_id}"
    return await _view(parts, caller, fact.export_id)


async def _request(parts: Parts, caller: Caller, body: schemas.CreateExport) -> ExportRequested:
    async with parts.sessions() as session:
        clip = await clips.get(session, caller.tenant_id, body.clip_id)
        project = await projects.get(session, caller.tenant_id, clip.project_id) if clip else None
        if clip is None or project is None:
            raise Problem(NOT_FOUND, "There is no clip of this id.")
        asset = (await projects.assets(session, [project])).get(project.asset_id or "")
        former = await exports.of_clip(session, caller.tenant_id, clip.id)
    if project.expired_at is not None:
        raise Problem(GONE, "The film of this clip has expired: submit it again.")
    if asset is None or project.transcript_key is None:
        raise Problem(CONFLICT, "The film of this clip is not ready.")
    look = (body.aspect, body.style, body.quality, body.height)
    return ExportRequested(
        project=ProjectRef(
            tenant_id=caller.tenant_id, project_id=project.id, plan=Plan(project.plan).wire
        ),
        export_id=_export_id((clip.id, clip.start_ms, clip.end_ms, *look), former),
        clip=_clip(clip),
        render=render_options(body),
        media=ParseDict(asset.media, documents_pb2.MediaInfo()),
        source_key=asset.objects["source_key"],
        transcript_key=project.transcript_key,
    )


def _export_id(what: Sequence[str | int], former: Mapping[str, str]) -> str:
    """The same for the same wish, as clip detection derives it, past those that came to nothing."""
    for again in range(len(former) + 1):
        export_id = ids.derive("exp", *what, *((again,) if again else ()))
        if former.get(export_id) not in (JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED):
            break
    return export_id


@router.get("", operation_id="listExports", summary="Exports, newest first", responses=documented())
async def list_exports(
    parts: PartsDep,
    caller: CallerDep,
    project_id: Annotated[str | None, Query(pattern=r"^prj_[a-z0-9]{26}$")] = None,
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
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    view = await _view(parts, caller, export_id)
    async with parts.feed.listen(view.project_id) as events:
        while True:
            view = await _view(parts, caller, export_id)
            left = deadline - loop.time()
            if view.state in views.ENDED or left <= 0:
                return view
            if not await something_happened(events, within=min(left, LOOK_AGAIN_SECONDS)):
                return view


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
    row = await rows.export(parts, caller, export_id)
    if isinstance(row, rows.Requested):
        return views.requested(row.fact, row.entry.time)
    standing, left = views.UNKNOWN, None
    if row.state == JobState.WAITING:
        async with parts.sessions() as session:
            known = await jobs.latest(session, row.project_id, "export", export_id)
            job = known or ids.job("export", export_id)
            _, length = (await figures.lengths(session, [job])).get(job, ("", 0))
        standing = await rows.standing(parts, job)
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
