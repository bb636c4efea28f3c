"""Server-sent events of a project, or of all projects of a tenant: facts and progress, live."""

import contextlib
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from clipforge_gateway import rows
from clipforge_gateway.feed import Event
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import NOT_FOUND, documented
from clipforge_gateway.routes.projects import ProjectId

log = logging.getLogger(__name__)
router = APIRouter(tags=["events"])

_SEQUENCE: Final = re.compile(r"[0-9]{1,18}")
KEEP_ALIVE_SECONDS: Final = 15.0  # below the idle timeout of common proxies, 30 to 60 s
STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Events named after facts", "content": {"text/event-stream": {}}}
}
LastEventId = Annotated[str, Header(alias="Last-Event-ID", max_length=64)]


@router.get(
    "/v1/projects/{project_id}/events",
    operation_id="streamEvents",
    summary="What happens to a project, live",
    response_class=StreamingResponse,
    responses={**documented(NOT_FOUND), **STREAM},
)
async def stream(
    project_id: ProjectId, parts: PartsDep, caller: CallerDep, last_event_id: LastEventId = ""
) -> StreamingResponse:
    """Begins with what has happened; with Last-Event-ID, with what happened since."""
    with contextlib.suppress(rows.Pending):  # its facts are in the log already
        await rows.project(parts, caller, project_id)
    after = _after(parts, last_event_id)
    events = parts.feed.stream(caller.tenant_id, project_id, after=after, quiet=KEEP_ALIVE_SECONDS)
    return _answer(events, parts)


@router.get(
    "/v1/events",
    operation_id="streamAllEvents",
    summary="What happens to all of your projects, live",
    response_class=StreamingResponse,
    responses={**documented(), **STREAM},
)
async def stream_all(
    parts: PartsDep, caller: CallerDep, last_event_id: LastEventId = ""
) -> StreamingResponse:
    """Begins now, and says first by which id to come back; with Last-Event-ID, with what happened
    since. `project_id` says whose event it is.
    """
    if last_event_id:
        after = _after(parts, last_event_id)
    else:
        newest = await parts.log.last_of_tenant(caller.tenant_id)
        after = newest.sequence if newest is not None else 0
    events = parts.feed.stream(caller.tenant_id, after=after, quiet=KEEP_ALIVE_SECONDS)
    # An id without an event: who breaks off before the first one misses nothing, either.
    return _answer(events, parts, f"id: {parts.feed.incarnation}-{after}\n")


def _after(parts: Parts, last_event_id: str) -> int:
    """The sequence that an id names; 0 where it is none of ours: from the beginning."""
    incarnation, _, sequence = last_event_id.partition("-")
    ours = incarnation == parts.feed.incarnation and _SEQUENCE.fullmatch(sequence)
    return int(sequence) if ours else 0


def _answer(
    events: AsyncGenerator[Event | None], parts: Parts, first: str = ""
) -> StreamingResponse:
    return StreamingResponse(
        _lines(events, parts, first),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _lines(
    events: AsyncGenerator[Event | None], parts: Parts, first: str
) -> AsyncIterator[str]:
    yield f"{first}retry: 2000\n\n"
    try:
        async with aclosing(events):
            async for event in events:
                yield ": still here\n\n" if event is None else await parts.event_lines.of(event)
    except Exception:  # whatever it is, the client comes back with its last id
        log.warning("an event stream ends early", exc_info=True)
