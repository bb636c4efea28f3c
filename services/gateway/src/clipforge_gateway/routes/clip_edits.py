"""Clips that people make, edit and delete."""

from typing import Final

from fastapi import APIRouter, Response

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ClipEdited
from clipforge_catalog.queries import clips, projects
from clipforge_catalog.tables import Clip, Project
from clipforge_contracts import ids
from clipforge_contracts.documents import as_dict
from clipforge_contracts.excerpts import said_between, shortened
from clipforge_contracts.plans import LONGEST_CLIP, Plan
from clipforge_gateway import clip_schemas, cutting, etags, rows, spoken, views
from clipforge_gateway.auth import Caller
from clipforge_gateway.cutting import Edges
from clipforge_gateway.editing import LATER, next_version
from clipforge_gateway.parts import CallerDep, Parts, PartsDep, SeedDep
from clipforge_gateway.problems import (
    CONFLICT,
    INVALID,
    KEY_REUSED,
    NOT_FOUND,
    Problem,
    documented,
)
from clipforge_gateway.routes.clips import ClipId
from clipforge_gateway.routes.projects import ProjectId
from clipforge_runtime.bus import Contradicted
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(tags=["clips"])

TITLE: Final = 80  # letters of a title that is made of what is said first
MOST: Final = 500  # clips of one film, found and made


@router.post(
    "/v1/projects/{project_id}/clips",
    operation_id="createClip",
    summary="Make a clip by hand",
    status_code=201,
    responses={
        **documented(NOT_FOUND, CONFLICT, KEY_REUSED),
        202: {"description": LATER, "model": clip_schemas.ClipView},
    },
)
async def create(
    project_id: ProjectId,
    body: clip_schemas.CreateClip,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    seed: SeedDep,
) -> clip_schemas.ClipView:
    """From times, or from words of the transcript. Nobody scores it: its `score` is null."""
    project = await _project(parts, caller, project_id)
    await _has_room(parts, project)
    words = await spoken.words(parts, caller, project_id)
    edges = await _edges(parts, caller, project, words, body, None)
    text = said_between(words, edges.start_ms, edges.end_ms)
    clip = documents.Clip(
        id=seed.id("clip"),
        start_ms=edges.start_ms,
        end_ms=edges.end_ms,
        title=body.title or shortened(text, TITLE),
        hashtags=body.hashtags,
        text=text,
        detector=views.BY_HAND,
    )
    fact = ClipEdited(project=_ref(caller, project), clip=clip, version=1)
    try:
        view = await _state(parts, fact, response, done=201)
    except Contradicted as other:
        raise Problem(KEY_REUSED, "Use a new Idempotency-Key for another clip.") from other
    return view


@router.patch(
    "/v1/clips/{clip_id}",
    operation_id="editClip",
    summary="Edit a clip",
    responses={
        **documented(NOT_FOUND, CONFLICT),
        202: {"description": LATER, "model": clip_schemas.ClipView},
    },
)
async def edit(
    clip_id: ClipId,
    body: clip_schemas.EditClip,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    if_match: etags.IfMatch = "",
) -> clip_schemas.ClipView:
    """Its title, hashtags and edges. What was exported of it stays as it is."""

    async def once() -> clip_schemas.ClipView:
        clip, project = await _clip(parts, caller, clip_id)
        etags.require_match(if_match, tag(parts, clip))
        fact = ClipEdited(
            project=_ref(caller, project),
            clip=await _changed(parts, caller, clip, project, body),
            version=clip.version + 1,
        )
        if fact.clip == document(clip):  # said twice, it is done once
            response.headers["ETag"] = tag(parts, clip)
            return views.clip(clip)
        return await _state(parts, fact, response, done=200)

    return await next_version(
        once, busy="Others edit this clip at this moment. Read it and try again."
    )


@router.delete(
    "/v1/clips/{clip_id}",
    operation_id="deleteClip",
    summary="Delete a clip",
    status_code=204,
    responses={**documented(NOT_FOUND, CONFLICT), 202: {"description": LATER}},
)
async def delete(clip_id: ClipId, parts: PartsDep, caller: CallerDep) -> Response:
    """Hide it from every list. Its exports stay. Deleting twice is no error."""

    async def once() -> Response:
        clip, project = await _clip(parts, caller, clip_id, or_deleted=True)
        if clip.deleted_at is not None:
            return Response(status_code=204)
        fact = ClipEdited(
            project=_ref(caller, project),
            clip=document(clip),
            version=clip.version + 1,
            deleted=True,
        )
        gone = Response()
        await _state(parts, fact, gone, done=204)
        where = {"Location": gone.headers["Location"]} if gone.status_code == 202 else {}
        return Response(status_code=gone.status_code, headers=where)

    return await next_version(once, busy="Others edit this clip at this moment. Try again.")


