"""Who may ask: API keys, and what another tenant can use of one's things: nothing."""

import pytest

from gateways import FILM, House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def test_a_request_without_a_key_is_refused_and_told_how_to_send_one(house: House) -> None:
    async with house.client() as anybody:
        answer = await anybody.get("/v1/projects")

    assert problem(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.mark.parametrize(
    "header",
    [
        {"Authorization": "Bearer cf_unknown"},
        {"Authorization": "Bearer cf_\xe9\xff"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {'k' * 10_000}"},
        {"X-API-Key": "cf_unknown"},
    ],
    ids=["unknown", "no ascii", "another scheme", "no key", "long", "in the other header"],
)
async def test_a_key_that_is_none_of_ours_is_refused(house: House, header: dict[str, str]) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in header.items()]
    async with house.client() as anybody:
        answer = await anybody.get("/v1/projects", headers=sent)

    assert problem(answer) == (401, "unauthenticated")


async def test_a_key_may_come_in_either_header(house: House, tenant: Tenant) -> None:
    async with house.client() as anybody:
        answer = await anybody.get("/v1/projects", headers={"X-API-Key": tenant.key})

    assert answer.status_code == 200


async def test_a_revoked_key_is_refused(house: House, tenant: Tenant) -> None:
    revoked = await house.key(tenant.id, revoked=True)
    async with house.client(revoked) as former:
        answer = await former.get("/v1/projects")

    assert problem(answer) == (401, "unauthenticated")


async def test_the_first_key_works_before_there_is_a_row_of_it(house: House) -> None:
    async with house.stale(), house.operator() as first:
        answer = await first.get("/v1/projects")

    assert answer.status_code == 200


async def test_a_clip_or_an_upload_of_another_tenant_cannot_be_used(
    house: House, tenant: Tenant, stranger: Tenant
) -> None:
    film = await house.ready(tenant)
    upload = (
        await tenant.http.post("/v1/uploads", json={"file_name": "talk.mp4", "bytes": 10})
    ).json()["id"]

    export = await stranger.http.post("/v1/exports", json={"clip_id": film.clip})
    project = await stranger.http.post(
        "/v1/projects", json={"source": {"type": "upload", "upload_id": upload}}
    )

    assert problem(export) == (404, "not-found")
    assert problem(project) == (409, "conflict")


async def test_the_same_idempotency_key_of_another_tenant_is_another_project(
    tenant: Tenant, stranger: Tenant
) -> None:
    body = {"source": {"type": "url", "url": FILM}}
    key = {"Idempotency-Key": "mine"}

    ours = await tenant.http.post("/v1/projects", json=body, headers=key)
    theirs = await stranger.http.post("/v1/projects", json=body, headers=key)

    assert ours.json()["id"] != theirs.json()["id"]
