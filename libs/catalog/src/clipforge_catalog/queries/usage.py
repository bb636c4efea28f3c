"""What a tenant has used: counted once per fact, by day (UTC)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Date, cast, select
from sqlmodel import case, col, func
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.tables import Usage

SOURCE, OUTPUT = "source_ms", "output_ms"


@dataclass(frozen=True)
class Day:
    """One day's use. What came from a cache is counted apart: it cost no work."""

    day: date
    source_ms: int
    cached_source_ms: int
    films: int  # transcribed, those from the cache included
    output_ms: int
    cached_output_ms: int
    exports: int  # completed, those from the cache included


async def by_day(session: AsyncSession, tenant: str, first: date, last: date) -> list[Day]:
    """The days of a range, both ends included, on which something was used; oldest first."""
    begin = datetime.combine(first, time(), UTC)
    end = datetime.combine(last, time(), UTC) + timedelta(days=1)
    day = cast(func.timezone("UTC", col(Usage.at)), Date)
    statement = (
        select(
            day,
            *(
                func.coalesce(
                    func.sum(
                        case(
                            (
                                (col(Usage.kind) == kind) & (col(Usage.cached).is_(cached)),
                                col(Usage.amount),
                            )
                        )
                    ),
                    0,
                )
                for kind in (SOURCE, OUTPUT)
                for cached in (False, True)
            ),
            func.count().filter(col(Usage.kind) == SOURCE),
            func.count().filter(col(Usage.kind) == OUTPUT),
        )
        .where(col(Usage.tenant_id) == tenant, col(Usage.at) >= begin, col(Usage.at) < end)
        .group_by(day)
        .order_by(day)
    )
    found = await (await session.connection()).execute(statement)
    return [
        Day(one, int(source), int(cached_source), films, int(output), int(cached_output), exports)
        for one, source, cached_source, output, cached_output, films, exports in found.all()
    ]
