"""Brand kits, caption styles and presets of a tenant: found as they are now, saved as a version."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

from fastapi import Response
from google.protobuf.json_format import ParseDict

from clipforge.v1.common_pb2 import BrandKit, CaptionStyle, Preset, ProjectRef
from clipforge.v1.facts_pb2 import BrandKitSaved, CaptionStyleSaved, PresetSaved
from clipforge_catalog.queries import looks
from clipforge_catalog.queries.page import Cursor, Page
from clipforge_catalog.tables import Look, LookVersion
from clipforge_contracts import ids
from clipforge_contracts.facts import about
from clipforge_gateway import etags, rows
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import CHANGED, CONFLICT, NOT_FOUND, Problem
from clipforge_runtime.bus import Contradicted
from clipforge_runtime.telemetry import trace_headers

log = logging.getLogger(__name__)

Kind = Literal["kit", "style", "preset"]
Saved = BrandKitSaved | CaptionStyleSaved | PresetSaved
B = TypeVar("B", BrandKit, CaptionStyle, Preset)

MOST: Final = 100  # of each kind a tenant
SAVED: Final[dict[Kind, type[Saved]]] = {
    "kit": BrandKitSaved,
    "style": CaptionStyleSaved,
    "preset": PresetSaved,
}
CALLED: Final[dict[Kind, str]] = {
    "kit": "brand kit",
    "style": "caption style",
    "preset": "preset",
}


@dataclass(frozen=True)
class Found:
    """One look as it is now."""

    body: Any  # BrandKit, CaptionStyle or Preset
    sequence: int  # of the fact that made it so
    created_at: datetime
    updated_at: datetime


async def find(parts: Parts, caller: Caller, kind: Kind, look_id: str) -> Found:
    """What the rows have, or the log where it is ahead of them. A Problem where there is none."""
    async with parts.sessions() as session:
        row = await looks.get(session, caller.tenant_id, look_id)
    newest = await parts.log.last(SAVED[kind], tenant=caller.tenant_id, project="", about=look_id)
    found: Found | None
    if newest is not None and (row is None or newest.time > row.updated_at):
        body = None if _deleted(newest.fact) else body_of(newest.fact)
        created = row.created_at if row else newest.time
        found = Found(body, newest.sequence, created, newest.time)
    else:
        found = of_row(row) if row is not None and row.kind == kind else None
    if found is None or found.body is None:
        raise Problem(NOT_FOUND, f"There is no {CALLED[kind]} of this id.")
    return found


async def page(
    parts: Parts, caller: Caller, kind: Kind, *, after: Cursor | None, limit: int
) -> Page[Look]:
    async with parts.sessions() as session:
        return await looks.of_tenant(session, caller.tenant_id, kind, after=after, limit=limit)


async def versions(
    parts: Parts, caller: Caller, kind: Kind, look_id: str, *, after: Cursor | None, limit: int
) -> Page[LookVersion]:
    """What it was, newest first. A Problem where there is none of this id."""
    await find(parts, caller, kind, look_id)
    async with parts.sessions() as session:
        return await looks.versions(session, caller.tenant_id, look_id, after=after, limit=limit)


async def create(
    parts: Parts, caller: Caller, kind: Kind, fact: Saved, response: Response
) -> Found:
    """State the first version."""
    async with parts.sessions() as session:
        if await looks.count(session, caller.tenant_id, kind) >= MOST:
            raise Problem(
                CONFLICT, f"A tenant has at most {MOST} of these: delete a {CALLED[kind]}."
            )
    now = datetime.now(UTC)
    try:
        found = Found(body_of(fact), await _state(parts, fact, after=0), now, now)
    except Problem:  # the same request, made before
        found = await find(parts, caller, kind, id_of(fact))
    tag(parts, response, found.sequence)
    return found


async def update(  # the story of every edit
    parts: Parts,
    caller: Caller,
    found: Found,
    fact: Saved,
    *,
    if_match: str,
    response: Response,
) -> Found:
    """State another version, where the client has seen the one before."""
    etags.require_match(if_match, etags.of_sequence(parts.feed.incarnation, found.sequence))
    sequence = await _state_after(parts, caller, fact, found)
    tag(parts, response, sequence)
    return Found(body_of(fact), sequence, found.created_at, datetime.now(UTC))


async def delete(parts: Parts, caller: Caller, found: Found, fact: Saved, if_match: str) -> None:
    """State that it is gone. Without If-Match, whatever it is."""
    if if_match:
        etags.require_match(if_match, etags.of_sequence(parts.feed.incarnation, found.sequence))
    fact.deleted = True
    await _state_after(parts, caller, fact, found)


def of_row(row: Look) -> Found:
    """The same from its row."""
    return Found(message(row), row.updated_sequence, row.created_at, row.updated_at)


def message(row: Look | LookVersion) -> Any:
    """The body that a row keeps."""
    prefix = (row.look_id if isinstance(row, LookVersion) else row.id).partition("_")[0]
    shape: dict[str, Callable[[], Any]] = {"kit": BrandKit, "sty": CaptionStyle, "pst": Preset}
    return ParseDict(row.body, shape[prefix]())


def tag(parts: Parts, response: Response, sequence: int) -> None:
    """Say in the answer which version it is, for a later If-Match."""
    response.headers["ETag"] = etags.of_sequence(parts.feed.incarnation, sequence)


def owner(caller: Caller) -> ProjectRef:
    """Whose a look is."""
    return ProjectRef(tenant_id=caller.tenant_id, plan=caller.plan.wire)


def body_of(fact: Any) -> Any:
    """The kit, style or preset that a fact carries."""
    match fact:
        case BrandKitSaved():
            return fact.kit
        case CaptionStyleSaved():
            return fact.style
        case _:
            return fact.preset


def id_of(fact: Saved) -> str:
    """The id of the kit, style or preset that a fact is about."""
    return about(fact)


def _deleted(fact: Any) -> bool:
    return bool(fact.deleted)


async def _state_after(parts: Parts, caller: Caller, fact: Saved, found: Found) -> int:
    """The log compares, so of two edits at once one is first, and the other learns of it."""
    newest = await parts.log.last(
        type(fact), tenant=caller.tenant_id, project="", about=id_of(fact)
    )
    # What was stated long ago is in the log no more.
    if newest is not None and newest.sequence != found.sequence:
        raise _changed()
    return await _state(parts, fact, after=newest.sequence if newest else 0)


async def _state(parts: Parts, fact: Saved, *, after: int) -> int:
    try:
        stated = await parts.log.state(
            fact, fact_id=ids.new("evt"), headers=trace_headers(), after=after
        )
    except Contradicted as error:
        raise _changed() from error
    await rows.caught_up(parts, stated.sequence)
    return stated.sequence


def _changed() -> Problem:
    return Problem(CHANGED, "Another request has changed it meanwhile: read it again.")
