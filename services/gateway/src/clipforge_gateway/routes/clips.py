"""Clips and transcripts of a project."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from clipforge.v1.documents_pb2 import Transcript
from clipforge_catalog.queries import clips, projects
from clipforge_contracts import documents, subtitles
from clipforge_gateway import rows, schemas, views
from clipforge_gateway.parts import CallerDep, PartsDep
from clipforge_gateway.problems import NOT_FOUND, Problem, documented
from clipforge_gateway.routes.projects import ProjectId

router = APIRouter(tags=["clips"])

ClipId = Annotated[str, Path(max_length=64, pattern=r"^clip_[a-z0-9]{26}$")]
Format = Literal["json", "srt", "vtt", "txt"]


@router.get(
    "/v1/projects/{project_id}/clips",
    operation_id="listClips",
    summary="The best moments of a film",
    responses=documented(NOT_FOUND),
)
async def list_clips(
    project_id: ProjectId,
    parts: PartsDep,
    caller: CallerDep,
    order: Annotated[Literal["score", "time"], Query()] = "score",
) -> schemas.PageView[schemas.ClipView]:
    """At most 50, best first or in the order of the film."""
    try:
        await rows.project(parts, caller, project_id)
    except rows.Pending:
        return schemas.PageView(items=[])
    async with parts.sessions() as session:
        found = await clips.of_project(
            session, caller.tenant_id, project_id, by_time=order == "time"
        )
    return schemas.PageView(items=[views.clip(row) for row in found])


@router.get(
    "/v1/clips/{clip_id}",
    operation_id="getClip",
    summary="A clip",
    responses=documented(NOT_FOUND),
)
async def get_clip(clip_id: ClipId, parts: PartsDep, caller: CallerDep) -> schemas.ClipView:
    async with parts.sessions() as session:
        row = await clips.get(session, caller.tenant_id, clip_id)
    if row is None:
        raise Problem(NOT_FOUND, "There is no clip of this id.")
    return views.clip(row)


@router.get(
    "/v1/projects/{project_id}/transcript",
    operation_id="getTranscript",
    summary="What is said, with times",
    responses={
        **documented(NOT_FOUND),
        200: {
            "description": "The transcript in the format asked for",
            "content": {
                "application/json": {},
                "application/x-subrip": {},
                "text/vtt": {},
                "text/plain": {},
            },
        },
    },
    response_class=Response,
)
async def get_transcript(
    project_id: ProjectId,
    parts: PartsDep,
    caller: CallerDep,
    format: Annotated[Format, Query(description="json has every word")] = "json",
) -> Response:
    try:
        await rows.project(parts, caller, project_id)
    except rows.Pending as pending:
        raise _not_yet() from pending
    async with parts.sessions() as session:
        row = await projects.transcript(session, caller.tenant_id, project_id)
    if row is None:
        raise _not_yet()
    body = await parts.store.read(row.key)
    if format == "json":
        return Response(body, media_type="application/json")
    transcript = documents.from_json(body, Transcript)
    match format:
        case "srt":
            return Response(subtitles.srt(transcript), media_type="application/x-subrip")
        case "vtt":
            return Response(subtitles.vtt(transcript), media_type="text/vtt")
        case "txt":
            return Response(subtitles.txt(transcript), media_type="text/plain; charset=utf-8")


def _not_yet() -> Problem:
    return Problem(NOT_FOUND, "This project has no transcript yet: wait until it is transcribed.")
