"""Who may ask: API keys, roles, and what another tenant sees of one's things: nothing."""

import re
from typing import Any

import httpx
import pytest

from bodies import needed, sample
from clipforge_catalog.queries import keys
from clipforge_contracts import ids
from clipforge_gateway.app import create_app
from gateways import FILM, Film, House, Tenant, problem

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


async def test_another_tenant_is_told_of_every_route_that_there_is_no_such_thing(
    house: House, tenant: Tenant
) -> None:
    stranger = await house.tenant(role="admin")
    async with house.sessions() as session:
        [key] = (await keys.of_tenant(session, tenant.id, limit=1)).rows
    film = await house.ready(tenant)
    failed = Film(tenant, await house.submit(tenant))
    await house.state(failed.failed("import"))
    export = (await tenant.http.post("/v1/exports", json={"clip_id": film.clip})).json()["id"]
    batch = await _made(tenant, "/v1/exports/batch", clip_ids=[film.clip], aspects=["1:1"])
    upload = await _made(tenant, "/v1/uploads", file_name="talk.mp4", bytes=10)
    logo = await _uploaded(tenant)
    brand = {
        "asset_id": await _made(tenant, "/v1/brand-assets", kind="picture", upload_id=logo),
        "kit_id": await _made(tenant, "/v1/brand-kits", name="Ours"),
        "style_id": await _made(tenant, "/v1/caption-styles", name="Ours", base="pop"),
        "preset_id": await _made(tenant, "/v1/presets", name="Ours"),
    }
    await house.caught_up()
    known = {
        **brand,
        **ELSEWHERE,
        "batch_id": batch,
        "project_id": film.project,
        "clip_id": film.clip,
        "film_id": film.asset,
        "export_id": export,
        "upload_id": upload,
        "job_id": ids.job("import", failed.project),
        "queue": "video-import",
        "key_id": key.id,
        "tenant_id": tenant.id,
    }
    nobody_s = {
        name: one if name == "queue" else f"{one.split('_')[0]}_{'0' * 26}"
        for name, one in known.items()
    }
    document = create_app().openapi()
    asked: set[str] = set()

    for path, methods in document["paths"].items():
        names = set(re.findall(r"{(\w+)}", path)) - {"queue"}
        if not names:
            continue
        for method, operation in methods.items():
            # What is not named above fails here: say how such a thing is made.
            body = {
                "json": sample(document, operation, known),
                "params": needed(operation),
                "headers": {"If-Match": "*"},
            }
            answer = await stranger.http.request(method, path.format(**known), **body)
            nothing = await stranger.http.request(method, path.format(**nobody_s), **body)
            assert problem(answer) == problem(nothing), f"{method} {path} tells what there is"
            if "tenant_id" in names:  # for operators, and for nobody else whatever is there
                assert problem(answer) == (403, "forbidden"), f"{method} {path}"
                asked |= names
                continue
            asked |= names
            if names & set(ELSEWHERE):  # what is answered tells nothing: it is one for all ids
                continue
            assert problem(answer) == (404, "not-found"), f"{method} {path}"
            owner = await _owner_sees(tenant, method, path.format(**known), needed(operation))
            assert owner, f"{method} {path}: the owner, too, is told that it is not there"

    assert asked == set(known) - {"queue"}


# Of an installation with keys for webhooks: their own tests look at them as a stranger.
ELSEWHERE = {"webhook_id": ids.new("whk"), "delivery_id": ids.new("dlv")}


async def _made(tenant: Tenant, path: str, **body: Any) -> str:
    answer = await tenant.http.post(path, json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    made: str = answer.json()["id"]
    return made


async def _uploaded(tenant: Tenant) -> str:
    """A file that is there."""
    made = await _made(tenant, "/v1/uploads", file_name="logo.png", bytes=10)
    [part] = (await tenant.http.get(f"/v1/uploads/{made}/parts")).json()["items"]
    async with httpx.AsyncClient() as store:
        (await store.put(part["url"], content=b"0123456789")).raise_for_status()
    (await tenant.http.post(f"/v1/uploads/{made}/complete")).raise_for_status()
    return made


async def _owner_sees(tenant: Tenant, method: str, path: str, params: dict[str, str]) -> bool:
    """Reads only: the walk must not delete what it goes on to ask for."""
    if method != "get" or path.endswith("/events"):
        return True
    return (await tenant.http.get(path, params=params)).status_code == 200


async def test_what_another_tenant_has_is_in_no_list(
    house: House, tenant: Tenant, stranger: Tenant
) -> None:
    film = await house.ready(tenant)
    await tenant.http.post("/v1/exports", json={"clip_id": film.clip})
    await house.caught_up()

    for path in ("/v1/projects", "/v1/exports", f"/v1/exports?project_id={film.project}"):
        assert (await stranger.http.get(path)).json()["items"] == [], path


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
