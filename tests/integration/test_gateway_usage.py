"""Usage by day, as the projector has counted it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.tables import TenantDay
from gateways import House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def test_work_is_counted_and_what_was_cached_apart(house: House) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)
    again: facts.VideoTranscribed = film.fact(facts.VideoTranscribed)
    again.cached = True
    await house.state(again)
    export = await tenant.http.post("/v1/exports", json={"clip_id": film.clip})
    await house.state(film.exported(export.json()["id"]))

    answer = await tenant.http.get("/v1/usage")

    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["tenant_id"]) == (200, tenant.id)
    source = sum(day["source_minutes"] for day in body["days"])
    cached = sum(day["cached_source_minutes"] for day in body["days"])
    assert (source, cached) == (1.5, 1.5)
    assert sum(day["films"] for day in body["days"]) == 2
    assert sum(day["exports"] for day in body["days"]) == 1
    assert sum(day["output_seconds"] for day in body["days"]) > 0


async def test_what_is_stored_is_counted_once_and_let_go_once(house: House) -> None:
    tenant = await house.tenant()
    first, second = await house.ready(tenant), await house.ready(tenant)  # of the same bytes
    film, clip = 12_000_000, 4_000_000
    exports = [
        (await tenant.http.post("/v1/exports", json={"clip_id": one.clip})).json()["id"]
        for one in (first, second)
    ]
    seen = [await stored(tenant)]
    for fact in (
        first.exported(exports[0]),
        second.exported(exports[1]),  # the same clip again
        facts.ExportExpired(project=first.ref, export_id=exports[0]),
        facts.ExportExpired(project=second.ref, export_id=exports[1]),
        first.fact(facts.ProjectExpired),
        first.fact(facts.ProjectDeleted),
        second.fact(facts.ProjectDeleted),
    ):
        await house.state(fact)
        await house.state(fact)  # whatever is told again
        seen.append(await stored(tenant))

    both = film + clip
    assert seen == [film, both, both, both, film, film, film, 0]
    [today] = (await tenant.http.get("/v1/usage")).json()["days"]
    assert today["projects"] == 2


async def test_a_project_with_its_clips_is_let_go_at_once(house: House) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)
    for style in ("pop", "neon"):
        body = {"clip_id": film.clip, "style": style}
        export = (await tenant.http.post("/v1/exports", json=body)).json()["id"]
        await house.state(film.exported(export))
    before = await stored(tenant)

    await house.state(film.fact(facts.ProjectDeleted))

    assert (before, await stored(tenant)) == (16_000_000, 0)


async def test_what_is_stored_goes_on_from_day_to_day(house: House) -> None:
    tenant = await house.tenant()
    today = datetime.now(UTC).date()
    async with house.sessions.begin() as session:
        for days, change in ((9, 500), (7, -200), (3, 50)):
            day = today - timedelta(days=days)
            session.add(
                TenantDay(tenant_id=tenant.id, day=day, projects=days % 2, stored_bytes=change)
            )

    answer = await tenant.http.get(
        "/v1/usage",
        params={"from": str(today - timedelta(days=8)), "to": str(today + timedelta(days=2))},
    )

    days = answer.json()["days"]
    assert [one["stored_bytes"] for one in days] == [500, 300, 300, 300, 300, 350, 350, 350, 350]
    assert [one["projects"] for one in days] == [0, 1, 0, 0, 0, 1, 0, 0, 0]


async def stored(tenant: Tenant) -> int:
    days = (await tenant.http.get("/v1/usage")).json()["days"]
    return int(days[-1]["stored_bytes"]) if days else 0


async def test_days_outside_of_the_range_are_not_in_it(house: House) -> None:
    tenant = await house.tenant()
    await house.ready(tenant)
    before = (datetime.now(UTC) - timedelta(days=9)).date().isoformat()

    past = await tenant.http.get("/v1/usage", params={"from": before, "to": before})

    assert past.json()["days"] == []
    assert (past.json()["first"], past.json()["last"]) == (before, before)


async def test_a_range_is_bounded_and_tenants_are_apart(house: House) -> None:
    tenant, other = await house.tenant(), await house.tenant()
    for params in (
        {"from": "2025-01-01", "to": "2026-01-02"},
        {"from": "2026-01-02", "to": "2026-01-01"},
        {"from": "yesterday"},
        {"to": "9999-12-31"},
    ):
        assert problem(await tenant.http.get("/v1/usage", params=params)) == (422, "invalid")

    asked = await tenant.http.get("/v1/usage", params={"tenant": other.id})

    assert problem(asked) == (403, "forbidden")
