"""A page of a list in the log's order, newest first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from sqlmodel import col, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

Row = TypeVar("Row", bound=Any)
MAX_PAGE: Final = 100
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cursor:
    """The last row of the page before."""

    sequence: int
    id: str

    @classmethod
    def at(cls, moment: datetime, id_: str) -> "Cursor":
        """Of a list in the order of time: microseconds, as the database keeps them."""
        return cls((moment - EPOCH) // timedelta(microseconds=1), id_)

    @property
    def moment(self) -> datetime:
        """What `at` was given."""
        return EPOCH + timedelta(microseconds=self.sequence)


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
    return cut(rows, limit, lambda last: Cursor(last.sequence, last.id))


def cut(rows: list[Row], limit: int, place: Callable[[Row], Cursor]) -> Page[Row]:
    """The page of which one row more was asked for, to know whether another page follows."""
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], place(rows[limit - 1]))
