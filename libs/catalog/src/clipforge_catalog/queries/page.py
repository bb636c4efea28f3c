"""A page of a list in the log's order, newest first."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlmodel import col, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

Row = TypeVar("Row", bound=Any)
MAX_PAGE: Final = 100


@dataclass(frozen=True)
class Cursor:
    """The last row of the page before."""

    sequence: int
    id: str


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and where the next page begins, if there is one."""

    rows: list[Row]
    next: Cursor | None


async def page(
    session: AsyncSession, table: type[Row], *where: Any, after: Cursor | None, limit: int
) -> Page[Row]:
    """Rows that `where` selects, newest first, stable under inserts."""
    limit = min(limit, MAX_PAGE)
    statement = select(table).where(*where)
    if after is not None:
        place = tuple_(col(table.sequence), col(table.id))
        statement = statement.where(place < (after.sequence, after.id))
    statement = statement.order_by(col(table.sequence).desc(), col(table.id).desc())
    rows = list((await session.exec(statement.limit(limit + 1))).all())
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], Cursor(last.sequence, last.id))
