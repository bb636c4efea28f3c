"""Usage by day, as the projector has counted it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from gateways import House, problem

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
