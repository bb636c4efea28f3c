"""Usage: what a tenant has used, by day."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from clipforge_catalog.queries import usage
from clipforge_catalog.queries.usage import Day
from clipforge_gateway.moments import CalendarDay
from clipforge_gateway.parts import CallerDep, PartsDep
from clipforge_gateway.problems import FORBIDDEN, INVALID, Problem, documented
from clipforge_gateway.routes.jobs import EVERY_TENANT, TenantQuery, tenant_of

router = APIRouter(prefix="/v1/usage", tags=["usage"])

LONGEST: Final = 366  # days of one answer
USUAL: Final = timedelta(days=30)


class UsageDay(BaseModel):
    day: date = Field(description="In UTC")
    source_minutes: float = Field(description="Of films that were transcribed")
    cached_source_minutes: float = Field(description="Of films that had been transcribed before")
    films: int
    output_seconds: float = Field(description="Of clips that were rendered")
    cached_output_seconds: float = Field(description="Of clips that had been rendered before")
    exports: int
    projects: int = Field(description="Taken in on this day, whatever has become of them")
    stored_bytes: int = Field(
        description="At the end of the day, or now: of films and rendered clips. What is derived "
        "of a film, such as its pictures, is not counted"
    )


class UsageView(BaseModel):
    tenant_id: str
    first: date
    last: date
    days: list[UsageDay] = Field(
        description="Those on which something was used or stored, oldest first"
    )


@router.get(
    "",
    operation_id="getUsage",
    summary="What was used and stored, by day",
    responses=documented(FORBIDDEN),
)
async def get_usage(
    parts: PartsDep,
    caller: CallerDep,
    first: Annotated[
        CalendarDay | None, Query(alias="from", description="Default: 30 days ago")
    ] = None,
    last: Annotated[CalendarDay | None, Query(alias="to", description="This day included")] = None,
    tenant: TenantQuery = "",
) -> UsageView:
    """At most 366 days, in UTC. Operators may ask for another `tenant`."""
    owner = tenant_of(caller, tenant)
    if owner is None:
        raise Problem(INVALID, f"`tenant={EVERY_TENANT}` is not for usage: name one tenant.")
    last = last or datetime.now(UTC).date()
    first = first or last - USUAL
    if not timedelta() <= last - first < timedelta(days=LONGEST):
        raise Problem(INVALID, f"`from` to `to` are 1 to {LONGEST} days: ask for less at a time.")
    if last == date.max:
        raise Problem(INVALID, "`to` lies too far ahead.")
    async with parts.sessions() as session:
        # What is stored today is not said of days to come.
        days = await usage.by_day(session, owner, first, min(last, datetime.now(UTC).date()))
    return UsageView(tenant_id=owner, first=first, last=last, days=[_view(day) for day in days])


def _view(day: Day) -> UsageDay:
    return UsageDay(
        day=day.day,
        source_minutes=round(day.source_ms / 60_000, 3),
        cached_source_minutes=round(day.cached_source_ms / 60_000, 3),
        films=day.films,
        output_seconds=round(day.output_ms / 1000, 3),
        cached_output_seconds=round(day.cached_output_ms / 1000, 3),
        exports=day.exports,
        projects=day.projects,
        stored_bytes=day.stored_bytes,
    )
