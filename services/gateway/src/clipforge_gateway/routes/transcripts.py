"""Transcripts: what is said in a film, read in four formats, searched, and corrected."""

import asyncio
import contextlib
import hashlib
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import TranscriptEdited
from clipforge_catalog.tables import Project, Transcript
from clipforge_contracts import ids, keys, subtitles
from clipforge_contracts.documents import to_json
from clipforge_contracts.plans import Plan
from clipforge_gateway import correcting, etags, rows, schemas, spoken, transcript_schemas
from clipforge_gateway.auth import Caller
from clipforge_gateway.corrections import Uncorrectable
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.editing import LATER, next_version
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import CONFLICT, INVALID, NOT_FOUND, Problem, documented
from clipforge_gateway.routes.projects import ProjectId
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/projects/{project_id}/transcript", tags=["transcripts"])

Format = Literal["json", "srt", "vtt", "txt"]
MEDIA_TYPES: Final = {
    "json": "application/json",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "txt": "text/plain; charset=utf-8",
}


@router.get(
    "",
    operation_id="getTranscript",
    summary="What is said, with times",
    responses={
        **documented(NOT_FOUND),
        200: {
            "description": "The transcript in the format asked for",
            "content": {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()},
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
    """The `ETag` of `json` is the `If-Match` of a correction."""
    row, _ = await _newest(parts, caller, project_id)
    headers = {"ETag": spoken.tag(parts, row, format)}
    if format == "json":
        body: bytes | str = await spoken.text(parts, row)
    else:
        written = {"srt": subtitles.srt, "vtt": subtitles.vtt, "txt": subtitles.txt}[format]
        body = await asyncio.to_thread(written, await spoken.document(parts, row))
    return Response(body, media_type=MEDIA_TYPES[format], headers=headers)


@router.get(
    "/words",
    operation_id="listWords",
    summary="The words of a transcript, with their indexes",
    responses=documented(NOT_FOUND),
)
async def list_words(
    project_id: ProjectId,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    start_ms: Annotated[int, Query(ge=0, description="Words that end after it")] = 0,
    end_ms: Annotated[int | None, Query(ge=0, description="Words that begin before it")] = None,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[transcript_schemas.WordView]:
    """Its `ETag` names the version: send it as `If-Match` with corrections by these indexes."""
    row, _ = await _newest(parts, caller, project_id)
    first = correcting.read_index(cursor)
    words = subtitles.words(await spoken.document(parts, row))
    inside = [
        (index, word)
        for index, word in enumerate(words)
        if index >= first and word.end_ms > start_ms and (end_ms is None or word.start_ms < end_ms)
    ]
    response.headers["ETag"] = spoken.tag(parts, row)
    return schemas.PageView(
        items=[correcting.view(index, word) for index, word in inside[:limit]],
        next=correcting.write_index(inside[limit][0]) if len(inside) > limit else None,
    )


@router.patch(
    "",
    operation_id="editTranscript",
    summary="Correct what is said",
    responses={
        **documented(NOT_FOUND, CONFLICT),
        202: {"description": LATER, "model": transcript_schemas.TranscriptView},
    },
)
async def edit(
    project_id: ProjectId,
    body: transcript_schemas.EditTranscript,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    if_match: etags.IfMatch = "",
) -> transcript_schemas.TranscriptView:
    """Nothing is heard again: words keep their times, and captions of later exports follow.

    All operations are made, or none.
    """

    async def once() -> transcript_schemas.TranscriptView:
        row, project = await _newest(parts, caller, project_id)
        etags.require_match(if_match, spoken.tag(parts, row))
        whole = await spoken.document(parts, row)
        try:
            made = await asyncio.to_thread(correcting.corrected, whole, body.operations)
        except Uncorrectable as error:
            raise Problem(INVALID, str(error)) from error
        stored = await asyncio.to_thread(to_json, made)
        key = keys.transcript(caller.tenant_id, hashlib.sha256(stored).hexdigest())
        if key == row.key:  # said twice, it is done once
            response.headers["ETag"] = spoken.tag(parts, row)
            return _view(row)
        # By its content: whoever else writes it writes the same. The fact makes it the transcript.
        await parts.store.write(key, stored, content_type="application/json")
        return await _state(parts, project, row, key, made, response)

    return await next_version(
        once, busy="Others correct this transcript at this moment. Read it and try again."
    )


async def _newest(parts: Parts, caller: Caller, project_id: str) -> tuple[Transcript, Project]:
    """A project and its transcript, as the newest fact of the project has them."""
    try:
        seen = await rows.seen(parts, caller, project_id)
    except rows.Pending as pending:
        raise spoken.not_yet() from pending
    return await spoken.of(parts, seen), seen.row


async def _state(
    parts: Parts,
    project: Project,
    row: Transcript,
    key: str,
    made: documents.Transcript,
    response: Response,
) -> transcript_schemas.TranscriptView:
    fact = TranscriptEdited(
        project=ProjectRef(
            tenant_id=project.tenant_id, project_id=project.id, plan=Plan(project.plan).wire
        ),
        version=row.version + 1,
        transcript_key=key,
        words=len(subtitles.words(made)),
    )
    stated = await parts.log.state(
        fact,
        fact_id=ids.derive("evt", project.id, fact.version, key),
        headers=trace_headers(),
        once=True,
    )
    there = await rows.caught_up(parts, stated.sequence) and await _laid_out(parts, project, key)
    if not there:
        response.status_code = 202
        response.headers["Location"] = f"/v1/projects/{project.id}/transcript"
    response.headers["ETag"] = etags.of_sequence(parts.feed.incarnation, stated.sequence)
    return transcript_schemas.TranscriptView(
        project_id=project.id, version=fact.version, words=fact.words, language=row.language
    )


async def _laid_out(parts: Parts, project: Project, key: str) -> bool:
    """Wait a moment until clips and search tell what is said now."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(rows.CATCH_UP_SECONDS):
            while True:
                async with parts.sessions() as session:
                    row = await session.get(Transcript, project.id)
                if row is None or row.laid_out_key == key:
                    return True
                await asyncio.sleep(rows.POLL_SECONDS)
    return False


def _view(row: Transcript) -> transcript_schemas.TranscriptView:
    return transcript_schemas.TranscriptView(
        project_id=row.project_id,
        version=row.version,
        words=row.words,
        language=row.language,
        edited_at=row.edited_at,
    )
