"""JSON Web Tokens at a gateway that listens: whom they let in, as what, and until when."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from clipforge_contracts import ids
from clipforge_gateway import auth
from clipforge_gateway.auth import FIRST_TENANT
from clipforge_gateway.settings import Settings
from gateways import House, Tenant, problem, statements
from issuer import Issuer, issuing
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as opened:
        yield opened


@pytest.fixture(scope="module")
def house_settings(house_settings: Settings, issuer: Issuer) -> Settings:
    """Of a gateway that takes this issuer's tokens, and trusts its clock."""
    return house_settings.model_copy(update={"oidc_issuer": issuer.url, "oidc_leeway_seconds": 0.0})


async def ask(house: House, token: str, path: str = "/v1/projects") -> httpx.Response:
    async with house.client(token) as bearer:
        return await bearer.get(path)


async def test_a_token_shows_what_its_tenant_has_and_no_more(
    house: House, issuer: Issuer, tenant: Tenant, stranger: Tenant
) -> None:
    film = await house.ready(tenant)

    theirs = issuer.token(tenant_id=tenant.id)
    other = issuer.token(tenant_id=stranger.id)

    assert [one["id"] for one in (await ask(house, theirs)).json()["items"]] == [film.project]
    assert (await ask(house, other)).json()["items"] == []
    assert problem(await ask(house, other, f"/v1/projects/{film.project}")) == (404, "not-found")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"tenant_id": ids.new("ten")}, "The tenant of this token is none of ours"),
        ({"exp": time.time() - 1}, "expired"),
        ({"aud": "another"}, "audience"),
        ({"iss": "https://another.example.com"}, "issuer"),
    ],
    ids=["of an unknown tenant", "expired", "for another", "of another"],
)
async def test_a_token_that_is_not_good_here_lets_nobody_in(
    house: House, issuer: Issuer, tenant: Tenant, claims: dict[str, Any], why: str
) -> None:
    token = issuer.token(**{"tenant_id": tenant.id, **claims})

    answer = await ask(house, token)

    assert problem(answer) == (401, "unauthenticated")
    assert why in answer.json()["detail"]


async def test_a_token_that_is_remembered_ends_when_it_says(
    house: House, issuer: Issuer, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "REMEMBER_SECONDS", 1e9)
    token = await still_good(house, issuer, tenant)
    with statements(house.sessions) as asked:

        async def ended() -> bool:
            return (await ask(house, token)).status_code == 401

        await eventually(ended)

    assert "expired" in (await ask(house, token)).json()["detail"]
    assert [one for one in asked if "FROM tenants" in one] == [], "it was remembered until then"


async def still_good(house: House, issuer: Issuer, tenant: Tenant) -> str:
    """A token with a life as short as this machine is quick, which has been used."""
    for seconds in (2, 4, 8, 16, 32):
        token = issuer.token(tenant_id=tenant.id, exp=time.time() + seconds)
        if (await ask(house, token)).status_code == 200:
            return token
    raise AssertionError("no request was answered within 32 s")


@pytest.mark.parametrize("role", ["user", "editor", ["viewer", "user"], None], ids=str)
async def test_a_token_without_the_role_admin_manages_no_keys(
    house: House, issuer: Issuer, tenant: Tenant, role: object
) -> None:
    user = issuer.token(tenant_id=tenant.id, role=role)
    admin = issuer.token(tenant_id=tenant.id, role="admin")

    assert problem(await ask(house, user, "/v1/keys")) == (403, "forbidden")
    assert (await ask(house, admin, "/v1/keys")).status_code == 200


async def test_an_admin_of_the_first_tenant_operates_and_nobody_else(
    house: House, issuer: Issuer, tenant: Tenant
) -> None:
    await house.caught_up()  # with the row of the first tenant

    operator = issuer.token(tenant_id=FIRST_TENANT, role="admin")
    others = (
        issuer.token(tenant_id=FIRST_TENANT, role="user"),
        issuer.token(tenant_id=tenant.id, role="admin"),
    )

    assert (await ask(house, operator, "/v1/tenants")).status_code == 200
    for token in others:
        assert problem(await ask(house, token, "/v1/tenants")) == (403, "forbidden")


async def test_a_token_whose_signature_was_tampered_with_lets_nobody_in(
    house: House, issuer: Issuer, tenant: Tenant
) -> None:
    head, _, signature = issuer.token(tenant_id=tenant.id).split(".")
    _, claims, _ = issuer.token(tenant_id=FIRST_TENANT, role="admin").split(".")

    answer = await ask(house, f"{head}.{claims}.{signature}")

    assert problem(answer) == (401, "unauthenticated")
