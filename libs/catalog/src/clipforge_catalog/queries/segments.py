"""What is said, to be found: PostgreSQL's full text search over the segments of a tenant's films.

A search costs a bounded number of rows, whatever is asked and however much there is. Of words that
are in few segments every one is ranked. Of others the newest come first, looked for in a window of
the tenant's segments at a time, so that a page may have fewer than it could, and goes on.

docs/guides/editing.md has what it costs with 1,000,000 segments.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Integer, literal, text
from sqlalchemy import select as select_some
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY
from sqlalchemy.orm import aliased
from sqlmodel import cast, col, func, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog import wording
from clipforge_catalog.tables import Clip, Project, Segment, Transcript

RANKED: Final = 2_000  # segments that a rank is made for, at most
DOUBT: Final = 4  # times that; the planner's estimate is no more than one
WINDOW: Final = 50_000  # segments that are looked through for one page of the newest
BEGIN, END = "\ue000", "\ue001"  # around what was found; no text of a film has these
MARKS: Final = f"StartSel={BEGIN},StopSel={END},HighlightAll=true"
MOST_CLIPS: Final = 2_000
Key = tuple[str, int]
"""Project and number of a segment."""


@dataclass(frozen=True)
class Place:
    """The last hit of the page before. `rank` is None where the newest come first."""

    rank: int | None
    sequence: int
    n: int


@dataclass(frozen=True)
class Hit:
    """A segment that was found."""

    segment: Segment
    project_title: str
    marked: str  # its text, with BEGIN and END around what was found


@dataclass(frozen=True)
class Hits:
    hits: list[Hit]
    next: Place | None


@dataclass(frozen=True)
class Query:
    """What to look for, in each language that the tenant's films have."""

    bound: str  # a tsquery that finds the tenant's segments only
    words: str  # the same without the tenant


async def query_of(session: AsyncSession, tenant: str, asked: str) -> Query | None:
    """None where the words say nothing: stop words, or the tenant has no films."""
    languages = select(Transcript.language).where(Transcript.tenant_id == tenant).distinct()
    configs = {wording.config_of(one) for one in (await session.exec(languages.limit(100))).all()}
    statement = text(
        "SELECT config, websearch_to_tsquery(CAST(config AS regconfig), :asked)::text "
        "FROM unnest(CAST(:configs AS text[])) AS config"
    )
    values = {"asked": wording.wanted(asked), "configs": sorted(configs)}
    found = (await (await session.connection()).execute(statement, values)).all()
    each = {config: words for config, words in found if words}
    if not each:
        return None
    bound = [f"'{wording.owner(tenant, config)}' & ( {words} )" for config, words in each.items()]
    return Query(" | ".join(f"( {one} )" for one in bound), " | ".join(each.values()))


async def search(
    session: AsyncSession, tenant: str, query: Query, *, after: Place | None, limit: int
) -> Hits:
    """The best first, or the newest where there are too many to rank. Within a transaction."""
    # A scan of the whole table looks cheap where words seem frequent, and is not where they are
    # frequent elsewhere.
    await (await session.connection()).execute(text("SET LOCAL enable_seqscan = off"))
    if after.rank is not None if after else await _seem_few(session, query):
        found = await _best(session, query, after=after, limit=limit)
        if found is not None:
            return await _hits(session, tenant, query, *found)
    return await _hits(
        session, tenant, query, *await _newest(session, tenant, query, after=after, limit=limit)
    )


async def of_project(
    session: AsyncSession, tenant: str, project: str, query: Query, *, after: int, limit: int
) -> Hits:
    """In the order of the film, past the segment `after`."""
    statement = (
        select(Segment.project_id, Segment.sequence, Segment.n)
        .where(
            Segment.project_id == project,
            Segment.tenant_id == tenant,
            Segment.n > after,
            _holds(query),
        )
        .order_by(col(Segment.n))
        .limit(limit + 1)
    )
    places = (await session.exec(statement)).all()
    following = Place(None, *places[limit - 1][1:]) if len(places) > limit else None
    keys = [(project, n) for _, _, n in places[:limit]]
    return await _hits(session, tenant, query, keys, following)


async def clips_of(
    session: AsyncSession, tenant: str, projects: Collection[str]
) -> Sequence[tuple[str, str, int, int]]:
    """Clips of some films: id, project, in and out point; the best first."""
    statement = (
        select(Clip.id, Clip.project_id, Clip.start_ms, Clip.end_ms)
        .where(
            col(Clip.project_id).in_(projects),
            Clip.tenant_id == tenant,
            col(Clip.deleted_at).is_(None),
        )
        .order_by(col(Clip.rank), col(Clip.id))
        .limit(MOST_CLIPS)
    )
    return (await session.exec(statement)).all()


