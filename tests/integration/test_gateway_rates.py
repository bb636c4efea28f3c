"""Limits as clients meet them: over replicas, with headers, and what is never held up."""

import asyncio

import httpx
import pytest

from clipforge_contracts.plans import Plan
from clipforge_gateway import gate
from clipforge_gateway.limits import MAX_HEADERS, MAX_PARAMETERS
from gateways import House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

NOBODY = "/v1/projects/prj_" + "0" * 26 + "/cancel"


@pytest.fixture
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock of the windows stands still."""
    monkeypatch.setattr("clipforge_gateway.rates.time.time", lambda: 1_700_000_000.0)


async def test_replicas_let_exactly_the_quota_of_a_plan_through(
    house: House, one_window: None
) -> None:
    tenant = await house.tenant(Plan.FREE)
    async with house.another_gateway() as second, house.client(tenant.key) as here:
        async with httpx.AsyncClient(base_url=second, headers=here.headers, timeout=60) as there:
            answers = await asyncio.gather(
                *(client.post(NOBODY) for client in (here, there) for _ in range(20))
            )
        refused = [one for one in answers if one.status_code == 429]
        read = await here.get("/v1/projects")

    assert len(answers) - len(refused) == 25  # a quarter of 600 a minute, in 10 seconds
    for one in refused:
        assert problem(one) == (429, "rate-limited")
        assert one.headers["retry-after"] == "10"
        assert one.headers["ratelimit"] == '"write";r=0;t=10'
        assert one.headers["ratelimit-policy"] == '"write";q=25;w=10'
    assert read.status_code == 200  # reads are counted apart
    assert read.headers["ratelimit-policy"] == '"read";q=100;w=10'


async def test_health_is_never_held_up(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    saw = house.parts.load.saw
    monkeypatch.setattr(house.parts.load, "saw", lambda lag: None)  # what is really measured
    for _ in range(10):
        saw(60.0)

    live = await tenant.http.get("/health/live")
    busy = await tenant.http.get("/v1/projects")
    saw(0.0)
    again = await tenant.http.get("/v1/projects")

    assert (live.status_code, again.status_code) == (200, 200)
    assert problem(busy) == (503, "overloaded")
    assert busy.headers["retry-after"] == "1"


async def test_a_tenant_has_so_many_searches_at_once_and_others_have_their_own(
    house: House, tenant: Tenant, stranger: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "SEARCHES", 1)
    monkeypatch.setattr(gate, "_is_search", lambda scope: scope["path"].endswith("clips"))
    film, theirs = await house.submit(tenant), await house.submit(stranger)

    async with house.sessions() as session:
        # Whoever asks waits for this row.
        await session.connection()
        mine = await asyncio.gather(
            *(tenant.http.get(f"/v1/projects/{film}/clips") for _ in range(8))
        )
        other = await stranger.http.get(f"/v1/projects/{theirs}/clips")

    assert {one.status_code for one in mine} <= {200, 429}
    assert any(one.status_code == 200 for one in mine)
    assert other.status_code == 200
    for one in mine:
        if one.status_code == 429:
            assert problem(one) == (429, "too-many-at-once")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/projects", {f"X-{n}": "a" for n in range(MAX_HEADERS + 1)}, 431),
        ("/v1/projects", {"X-Long": "a" * 40_000}, 431),
        ("/v1/projects?" + "a=1&" * (MAX_PARAMETERS + 1), {}, 422),
    ],
    ids=["many headers", "long headers", "many parameters"],
)
async def test_heads_are_bounded(
    tenant: Tenant, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await tenant.http.get(path, headers=headers)

    assert problem(answer)[0] == status


async def test_a_deep_body_is_refused_before_it_is_parsed(tenant: Tenant) -> None:
    answer = await tenant.http.post(
        "/v1/projects",
        content=b'{"title": ' + b"[" * 100_000,
        headers={"Content-Type": "application/json"},
    )

    assert problem(answer) == (422, "invalid")
    assert "levels" in answer.json()["detail"]
