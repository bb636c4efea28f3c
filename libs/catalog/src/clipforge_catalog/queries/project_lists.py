"""A tenant's projects as a list: filtered, sorted, and in pages that stay where they are.

A page is one query, with the films and the numbers of clips, over one index: `projects_by_order`
or, of a state, a language, a title's order or a time, the one that is made for it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import String, literal
from sqlmodel import col, func, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from clipforge_catalog.queries import clips
from clipforge_catalog.queries.page import MAX_PAGE
from clipforge_catalog.tables import SORTED_LETTERS, Asset, Project, ProjectState


class Sort(StrEnum):
    """In which order. Not by the last change: a row that moves is met twice, or never."""

    NEWEST = "-created"
    OLDEST = "created"
    TITLE = "title"
    TITLE_BACKWARDS = "-title"


class SourceKind(StrEnum):
    """What a film was made of."""

    URL = "url"
    UPLOAD = "upload"
    ASSET = "asset"


@dataclass(frozen=True)
class Filters:
    """What all rows of a list have in common; None and an empty text say nothing."""

    state: ProjectState | None = None
    title: str = ""  # is contained in theirs, whatever the case
    language: str = ""
    source: SourceKind | None = None
    asset: str = ""  # the film that they are made of
    since: datetime | None = None
    until: datetime | None = None  # this moment is not in it


@dataclass(frozen=True)
class Place:
    """The last row of the page before. `title`: its first letters, where that is the order."""

    title: str
    sequence: int
    id: str


@dataclass(frozen=True)
class Line:
    """A project, its film where there is one, and how many clips it has."""

    project: Project
    asset: Asset | None
    clips: int


@dataclass(frozen=True)
class Listed:
    """Some projects, and where the next page begins, if there is one."""

    rows: list[Line]
    next: Place | None


async def of_tenant(
    session: AsyncSession,
    tenant: str,
    filters: Filters,
    *,
    sort: Sort = Sort.NEWEST,
    after: Place | None = None,
    limit: int = 20,
) -> Listed:
    """One page."""
    limit = min(limit, MAX_PAGE)
    wanted = statement(tenant, filters, sort=sort, after=after, limit=limit + 1)
    found = (await session.exec(wanted)).all()
    rows = [Line(project, film, number) for project, film, number in found]
    if len(rows) <= limit:
        return Listed(rows, None)
    last = rows[limit - 1].project
    title = last.title[:SORTED_LETTERS] if sort in BY_TITLE else ""
    return Listed(rows[:limit], Place(title, last.sequence, last.id))


def statement(
    tenant: str, filters: Filters, *, sort: Sort, after: Place | None, limit: int
) -> Select[Project, Asset, Any]:
    """The query of a page."""
    wanted = (
        select(Project, Asset, clips.number_of(Project.id))
        .outerjoin(Asset, col(Asset.id) == Project.asset_id)
        .where(col(Project.tenant_id) == tenant, *_conditions(filters))
    )
    keys = _keys(sort)
    if after is not None:
        place, whole = tuple_(*_values(sort, after)), tuple_(*keys)
        wanted = wanted.where(whole < place if sort in BACKWARDS else whole > place)
    ordered = [key.desc() if sort in BACKWARDS else key for key in keys]
    return wanted.order_by(*ordered).limit(limit)


BACKWARDS: Final = (Sort.NEWEST, Sort.TITLE_BACKWARDS)
BY_TITLE: Final = (Sort.TITLE, Sort.TITLE_BACKWARDS)


def _conditions(filters: Filters) -> list[Any]:
    where: list[Any] = []
    if filters.state is not None:
        where.append(col(Project.state) == filters.state)
    if filters.title:
        where.append(col(Project.title).icontains(filters.title, autoescape=True))
    if filters.language:
        where.append(func.lower(col(Project.language)) == filters.language.lower())
    if filters.source is not None:
        where.append(col(Project.source).has_key(filters.source.value))  # type: ignore[attr-defined]
    if filters.asset:
        where.append(col(Project.asset_id) == filters.asset)
    if filters.since is not None:
        where.append(col(Project.created_at) >= filters.since)
    if filters.until is not None:
        where.append(col(Project.created_at) < filters.until)
    return where


def _keys(sort: Sort) -> list[Any]:
    """The columns of the order, as its index has them."""
    titles = [_in_order(col(Project.title))] if sort in BY_TITLE else []
    return [*titles, col(Project.sequence), col(Project.id)]


def _values(sort: Sort, place: Place) -> list[Any]:
    titles = [_in_order(literal(place.title, String))] if sort in BY_TITLE else []
    return [*titles, place.sequence, place.id]


def _in_order(title: Any) -> Any:
    """Capitals beside small letters. The database's own `lower`, also for the place of a page."""
    return func.lower(func.left(title, SORTED_LETTERS))
