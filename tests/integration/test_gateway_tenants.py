"""Tenants: made, moved and given keys by operators; what changes is known everywhere at once."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from clipforge_contracts import ids
from clipforge_gateway import auth
from clipforge_gateway.problems import Problem
from gateways import House, Tenant, problem
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def operator(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever has the first key."""
    async with house.operator() as http:
        yield http


async def made(operator: httpx.AsyncClient, **body: str) -> httpx.Response:
    answer = await operator.post("/v1/tenants", json={"name": "Acme", **body})
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_tenant_is_made_and_works_with_a_key_of_its_own(
    house: House, operator: httpx.AsyncClient
) -> None:
    tenant = await made(operator, plan="pro")
    path = tenant.headers["location"]

    key = (await operator.post(f"{path}/keys", json={"name": "ci", "role": "admin"})).json()
    async with house.client(key["key"]) as theirs:
        listed = await theirs.get("/v1/keys")
    revoked = await operator.delete(f"{path}/keys/{key['id']}")

    assert [one["name"] for one in listed.json()["items"]] == ["ci"]
    assert (await operator.get(path)).json() == tenant.json()
    assert tenant.json()["plan"] == "pro"
    assert revoked.json()["revoked"] is True
    assert (await operator.get(f"{path}/keys")).json()["items"] == []


async def test_of_two_edits_of_one_state_the_second_is_refused(
    operator: httpx.AsyncClient,
) -> None:
    path = (await made(operator)).headers["location"]
    tag = {"If-Match": (await operator.get(path)).headers["etag"]}

    first = await operator.patch(path, json={"plan": "business"}, headers=tag)
    second = await operator.patch(path, json={"name": "Other"}, headers=tag)
    blind = await operator.patch(path, json={"name": "Other"})
    anew = await operator.patch(
        path, json={"name": "Other"}, headers={"If-Match": first.headers["etag"]}
    )

    assert first.json()["plan"] == "business"
    assert problem(second) == (412, "precondition-failed")
    assert problem(blind) == (428, "precondition-required")
    assert (anew.json()["name"], anew.json()["plan"]) == ("Other", "business")


async def test_every_tenant_is_listed_once(operator: httpx.AsyncClient) -> None:
    wanted = {(await made(operator)).json()["id"] for _ in range(3)}
    found: list[str] = []
    cursor = ""

    while cursor is not None:
        page = (await operator.get("/v1/tenants", params={"limit": 2, "cursor": cursor})).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]

    assert wanted <= set(found)
    assert len(found) == len(set(found))


async def test_an_admin_of_another_tenant_is_no_operator(house: House, tenant: Tenant) -> None:
    admin = await house.tenant(role="admin")

    answers = [
        await admin.http.get("/v1/tenants"),
        await admin.http.post("/v1/tenants", json={"name": "mine"}),
        await admin.http.get(f"/v1/tenants/{admin.id}"),
        await admin.http.post(f"/v1/tenants/{tenant.id}/keys", json={"name": "x"}),
    ]

    assert [problem(one) for one in answers] == [(403, "forbidden")] * 4


async def test_a_revoked_key_works_at_no_replica_a_moment_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other replicas have it in memory, for longer than this test."""
    monkeypatch.setattr(auth, "REMEMBER_SECONDS", 3600.0)
    admin = await house.tenant(role="admin")
    key = (await admin.http.post("/v1/keys", json={"name": "ci"})).json()

    async with house.another_gateway() as second:
        headers = {"Authorization": f"Bearer {key['key']}"}
        async with httpx.AsyncClient(base_url=second, headers=headers, timeout=60) as there:
            before = await there.get("/v1/projects")
            await admin.http.delete(f"/v1/keys/{key['id']}")

            async def refused() -> bool:
                return (await there.get("/v1/projects")).status_code == 401

            await eventually(refused)
    assert before.status_code == 200


async def test_another_plan_is_known_at_once(house: House, operator: httpx.AsyncClient) -> None:
    path = (await made(operator, plan="free")).headers["location"]
    key = (await operator.post(f"{path}/keys", json={"name": "ci"})).json()["key"]
    tag = (await operator.get(path)).headers["etag"]
    async with house.client(key) as theirs:
        free = (await theirs.get("/v1/projects")).headers["ratelimit-policy"]
        await operator.patch(path, json={"plan": "business"}, headers={"If-Match": tag})

        async def moved() -> bool:
            now = (await theirs.get("/v1/projects")).headers["ratelimit-policy"]
            return bool(now != free)

        await eventually(moved)


async def test_what_the_log_says_of_a_key_goes_before_its_row(house: House) -> None:
    """A row may be behind: a key that was revoked is not read back from it."""
    admin = await house.tenant(role="admin")
    made = (await admin.http.post("/v1/keys", json={"name": "ci"})).json()
    await house.caught_up()

    async with house.stale():
        await admin.http.delete(f"/v1/keys/{made['id']}")
        with pytest.raises(Problem, match="revoked"):
            await house.parts.authenticator.caller(made["key"])


async def test_a_tenant_that_is_not_there_is_not_found(operator: httpx.AsyncClient) -> None:
    answer = await operator.get(f"/v1/tenants/{ids.new('ten')}")

    assert problem(answer) == (404, "not-found")
