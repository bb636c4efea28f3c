"""Rows a request is about, as fresh as what its client has seen in the log."""

import asyncio
from typing import Final

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import ProjectDeleted, ProjectSubmitted
from clipforge_catalog.queries import projects
from clipforge_catalog.tables import Position, Project
from clipforge_contracts import subjects
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import NOT_FOUND, Problem
from clipforge_runtime.bus import Entry

CATCH_UP_SECONDS: Final = 0.5  # rows are some milliseconds behind the log
POLL_SECONDS: Final = 0.01


async def project(parts: Parts, caller: Caller, project_id: str) -> Project:
    """The project's row. A Problem where there is none; Pending where it is to come."""
    newest = await parts.log.last_of_project(caller.tenant_id, project_id)
    if newest is not None:
        await caught_up(parts, newest.sequence)
    async with parts.sessions() as session:
        row = await projects.get(session, caller.tenant_id, project_id)
    if row is None:
        raise await _missing(parts, caller, project_id)
    return row


async def caught_up(parts: Parts, sequence: int) -> bool:
    """Wait a moment until rows are true up to a sequence."""
    try:
        async with asyncio.timeout(CATCH_UP_SECONDS), parts.sessions() as session:
            while await _position(session) < sequence:  # noqa: ASYNC110  (a row cannot notify)
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return False
    return True


class Pending(Exception):
    """The project has been submitted, and its row is to come."""

    def __init__(self, entry: Entry, fact: ProjectSubmitted) -> None:
        super().__init__(fact.project.project_id)
        self.entry = entry
        self.fact = fact


async def _missing(parts: Parts, caller: Caller, project_id: str) -> Exception:
    """Without a row: just submitted, deleted, or never there. The log knows."""
    about = {"tenant": caller.tenant_id, "project": project_id, "about": project_id}
    submitted = await parts.log.last(ProjectSubmitted, **about)
    if (
        submitted is not None
        and isinstance(submitted.fact, ProjectSubmitted)
        and await parts.log.last(ProjectDeleted, **about) is None
    ):
        return Pending(submitted, submitted.fact)
    return Problem(NOT_FOUND, "There is no project of this id.")


async def _position(session: AsyncSession) -> int:
    statement = select(Position.seq).where(Position.stream == subjects.STREAM)
    found = (await session.exec(statement)).first()
    await session.rollback()  # each look must see the newest commit
    return found or 0
