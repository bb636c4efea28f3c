"""Keys are made, listed and revoked by admins of their tenant, and shown once."""

import pytest

from clipforge_catalog.tables import ApiKey
from clipforge_gateway.auth import key_hash
from gateways import House

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def test_a_new_key_works_and_is_shown_once(house: House) -> None:
    admin = await house.tenant(role="admin")

    made = await admin.http.post("/v1/keys", json={"name": "ci", "role": "user"})
    await house.caught_up()

    assert made.status_code == 201
    key = made.json()["key"]
    assert key.startswith("cf_")
    async with house.client(key) as http:
        assert (await http.get("/v1/projects")).status_code == 200
    listed = (await admin.http.get("/v1/keys")).json()["items"]
    assert {one["name"] for one in listed} == {"test", "ci"}
    assert all("key" not in one and "hash" not in one for one in listed)


async def test_keys_are_listed_in_pages_the_oldest_first(house: House) -> None:
    admin = await house.tenant(role="admin")
    names = ["test", "a", "b", "c", "d"]
    for name in names[1:]:
        await admin.http.post("/v1/keys", json={"name": name})
    await house.caught_up()
    operator = house.operator()

    for http, path in ((admin.http, "/v1/keys"), (operator, f"/v1/tenants/{admin.id}/keys")):
        pages, cursor = [], ""
        while cursor is not None:
            page = (await http.get(path, params={"limit": 2, "cursor": cursor})).json()
            pages.append([one["name"] for one in page["items"]])
            cursor = page["next"]
        assert pages == [["test", "a"], ["b", "c"], ["d"]]
    await operator.aclose()


async def test_of_a_key_only_its_hash_is_kept(house: House) -> None:
    admin = await house.tenant(role="admin")

    made = (await admin.http.post("/v1/keys", json={"name": "ci"})).json()
    await house.caught_up()

    async with house.sessions() as session:
        row = await session.get(ApiKey, made["id"])
    assert row is not None
    assert row.hash == key_hash(made["key"])
    assert row.role == "user"
    assert made["key"] not in str(row.model_dump())


async def test_a_revoked_key_opens_nothing_and_is_not_listed(house: House) -> None:
    admin = await house.tenant(role="admin")
    made = (await admin.http.post("/v1/keys", json={"name": "ci"})).json()
    await house.caught_up()
    async with house.client(made["key"]) as http:
        assert (await http.get("/v1/projects")).status_code == 200  # remembered by now

        revoked = await admin.http.delete(f"/v1/keys/{made['id']}")
        await house.caught_up()

        assert (revoked.status_code, revoked.json()["revoked"]) == (200, True)
        assert (await http.get("/v1/projects")).status_code == 401
    listed = (await admin.http.get("/v1/keys")).json()["items"]
    assert made["id"] not in {one["id"] for one in listed}
    assert (await admin.http.delete(f"/v1/keys/{made['id']}")).status_code == 200


async def test_a_user_neither_sees_nor_makes_nor_revokes_keys(house: House) -> None:
    user = await house.tenant(role="user")
    an_id = "key_" + "0" * 26

    answers = [
        await user.http.get("/v1/keys"),
        await user.http.post("/v1/keys", json={"name": "mine", "role": "admin"}),
        await user.http.delete(f"/v1/keys/{an_id}"),
    ]

    assert [one.status_code for one in answers] == [403, 403, 403]
    assert all("role admin" in one.json()["detail"] for one in answers)


async def test_an_admin_rules_over_the_own_tenant_only(house: House) -> None:
    admin, other = await house.tenant(role="admin"), await house.tenant(role="admin")
    made = (await other.http.post("/v1/keys", json={"name": "theirs"})).json()
    await house.caught_up()

    listed = (await admin.http.get("/v1/keys")).json()["items"]
    tried = await admin.http.delete(f"/v1/keys/{made['id']}")

    assert made["id"] not in {one["id"] for one in listed}
    assert tried.status_code == 404
    async with house.client(made["key"]) as http:
        assert (await http.get("/v1/projects")).status_code == 200


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x", "role": "root"}])
async def test_a_key_without_a_name_or_with_another_role_is_refused(
    house: House, body: dict[str, str]
) -> None:
    admin = await house.tenant(role="admin")

    answer = await admin.http.post("/v1/keys", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"]
