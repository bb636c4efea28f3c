"""Tokens of an issuer: whose are taken, and what of them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from clipforge_contracts import ids
from clipforge_gateway import jwks
from clipforge_gateway.problems import UNAUTHENTICATED, UNAVAILABLE, Problem
from clipforge_gateway.settings import Settings
from clipforge_gateway.tokens import Tokens
from issuer import AUDIENCE, Issuer, issuing

TENANT = ids.derive("ten", "of a token")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as opened:
        yield opened


def tokens(issuer: Issuer, **changes: Any) -> Tokens:
    defaults = {
        name: field.default
        for name, field in Settings.model_fields.items()
        if name.startswith("oidc_")
    }
    return Tokens(Settings.model_construct(**{**defaults, "oidc_issuer": issuer.url, **changes}))


async def refusal(reader: Tokens, token: str) -> Problem:
    with pytest.raises(Problem) as refused:
        await reader.read(token)
    return refused.value


async def test_a_token_speaks_for_the_tenant_and_role_that_it_claims(issuer: Issuer) -> None:
    reader = tokens(issuer)

    user = await reader.read(issuer.token(tenant_id=TENANT))
    admin = await reader.read(issuer.token(tenant_id=TENANT, role=["editor", "admin"]))

    assert (user.tenant_id, user.role) == (TENANT, "user")
    assert admin.role == "admin"


async def test_claims_go_by_settings(issuer: Issuer) -> None:
    reader = tokens(
        issuer, oidc_tenant_claim="org", oidc_role_claim="groups", oidc_audience="clips"
    )

    bearer = await reader.read(issuer.token(aud=["clips"], org=TENANT, groups="admin"))

    assert (bearer.tenant_id, bearer.role) == (TENANT, "admin")


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"exp": time.time() - 3600}, "expired"),
        ({"exp": None}, "exp"),
        ({"nbf": time.time() + 3600}, "not yet valid"),
        ({"aud": "another"}, "audience"),
        ({"iss": "https://another.example.com"}, "issuer"),
        ({"tenant_id": None}, "names no tenant"),
        ({"tenant_id": "everybody"}, "names no tenant"),
        ({"tenant_id": ["a"]}, "names no tenant"),
    ],
    ids=["old", "without end", "early", "for another", "of another", "no tenant", "no id", "list"],
)
async def test_a_token_that_is_not_good_here_is_refused(
    issuer: Issuer, claims: dict[str, Any], word: str
) -> None:
    problem = await refusal(tokens(issuer), issuer.token(**{"tenant_id": TENANT, **claims}))

    assert problem.kind is UNAUTHENTICATED
    assert word in problem.detail


async def test_a_clock_may_be_off_by_a_minute(issuer: Issuer) -> None:
    token = issuer.token(tenant_id=TENANT, exp=time.time() - 20)

    assert (await tokens(issuer).read(token)).tenant_id == TENANT
    assert (await refusal(tokens(issuer, oidc_leeway_seconds=0), token)).kind is UNAUTHENTICATED


async def test_a_shared_secret_and_no_signature_are_no_algorithms(issuer: Issuer) -> None:
    reader = tokens(issuer, oidc_algorithms="RS256,HS256,none")
    head, body, signature = issuer.token(tenant_id=TENANT).split(".")
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoieCJ9." + body + "."

    for token in (issuer.token(tenant_id=TENANT, algorithm="HS256"), unsigned):
        assert "algorithm" in (await refusal(reader, token)).detail
    forged = f"{head}.{body}.{signature[:-8]}AAAAAAAA"
    assert (await refusal(reader, forged)).kind is UNAUTHENTICATED


async def test_a_key_that_was_rotated_is_found_and_the_old_one_is_no_good(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "APART_SECONDS", 0.0)
    reader = tokens(issuer)
    old = issuer.token(tenant_id=TENANT)
    await reader.read(old)

    issuer.rotate()
    new = await reader.read(issuer.token(tenant_id=TENANT))

    assert new.tenant_id == TENANT
    assert "none of the issuer's" in (await refusal(reader, old)).detail


async def test_unknown_keys_do_not_make_us_ask_the_issuer_each_time(issuer: Issuer) -> None:
    reader = tokens(issuer)
    await reader.read(issuer.token(tenant_id=TENANT))
    asked = issuer.asked

    for n in range(20):
        await refusal(reader, issuer.token(kid=f"made-up-{n}", tenant_id=TENANT))

    assert issuer.asked == asked


async def test_while_the_issuer_is_away_what_is_known_goes_on(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "APART_SECONDS", 0.0)
    monkeypatch.setattr(jwks, "KEPT_SECONDS", 0.0)
    known, new = tokens(issuer), tokens(issuer)
    await known.read(issuer.token(tenant_id=TENANT))
    issuer.away = True
    try:
        assert (await known.read(issuer.token(tenant_id=TENANT))).tenant_id == TENANT
        assert (await refusal(new, issuer.token(tenant_id=TENANT))).kind is UNAVAILABLE
    finally:
        issuer.away = False


def test_the_audience_of_a_gateway_is_clipforge() -> None:
    assert Settings.model_fields["oidc_audience"].default == AUDIENCE