def tag(parts: Parts, clip: Clip) -> str:
    """The entity tag of a clip."""
    return etags.of_sequence(parts.feed.incarnation, clip.sequence)


def document(row: Clip) -> documents.Clip:
    """A clip as it travels."""
    return documents.Clip(
        id=row.id,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        score=row.score,
        confidence=row.confidence,
        title=row.title,
        reasons=row.reasons,
        hashtags=row.hashtags,
        factors=[documents.Factor(**factor) for factor in row.factors],
        text=row.text,
        detector=row.detector,
    )


async def _clip(
    parts: Parts, caller: Caller, clip_id: str, *, or_deleted: bool = False
) -> tuple[Clip, Project]:
    """A clip as the newest fact of its project has it, and that project."""
    find = clips.with_deleted if or_deleted else clips.get
    async with parts.sessions() as session:
        seen = await find(session, caller.tenant_id, clip_id)
    if seen is not None:
        project = await rows.project(parts, caller, seen.project_id)  # waits for its newest fact
        async with parts.sessions() as session:
            if newest := await find(session, caller.tenant_id, clip_id):
                return newest, project
    raise Problem(NOT_FOUND, "There is no clip of this id.")


async def _project(parts: Parts, caller: Caller, project_id: str) -> Project:
    try:
        return await rows.project(parts, caller, project_id)
    except rows.Pending as pending:
        raise spoken.not_yet() from pending


async def _has_room(parts: Parts, project: Project) -> None:
    async with parts.sessions() as session:
        number = (await clips.count(session, [project.id])).get(project.id, 0)
    if number >= MOST:
        raise Problem(CONFLICT, f"A film has at most {MOST} clips: delete some of them.")


async def _changed(
    parts: Parts, caller: Caller, row: Clip, project: Project, body: clip_schemas.EditClip
) -> documents.Clip:
    clip = document(row)
    if body.title is not None:
        clip.title = body.title
    if body.hashtags is not None:
        clip.hashtags[:] = body.hashtags
    if body.by_times or body.by_words:
        words = await spoken.words(parts, caller, project.id)
        edges = await _edges(parts, caller, project, words, body, row)
        clip.start_ms, clip.end_ms = edges.start_ms, edges.end_ms
        clip.text = said_between(words, edges.start_ms, edges.end_ms)
    return clip


async def _edges(
    parts: Parts,
    caller: Caller,
    project: Project,
    words: list[documents.Word],
    body: clip_schemas.CreateClip | clip_schemas.EditClip,
    row: Clip | None,
) -> Edges:
    async with parts.sessions() as session:
        asset = (await projects.assets(session, [project])).get(project.asset_id or "")
    film_ms = int(asset.media["duration_ms"]) if asset else 0
    try:
        return cutting.checked(
            _wanted(words, body, row), film_ms=film_ms, longest=LONGEST_CLIP[caller.plan]
        )
    except cutting.Uncuttable as error:
        raise Problem(INVALID, str(error)) from error


def _wanted(
    words: list[documents.Word],
    body: clip_schemas.CreateClip | clip_schemas.EditClip,
    row: Clip | None,
) -> Edges:
    """What the body asks for; an edge that it does not name stays where it is."""
    if body.first_word is not None and body.last_word is not None:
        return cutting.at_words(words, body.first_word, body.last_word)
    start = body.start_ms if body.start_ms is not None else row.start_ms if row else 0
    end = body.end_ms if body.end_ms is not None else row.end_ms if row else 0
    edges = Edges(start, end)
    return cutting.snapped(words, edges) if body.snap else edges


async def _state(
    parts: Parts, fact: ClipEdited, response: Response, *, done: int
) -> clip_schemas.ClipView:
    """State it, and wait a moment for its row: then it is done, else on its way (202)."""
    stated = await parts.log.state(
        fact,
        fact_id=ids.derive("evt", fact.clip.id, fact.version, fact.SerializeToString().hex()),
        headers=trace_headers(),
        once=True,
    )
    caught_up = await rows.caught_up(parts, stated.sequence)
    response.status_code = done if caught_up else 202
    if response.status_code in (201, 202):
        response.headers["Location"] = f"/v1/clips/{fact.clip.id}"
    response.headers["ETag"] = etags.of_sequence(parts.feed.incarnation, stated.sequence)
    row = Clip(
        **as_dict(fact.clip),
        tenant_id=fact.project.tenant_id,
        project_id=fact.project.project_id,
        rank=0,
        version=fact.version,
        sequence=stated.sequence,
    )
    return views.clip(row)


def _ref(caller: Caller, project: Project) -> ProjectRef:
    return ProjectRef(
        tenant_id=caller.tenant_id, project_id=project.id, plan=Plan(project.plan).wire
    )
