"""What a tenant has used and what is stored of it: counted once per fact, by day (UTC)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Date, cast, select
from sqlmodel import case, col, func
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.tables import TenantDay, Usage

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
    projects: int = 0  # taken in
    stored_bytes: int = 0  # at the end of the day: films and rendered clips


async def by_day(session: AsyncSession, tenant: str, first: date, last: date) -> list[Day]:
    """The days of a range, both ends included, on which something was used or stored."""
    used = {one.day: one for one in await _used(session, tenant, first, last)}
    taken, stored = {}, {}
    before = 0
    for day, projects, bytes_ in await _stored(session, tenant, last):
        before = bytes_ if day < first else before
        taken[day], stored[day] = projects, bytes_
    days = []
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        before = stored.get(day, before)
        one = used.get(day, Day(day, 0, 0, 0, 0, 0, 0))
        if day in used or taken.get(day) or before:
            days.append(replace(one, projects=taken.get(day, 0), stored_bytes=before))
    return days


async def _stored(
    session: AsyncSession, tenant: str, last: date
) -> Sequence[tuple[date, int, int]]:
    """The days on which it changed, up to one of them: projects taken in, bytes by then."""
    statement = (
        select(
            col(TenantDay.day),
            col(TenantDay.projects),
            func.sum(col(TenantDay.stored_bytes)).over(order_by=col(TenantDay.day)),
        )
        .where(col(TenantDay.tenant_id) == tenant, col(TenantDay.day) <= last)
        .order_by(col(TenantDay.day))
    )
    found = await (await session.connection()).execute(statement)
    return [(day, projects, int(bytes_)) for day, projects, bytes_ in found.all()]


async def _used(session: AsyncSession, tenant: str, first: date, last: date) -> list[Day]:
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
