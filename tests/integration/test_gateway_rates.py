"""Limits as clients meet them: over replicas, with headers, and what is never held up."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from clipforge_catalog.queries import dead_letters, exports, segments
from clipforge_contracts.plans import Plan
from clipforge_gateway import gate, spoken
from clipforge_gateway.limits import MAX_HEADERS, MAX_PARAMETERS
from gateways import Film, House, Tenant, problem
from workshop import eventually

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


@dataclass
class Held:
    """What is asked of the database in one place waits there until it is let go."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0

    def at(self, patch: pytest.MonkeyPatch, module: Any, name: str) -> None:
        real = getattr(module, name)

        async def held(*args: Any, **kwargs: Any) -> Any:
            self.waiting += 1
            await self.go.wait()
            return await real(*args, **kwargs)

        patch.setattr(module, name, held)


COSTLY: dict[str, tuple[Any, str, str, str, dict[str, Any]]] = {
    "search": (segments, "query_of", "GET", "/v1/search?q=queues", {}),
    "batch": (exports, "states", "POST", "/v1/exports/batch", {"aspects": ["1:1"]}),
    "replay": (dead_letters, "find", "POST", "/v1/dead-letters/replay", {"all": True}),
    "text": (spoken, "document", "GET", "/v1/projects/{film}/transcript?format=srt", {}),
}


@pytest.mark.parametrize("kind", COSTLY)
async def test_a_tenant_has_so_many_costly_requests_at_work_and_others_have_their_own(
    house: House, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, stranger = await house.tenant(), await house.tenant()
    module, name, method, path, fields = COSTLY[kind]
    most, held = gate.AT_WORK[kind], Held()
    ours, theirs = await house.ready(tenant), await house.ready(stranger)

    def asking(film: Film) -> asyncio.Task[httpx.Response]:
        body = {"clip_ids": [film.clip], **fields} if kind == "batch" else fields
        return asyncio.create_task(
            film.tenant.http.request(method, path.format(film=film.project), json=body or None)
        )

    held.at(monkeypatch, module, name)
    mine = [asking(ours) for _ in range(most + 3)]

    async def refused() -> bool:
        return held.waiting == most and sum(one.done() for one in mine) == 3

    await eventually(refused)
    others = asking(theirs)

    async def let_in() -> bool:
        return held.waiting == most + 1

    await eventually(let_in)
    no = [one.result() for one in mine if one.done()]
    held.go.set()
    yes = [*await asyncio.gather(*mine, others)]
    again = await asking(ours)

    assert [problem(one) for one in no] == [(429, "too-many-at-once")] * 3
    assert "end one" in no[0].json()["detail"]
    assert sum(one.is_success for one in yes) == most + 1
    assert again.is_success


async def test_a_tenant_has_so_many_streams_open_and_others_have_their_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, stranger = await house.tenant(), await house.tenant()
    film = await house.submit(tenant)
    monkeypatch.setitem(vars(house.parts.settings), "held_per_tenant", 1)  # they are frozen

    async with tenant.http.stream("GET", "/v1/events") as first:
        second = await tenant.http.get(f"/v1/projects/{film}/events")
        async with stranger.http.stream("GET", "/v1/events") as other:
            codes = (first.status_code, other.status_code)

    async def free_again() -> bool:
        async with tenant.http.stream("GET", "/v1/events") as third:
            return third.status_code == 200

    assert codes == (200, 200)
    assert problem(second) == (429, "too-many-at-once")
    await eventually(free_again)


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
