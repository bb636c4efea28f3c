"""Server-sent events of a project: its facts from the beginning, then live, with progress."""

import contextlib
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Final

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
    events = parts.feed.stream(caller.tenant_id, project_id, after=after, quiet=KEEP_ALIVE_SECONDS)
    return StreamingResponse(
        _lines(events, parts),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _lines(events: AsyncGenerator[Event | None], parts: Parts) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    try:
        async with aclosing(events):
            async for event in events:
                yield ": still here\n\n" if event is None else await parts.event_lines.of(event)
    except Exception:  # whatever it is, the client comes back with its last id
        log.warning("an event stream ends early", exc_info=True)
