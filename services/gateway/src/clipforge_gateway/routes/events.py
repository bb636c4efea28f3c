"""Server-sent events of a project: its facts from the beginning, then live, with progress."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from clipforge.v1.facts_pb2 import (
    ClipEdited,
    ClipExported,
    ClipsDetected,
    ExportCancelled,
    ExportRequested,
    ProjectEdited,
    StageFailed,
    TranscriptEdited,
    VideoImported,
    VideoTranscribed,
)
from clipforge_catalog.database import AWAY
from clipforge_catalog.queries import figures
from clipforge_contracts.facts import Fact, fact_name
from clipforge_gateway import rows
from clipforge_gateway.feed import Event
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import NOT_FOUND, documented
from clipforge_gateway.routes.projects import ProjectId
from clipforge_runtime.bus import Entry, Progress

log = logging.getLogger(__name__)
router = APIRouter(tags=["events"])

_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")
Lengths = dict[str, tuple[str, int]]
"""What one stream knows of the jobs of its project: their stage, and ms of their media."""
MOST_JOBS: Final = 1000  # of one project, whose lengths one stream keeps
KEEP_ALIVE_SECONDS: Final = 15.0  # below the idle timeout of common proxies, 30 to 60 s


@router.get(
    "/v1/projects/{project_id}/events",
    operation_id="streamEvents",
    summary="What happens to a project, live",
    response_class=StreamingResponse,
    responses={
        **documented(NOT_FOUND),
        200: {"description": "Events named after facts", "content": {"text/event-stream": {}}},
    },
)
async def stream(
    project_id: ProjectId,
    parts: PartsDep,
    caller: CallerDep,
    last_event_id: Annotated[str, Header(alias="Last-Event-ID", max_length=64)] = "",
) -> StreamingResponse:
    """Begins with what has happened; with Last-Event-ID, with what happened since."""
    with contextlib.suppress(rows.Pending):  # its facts are in the log already
        await rows.project(parts, caller, project_id)
    incarnation, _, sequence = last_event_id.partition("-")
    ours = incarnation == parts.feed.incarnation and _SEQUENCE.fullmatch(sequence)
    after = int(sequence) if ours else 0
    events = parts.feed.stream(caller.tenant_id, project_id, after=after)
    return StreamingResponse(
        _lines(events, parts),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _lines(events: AsyncGenerator[Event], parts: Parts) -> AsyncIterator[str]:
    # The generator is read by a task, since a timeout around anext() would end it.
    arrived: asyncio.Queue[Event | None] = asyncio.Queue(maxsize=1)

    async def read() -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    await arrived.put(event)
        except Exception:  # whatever it is, the client comes back with its last id
            log.warning("an event stream ends early", exc_info=True)
        await arrived.put(None)

    reading = asyncio.create_task(read())
    lengths: Lengths = {}
    try:
        yield "retry: 2000\n\n"
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    event = await arrived.get()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if event is None:
                return
            if isinstance(event, Progress):
                yield await _progress(event, parts, lengths)
            else:
                yield _fact(event, parts.feed.incarnation)
    finally:
        reading.cancel()


async def _progress(report: Progress, parts: Parts, lengths: Lengths) -> str:
    body: dict[str, Any] = {"job": report.job, "percent": report.percent, "step": report.step}
    try:
        stage, length = await _length(report.job, parts, lengths)
        if stage:
            left = await parts.paces.job_left(stage, report.percent, length)
            body |= {"stage": stage, "seconds_left": left}
    except AWAY as error:
        log.warning("progress without an estimate, the database is away: %s", error)
    return f"event: progress\ndata: {json.dumps(body)}\n\n"


async def _length(job: str, parts: Parts, lengths: Lengths) -> tuple[str, int]:
    """A job's stage, and the length of its media, which is looked up until it is known."""
    if not lengths.get(job, ("", 0))[1]:
        if len(lengths) > MOST_JOBS:
            lengths.clear()
        async with parts.sessions() as session:
            lengths |= await figures.lengths(session, [job])
    return lengths.get(job, ("", 0))


def _fact(event: Entry, incarnation: str) -> str:
    assert event.fact is not None  # noqa: S101  (the feed passes only what could be read)
    data = json.dumps(_told(event, event.fact), ensure_ascii=False)
    return f"id: {incarnation}-{event.sequence}\nevent: {fact_name(event.fact)}\ndata: {data}\n\n"


def _told(entry: Entry, fact: Fact) -> dict[str, Any]:
    """What a client learns of a fact: no keys of objects, no addresses."""
    at = entry.time.astimezone(UTC) if entry.time else datetime.now(UTC)
    told: dict[str, Any] = {"id": entry.fact_id, "at": at.isoformat(timespec="milliseconds")}
    match fact:
        case VideoImported():
            told |= {"duration_ms": fact.media.duration_ms, "reused": fact.reused}
        case VideoTranscribed():
            told |= {"language": fact.language, "words": fact.words, "notice": fact.notice}
            told |= {"cached": fact.cached}
        case ProjectEdited():
            told |= {"version": fact.version, "title": fact.title}
        case TranscriptEdited():
            told |= {"version": fact.version, "words": fact.words}
        case ClipsDetected():
            told |= {"clips": len(fact.clips)}
        case ClipEdited():
            told |= {"clip_id": fact.clip.id, "version": fact.version, "deleted": fact.deleted}
        case ExportRequested():
            told |= {"export_id": fact.export_id, "clip_id": fact.clip.id}
        case ClipExported():
            told |= {"export_id": fact.export_id, "clip_id": fact.clip_id, "cached": fact.cached}
        case ExportCancelled():
            told |= {"export_id": fact.export_id}
        case StageFailed():
            told |= {
                "stage": fact.stage,
                "about": fact.about,
                "reason": fact.reason,
                "sentence": fact.sentence,
            }
        case _:
            pass
    return told
