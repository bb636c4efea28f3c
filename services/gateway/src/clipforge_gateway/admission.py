"""Whether new work is taken on. What was taken on before is always finished, read and cancelled."""

import asyncio
import logging
from typing import Final, Literal, get_args

from fastapi import Depends
from prometheus_client import Counter

from clipforge_catalog.database import AWAY
from clipforge_catalog.queries import jobs
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import BACKLOG, NO_ROOM, UNAVAILABLE, Kind, Problem
from clipforge_runtime.telemetry import at_nothing

log = logging.getLogger(__name__)

REFUSED: Final = Counter(
    "clipforge_refused_total", "Requests for new work that were refused early", ["reason"]
)
Reason = Literal["database", "log", "store", "room", "backlog"]
at_nothing(REFUSED, get_args(Reason))
AWAY_SENTENCE: Final = "The {} does not answer, so new work is not taken on. Try again soon."


async def _admit(parts: PartsDep, caller: CallerDep) -> None:
    """A Problem where new work would only wait, or take the room of what runs."""
    try:
        view, outstanding = await asyncio.gather(parts.outlook.look(), _outstanding(parts, caller))
    except AWAY as error:
        raise _refused(UNAVAILABLE, "database", AWAY_SENTENCE.format("database")) from error
    room = view.room
    if room is None:
        raise _refused(UNAVAILABLE, "log", AWAY_SENTENCE.format("log"))
    if not view.store:
        raise _refused(UNAVAILABLE, "store", AWAY_SENTENCE.format("object store"))
    if room.share >= parts.settings.refuse_from:
        raise _refused(
            NO_ROOM,
            "room",
            "The log has little room left, which is kept for the work that it holds. "
            "Try again in a few minutes; if that does not help, tell the operator.",
        )
    quota = parts.settings.backlog_of(caller.plan)
    if outstanding >= quota:
        raise _refused(
            BACKLOG,
            "backlog",
            f"{outstanding} of your jobs are not done yet, and the plan {caller.plan} may have "
            f"{quota} at a time. Wait for some of them, or cancel some.",
        )


async def room_for(parts: Parts, caller: Caller, jobs_: int) -> None:
    """A Problem where so many jobs at once are more than the tenant may still submit."""
    quota = parts.settings.backlog_of(caller.plan)
    outstanding = await _outstanding(parts, caller)
    if outstanding + jobs_ > quota:
        raise _refused(
            BACKLOG,
            "backlog",
            f"These are {jobs_} jobs, {outstanding} of yours are not done yet, and the plan "
            f"{caller.plan} may have {quota} at a time. Ask for fewer, or wait for some of them.",
        )


async def _outstanding(parts: Parts, caller: Caller) -> int:
    quota = parts.settings.backlog_of(caller.plan)
    async with parts.sessions() as session:
        _, number = await jobs.outstanding(session, caller.tenant_id, at_most=quota)
    return number


def _refused(kind: Kind, reason: Reason, sentence: str) -> Problem:
    REFUSED.labels(reason).inc()
    log.warning("new work is refused: %s", reason)
    return Problem(kind, sentence)


Admitted: Final = Depends(_admit)
"""For the `dependencies` of a route that takes on new work."""