async def _seem_few(session: AsyncSession, query: Query) -> bool:
    """Whether it is worth while to find all of them: by the planner's estimate, which is cheap."""
    statement = text(
        "EXPLAIN (FORMAT JSON) SELECT 1 FROM segments WHERE vector @@ CAST(:bound AS tsquery)"
    )
    [plan] = (
        await (await session.connection()).execute(statement, {"bound": query.bound})
    ).scalar_one()
    return bool(plan["Plan"]["Plan Rows"] <= DOUBT * RANKED)


async def _best(
    session: AsyncSession, query: Query, *, after: Place | None, limit: int
) -> tuple[list[Key], Place | None] | None:
    """None where more are found than are ranked."""
    words = cast(literal(query.words), TSQUERY)
    # Whole numbers, so that a cursor holds exactly what it is compared with.
    rank = cast(func.ts_rank(col(Segment.vector), words) * 1_000_000, Integer)
    found = (
        select(Segment.project_id, Segment.n, Segment.sequence, rank.label("rank"))
        .where(_holds(query))
        .limit(RANKED + 1)
        .cte("found")
        .prefix_with("MATERIALIZED")
    )
    total = select(func.count()).select_from(found).scalar_subquery()
    order = (found.c.rank, found.c.sequence, -found.c.n)
    statement = select_some(found.c.project_id, found.c.n, found.c.sequence, found.c.rank, total)
    if after is not None:
        statement = statement.where(tuple_(*order) < (after.rank, after.sequence, -after.n))
    statement = statement.order_by(*(one.desc() for one in order)).limit(limit + 1)
    places = (await (await session.connection()).execute(statement)).all()
    if places and places[0][4] > RANKED and after is None:
        return None
    following = None
    if len(places) > limit:
        _, n, sequence, ranked, _ = places[limit - 1]
        following = Place(ranked, sequence, n)
    return [(project, n) for project, n, *_ in places[:limit]], following


async def _newest(
    session: AsyncSession, tenant: str, query: Query, *, after: Place | None, limit: int
) -> tuple[list[Key], Place | None]:
    place = tuple_(col(Segment.sequence), col(Segment.n))
    order = (col(Segment.sequence).desc(), col(Segment.n).desc())
    where: list[Any] = [col(Segment.tenant_id) == tenant]
    if after is not None:
        where.append(place < (after.sequence, after.n))
    window = select(Segment).where(*where).order_by(*order)
    looked_through = aliased(Segment, window.limit(WINDOW).subquery())
    found = select(looked_through.project_id, looked_through.sequence, looked_through.n)
    found = found.where(_holds(query, looked_through))
    newest_first = (col(looked_through.sequence).desc(), col(looked_through.n).desc())
    places = (await session.exec(found.order_by(*newest_first).limit(limit + 1))).all()
    keys = [(project, n) for project, _, n in places[:limit]]
    if len(places) > limit:
        _, sequence, n = places[limit - 1]
        return keys, Place(None, sequence, n)
    end = select(Segment.sequence, Segment.n).where(*where).order_by(*order)
    beyond = (await session.exec(end.offset(WINDOW - 1).limit(1))).first()
    return keys, Place(None, *beyond) if beyond else None


async def _hits(
    session: AsyncSession,
    tenant: str,
    query: Query,
    keys: Sequence[Key],
    following: Place | None,
) -> Hits:
    """With titles, and with what was found marked: of one page only, as that is dear."""
    marked = func.ts_headline(
        cast(col(Segment.config), REGCONFIG),
        col(Segment.text),
        cast(literal(query.words), TSQUERY),
        MARKS,
    )
    statement = (
        select(Segment, Project.title, marked)
        .join(Project, col(Project.id) == col(Segment.project_id))
        .where(
            tuple_(col(Segment.project_id), col(Segment.n)).in_(keys), Project.tenant_id == tenant
        )
    )
    found = {
        (row.project_id, row.n): Hit(row, *more) for row, *more in await session.exec(statement)
    }
    return Hits([found[key] for key in keys if key in found], following)


def _holds(query: Query, table: Any = Segment) -> Any:
    return col(table.vector).op("@@")(cast(literal(query.bound), TSQUERY))
