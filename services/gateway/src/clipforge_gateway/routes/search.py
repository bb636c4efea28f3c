"""Search: where something is said, in one film or in all of a tenant's."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from clipforge_catalog import wording
from clipforge_catalog.database import in_transaction
from clipforge_catalog.queries import segments
from clipforge_catalog.queries.segments import BEGIN, END, Hit, Hits, Place
from clipforge_gateway import cursors, rows, schemas, spoken, transcript_schemas
from clipforge_gateway.auth import Caller
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import NOT_FOUND, documented
from clipforge_gateway.routes.projects import ProjectId

router = APIRouter(tags=["search"])

Asked = Annotated[
    str,
    Query(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]*$",
        description='Words that are said together; `"a phrase"`, `or` and `-without` work, too',
    ),
]
UNRANKED = -1  # in a cursor: the newest come first


@router.get(
    "/v1/search",
    operation_id="search",
    summary="Where something is said in your films",
    responses=documented(),
)
async def search(
    q: Asked,
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[transcript_schemas.HitView]:
    """The best first; the newest first, where more than 2,000 sentences have the words.

    Words are found in their other forms, too, as the language of each film has them. A page may
    have fewer than `limit`.
    """
    after = cursors.read_numbers(cursor, 3)
    async with parts.sessions() as session:
        await in_transaction(session)
        query = await segments.query_of(session, caller.tenant_id, q)
        if query is None:
            return schemas.PageView(items=[])
        found = await segments.search(
            session, caller.tenant_id, query, after=_place(after), limit=limit
        )
    return await _page(parts, caller, q, found)


@router.get(
    "/v1/projects/{project_id}/transcript/search",
    operation_id="searchTranscript",
    summary="Where something is said in a film",
    responses=documented(NOT_FOUND),
)
async def search_transcript(
    project_id: ProjectId,
    q: Asked,
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[transcript_schemas.HitView]:
    """In the order of the film."""
    try:
        await rows.project(parts, caller, project_id)
    except rows.Pending as pending:
        raise spoken.not_yet() from pending
    await spoken.row(parts, caller, project_id)
    after = _place(cursors.read_numbers(cursor, 3))
    async with parts.sessions() as session:
        query = await segments.query_of(session, caller.tenant_id, q)
        if query is None:
            return schemas.PageView(items=[])
        found = await segments.of_project(
            session,
            caller.tenant_id,
            project_id,
            query,
            after=after.n if after else -1,
            limit=limit,
        )
    return await _page(parts, caller, q, found)


async def _page(
    parts: Parts, caller: Caller, asked: str, found: Hits
) -> schemas.PageView[transcript_schemas.HitView]:
    projects = {hit.segment.project_id for hit in found.hits}
    async with parts.sessions() as session:
        clips = await segments.clips_of(session, caller.tenant_id, projects)
    return schemas.PageView(
        items=[_view(hit, asked, clips) for hit in found.hits], next=_cursor(found.next)
    )


def _view(
    hit: Hit, asked: str, clips: Sequence[tuple[str, str, int, int]]
) -> transcript_schemas.HitView:
    segment = hit.segment
    middle = (segment.start_ms + segment.end_ms) / 2
    return transcript_schemas.HitView(
        project_id=segment.project_id,
        project_title=hit.project_title,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        text=segment.text,
        highlights=highlights(segment.text, hit.marked, asked),
        first_word=segment.first_word,
        last_word=segment.first_word + max(segment.words - 1, 0),
        clip_ids=[
            clip
            for clip, project, start, end in clips
            if project == segment.project_id and start <= middle < end
        ],
    )


def highlights(text: str, marked: str, asked: str) -> list[tuple[int, int]]:
    """Where in a text the words of a query are, by the marks that the database has made.

    It drops what looks like a tag from what it marks, and marks nothing of scripts without spaces.
    """
    pieces = [piece.partition(END)[0] for piece in marked.split(BEGIN)[1:]]
    if not pieces:
        pieces = wording.wide_runs(asked)
    found: list[tuple[int, int]] = []
    reached = 0
    for piece in pieces:
        at = text.find(piece, reached)
        if piece and at >= 0:
            reached = at + len(piece)
            found.append((at, reached))
    return found


def _place(numbers: tuple[int, ...] | None) -> Place | None:
    if numbers is None:
        return None
    rank, sequence, n = numbers
    return Place(None if rank == UNRANKED else rank, sequence, n)


def _cursor(place: Place | None) -> str | None:
    if place is None:
        return None
    rank = UNRANKED if place.rank is None else place.rank
    return cursors.write_numbers(rank, place.sequence, place.n)
