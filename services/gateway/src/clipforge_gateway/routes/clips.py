"""Clips of a project, found and made."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from clipforge_catalog.queries import clips, projects
from clipforge_gateway import clip_schemas, cursors, etags, rows, schemas, views
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.near import Read
from clipforge_gateway.parts import CallerDep, PartsDep
from clipforge_gateway.problems import NOT_FOUND, Problem, documented
from clipforge_gateway.routes.projects import ProjectId

router = APIRouter(tags=["clips"])

ClipId = Annotated[str, Path(max_length=64, pattern=r"^clip_[a-z0-9]{26}$")]


@router.get(
    "/v1/projects/{project_id}/clips",
    operation_id="listClips",
    summary="The best moments of a film",
    responses=documented(NOT_FOUND),
    response_model=schemas.PageView[clip_schemas.ClipView],
)
async def list_clips(
    project_id: ProjectId,
    parts: PartsDep,
    caller: CallerDep,
    order: Annotated[Literal["score", "time"], Query()] = "score",
    cursor: After = "",
    limit: Limit = 20,
) -> Response:
    """Best first, and those made by hand last; or in the order of the film."""
    after = cursors.read(cursor)
    try:
        seen = await rows.seen(parts, caller, project_id)
    except rows.Pending:
        return _answer(b'{"items":[],"next":null}')

    async def read() -> Read[bytes]:
        sessions = await rows.sessions_at(parts, caller.tenant_id, seen.version)
        async with sessions() as session:
            # Before the clips: what they say follows its corrections, without a fact of its own.
            told = await projects.transcript(session, caller.tenant_id, project_id)
            page = await clips.of_project(
                session,
                caller.tenant_id,
                project_id,
                by_time=order == "time",
                after=after,
                limit=limit,
            )
        view = schemas.PageView[clip_schemas.ClipView](
            items=[views.clip(row) for row in page.rows], next=cursors.write(page.next)
        )
        body = view.model_dump_json().encode()
        return Read(body, len(body), keep=told is None or told.laid_out_key == told.key)

    what = (order, cursor, limit)
    return _answer(await parts.near.clips.get(seen.owner, what, seen.version, read))


@router.get(
    "/v1/clips/{clip_id}",
    operation_id="getClip",
    summary="A clip",
    responses=documented(NOT_FOUND),
)
async def get_clip(
    clip_id: ClipId, parts: PartsDep, caller: CallerDep, response: Response
) -> clip_schemas.ClipView:
    """Its `ETag` is the `If-Match` of an edit."""
    async with parts.sessions() as session:
        row = await clips.get(session, caller.tenant_id, clip_id)
    if row is None:
        raise Problem(NOT_FOUND, "There is no clip of this id.")
    response.headers["ETag"] = etags.of_sequence(parts.feed.incarnation, row.sequence)
    return views.clip(row)


def _answer(body: bytes) -> Response:
    return Response(body, media_type="application/json")
