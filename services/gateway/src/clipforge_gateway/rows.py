"""Rows a request is about, as fresh as what its client has seen in the log."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from clipforge.v1.facts_pb2 import ExportRequested, ProjectDeleted, ProjectSubmitted
from clipforge_catalog.database import Sessions
from clipforge_catalog.queries import exports, projects
from clipforge_catalog.tables import Export, Project
from clipforge_contracts.pipeline import BY_STAGE
from clipforge_gateway.auth import Caller
from clipforge_gateway.near import Owner, Read
from clipforge_gateway.nearby import ROW_BYTES
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import GONE, NOT_FOUND, Problem
from clipforge_gateway.reads import position
from clipforge_gateway.standing import Standing
from clipforge_runtime.bus import Entry, Unavailable

log = logging.getLogger(__name__)

CATCH_UP_SECONDS: Final = 0.5  # rows are some milliseconds behind the log
LOG_SECONDS: Final = 2.0  # for the log to say what is newest; then rows are taken as they are
POLL_SECONDS: Final = 0.01


class Pending(Exception):
    """The project has been submitted, and its row is to come."""

    def __init__(self, entry: Entry, fact: ProjectSubmitted) -> None:
        super().__init__(fact.project.project_id)
        self.entry = entry
        self.fact = fact


@dataclass(frozen=True)
class Version:
    """The newest fact of a project in the log; sequence 0: the log has none, or none any more."""

    sequence: int
    at: datetime | None


@dataclass(frozen=True)
class Seen:
    """A project's row, and the version that all its rows are true to; None: nobody can tell."""

    row: Project
    version: Version | None

    @property
    def owner(self) -> Owner:
        return self.row.tenant_id, self.row.id


@dataclass(frozen=True)
class Requested:
    """An export whose row is to come."""

    entry: Entry
    fact: ExportRequested


async def project(parts: Parts, caller: Caller, project_id: str) -> Project:
    """The project's row. A Problem where there is none; Pending where it is to come."""
    return (await seen(parts, caller, project_id)).row


async def seen(parts: Parts, caller: Caller, project_id: str) -> Seen:
    """The same, with its version, under which more of the project may be kept near."""
    version = await _newest(parts, caller, project_id)
    read = partial(_read, parts, caller, project_id, version)
    return await parts.near.projects.get((caller.tenant_id, project_id), "row", version, read)


async def submitted_before(
    parts: Parts, caller: Caller, project_id: str
) -> Project | Pending | None:
    """A project that an earlier request with the same key has made. A Problem: it is deleted."""
    try:
        return await project(parts, caller, project_id)
    except Pending as pending:
        return pending
    except Problem:
        async with parts.sessions() as session:
            gone = await projects.was_deleted(session, caller.tenant_id, project_id)
        if gone or await _deleted(parts, caller, project_id):
            raise Problem(
                GONE, "What was made under this Idempotency-Key has been deleted: use a new key."
            ) from None
        return None


async def export(parts: Parts, caller: Caller, export_id: str) -> Export | Requested:
    """The export's row, or what was asked for where the row is to come. A Problem: neither."""
    async with parts.sessions() as session:
        row = await exports.get(session, caller.tenant_id, export_id)
    if row is not None:
        return row
    entry = await parts.log.last(
        ExportRequested, tenant=caller.tenant_id, project=None, about=export_id
    )
    if entry is not None and isinstance(entry.fact, ExportRequested):
        owner = entry.fact.project.project_id
        if not await _deleted(parts, caller, owner):
            return Requested(entry, entry.fact)
    raise Problem(NOT_FOUND, "There is no export of this id.")


async def standing(parts: Parts, job: str, *, stage: str, tenant: str, project: str) -> Standing:
    """How far a job is. Without the log, what this process has heard of it before."""
    known = parts.feed.standings
    try:
        async with asyncio.timeout(LOG_SECONDS):
            running = await parts.log.progress(job)
            if not running and not known.knows(job):
                about = {"tenant": tenant, "project": project, "job": job}
                known.learn(job, await parts.log.reached(BY_STAGE[stage], **about))
    except (TimeoutError, Unavailable) as error:
        log.warning("the log does not say what runs: %s", error)
        running = ()
    return known.of(job, running)


async def sessions_at(parts: Parts, tenant: str, version: Version | None) -> Sessions:
    """Where to read what belongs to a project: at the replica, where that is true to a version."""
    if version is None:
        return parts.sessions
    if not version.sequence:
        return await parts.reads.of(tenant)
    return await parts.reads.at(version.sequence) or parts.sessions


async def caught_up(parts: Parts, sequence: int) -> bool:
    """Wait a moment until rows are true up to a sequence."""
    try:
        async with asyncio.timeout(CATCH_UP_SECONDS), parts.sessions() as session:
            while await position(session) < sequence:  # noqa: ASYNC110  (a row cannot notify)
                await asyncio.sleep(POLL_SECONDS)
            while not parts.reads.know(sequence):  # noqa: ASYNC110  (nor do we, each fact)
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return False
    return True


async def _read(
    parts: Parts, caller: Caller, project_id: str, version: Version | None
) -> Read[Seen]:
    """Wait a moment for the rows of a version, then take them as they are."""
    sessions = await sessions_at(parts, caller.tenant_id, version)
    true = version is not None
    if version is not None and version.sequence and sessions is parts.sessions:
        true = await caught_up(parts, version.sequence)
    async with sessions() as session:
        row = await projects.get(session, caller.tenant_id, project_id)
    if row is None:
        raise await _missing(parts, caller, project_id)
    return Read(Seen(row, version if true else None), ROW_BYTES, keep=true)


async def _newest(parts: Parts, caller: Caller, project_id: str) -> Version | None:
    """What the log has of a project. None: it does not answer, and rows are what there is."""
    try:
        async with asyncio.timeout(LOG_SECONDS):
            newest = await parts.log.last_of_project(caller.tenant_id, project_id)
    except (TimeoutError, Unavailable) as error:
        log.warning("rows as they are, the log does not answer: %s", error)
        return None
    return Version(newest.sequence, newest.time) if newest is not None else Version(0, None)


async def _missing(parts: Parts, caller: Caller, project_id: str) -> Exception:
    """Without a row: just submitted, deleted, or never there. The log knows."""
    about = {"tenant": caller.tenant_id, "project": project_id, "about": project_id}
    submitted = await parts.log.last(ProjectSubmitted, **about)
    if (
        submitted is not None
        and isinstance(submitted.fact, ProjectSubmitted)
        and not await _deleted(parts, caller, project_id)
    ):
        return Pending(submitted, submitted.fact)
    return Problem(NOT_FOUND, "There is no project of this id.")


async def _deleted(parts: Parts, caller: Caller, project_id: str) -> bool:
    about = {"tenant": caller.tenant_id, "project": project_id, "about": project_id}
    return await parts.log.last(ProjectDeleted, **about) is not None
