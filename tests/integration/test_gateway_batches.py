"""Many outputs asked for at once over HTTP."""

from typing import Any

import httpx
import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.plans import Plan
from gateways import Film, House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

WISH = {"aspects": ["9:16", "1:1", "16:9"], "styles": ["pop", "bar"]}


async def ask(tenant: Tenant, *clips: str, **more: Any) -> httpx.Response:
    body = {"clip_ids": list(clips), **WISH, **more}
    return await tenant.http.post("/v1/exports/batch", json=body)


async def asked(house: House, tenant: Tenant, export: str) -> facts.ExportRequested:
    entry = await house.parts.log.last(
        facts.ExportRequested, tenant=tenant.id, project=None, about=export
    )
    assert entry is not None
    assert isinstance(entry.fact, facts.ExportRequested)
    return entry.fact


async def counts(tenant: Tenant, batch: str) -> dict[str, int]:
    view = (await tenant.http.get(f"/v1/exports/batches/{batch}")).json()
    return {state: number for state, number in view["counts"].items() if number}


async def test_every_clip_is_asked_for_in_every_shape_and_style(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)

    answer = await ask(tenant, film.clip)

    assert answer.status_code == 202, answer.text
    batch = answer.json()
    assert answer.headers["Location"] == f"/v1/exports/batches/{batch['id']}"
    assert len(set(batch["export_ids"])) == 6
    assert await counts(tenant, batch["id"]) == {"waiting": 6}
    listed = (await tenant.http.get("/v1/exports", params={"batch_id": batch["id"]})).json()
    looks = {(one["aspect"], one["style"]) for one in listed["items"]}
    assert looks == {(aspect, style) for aspect in WISH["aspects"] for style in WISH["styles"]}
    wishes = [await asked(house, tenant, export) for export in batch["export_ids"]]
    groups = {wish.group_id for wish in wishes}
    assert len(groups) == 2  # at most four outputs a decode
    for wish in wishes:
        others = {one.export_id for one in wishes if one.group_id == wish.group_id}
        assert {one.export_id for one in wish.together} == others - {wish.export_id}


async def test_asked_again_it_is_the_same_batch_and_nothing_is_asked_of_workers(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    first = (await ask(tenant, film.clip)).json()
    before = await house.parts.log.last_of_project(tenant.id, film.project)

    second = (await ask(tenant, film.clip)).json()

    assert second["id"] == first["id"]
    after = await house.parts.log.last_of_project(tenant.id, film.project)
    assert before is not None
    assert after is not None
    assert after.sequence == before.sequence


async def test_what_was_exported_before_is_left_out_of_the_groups(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    alone = (await tenant.http.post("/v1/exports", json={"clip_id": film.clip})).json()["id"]
    await house.state(film.exported(alone))

    batch = (await ask(tenant, film.clip, styles=["pop"])).json()

    assert alone in batch["export_ids"]
    assert await counts(tenant, batch["id"]) == {"waiting": 2, "completed": 1}
    [one, two] = [each for each in batch["export_ids"] if each != alone]
    assert [each.export_id for each in (await asked(house, tenant, one)).together] == [two]


async def test_one_fails_one_is_cancelled_and_one_is_rendered(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    batch = (await ask(tenant, film.clip, styles=["pop"])).json()
    failed, cancelled, rendered = batch["export_ids"]

    await house.state(film.failed("export", failed))
    await tenant.http.post(f"/v1/exports/{cancelled}/cancel")
    await house.state(film.exported(rendered))
    # Rendered along with another one, though nobody wanted it any more.
    await house.state(film.exported(cancelled))

    view = (await tenant.http.get(f"/v1/exports/batches/{batch['id']}", params={"wait": 30})).json()
    assert view["over"]
    assert await counts(tenant, batch["id"]) == {"failed": 1, "cancelled": 1, "completed": 1}
    by_state = await tenant.http.get(
        "/v1/exports", params={"batch_id": batch["id"], "state": "failed"}
    )
    assert [one["id"] for one in by_state.json()["items"]] == [failed]
    of_clip = await tenant.http.get(
        "/v1/exports", params={"clip_id": film.clip, "state": "completed"}
    )
    assert [one["id"] for one in of_clip.json()["items"]] == [rendered]


async def test_cancelling_a_batch_stops_what_is_left(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    batch = (await ask(tenant, film.clip, styles=["pop"])).json()
    await house.state(film.exported(batch["export_ids"][0]))

    for _ in range(2):
        answer = await tenant.http.post(f"/v1/exports/batches/{batch['id']}/cancel")
        assert answer.status_code == 202

    assert await counts(tenant, batch["id"]) == {"completed": 1, "cancelled": 2}


async def test_what_is_deleted_with_its_project_is_waited_for_no_longer(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    batch = (await ask(tenant, film.clip, styles=["pop"])).json()
    await tenant.http.delete(f"/v1/projects/{film.project}")
    await house.caught_up()

    assert await counts(tenant, batch["id"]) == {"cancelled": 3}


async def test_a_batch_of_a_stranger_is_not_there(
    house: House, tenant: Tenant, stranger: Tenant
) -> None:
    film = await house.ready(tenant)
    batch = (await ask(tenant, film.clip)).json()["id"]

    answers = [
        await stranger.http.get(f"/v1/exports/batches/{batch}"),
        await stranger.http.post(f"/v1/exports/batches/{batch}/cancel"),
        await stranger.http.get("/v1/exports", params={"batch_id": batch}),
        await ask(stranger, film.clip),
    ]

    assert [problem(answer)[0] for answer in answers] == [404] * 4
    assert await counts(tenant, batch) == {"waiting": 6}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"clip_ids": [ids.new("clip") for _ in range(26)], "aspects": ["9:16", "1:1"],
          "styles": ["pop", "bar"]}, "104 outputs"),
        ({"clip_ids": []}, "at least 1"),
        ({"clip_ids": ["clip_a", "clip_a"]}, "each may be named once"),
        ({"clip_ids": ["clip_a"], "styles": ["neat"]}, "pop"),
    ],
)  # fmt: skip
async def test_a_batch_that_makes_no_sense_is_refused_in_words(
    tenant: Tenant, body: dict[str, Any], said: str
) -> None:
    refused = await tenant.http.post("/v1/exports/batch", json=body)

    assert problem(refused) == (422, "invalid")
    assert said in refused.text


async def test_a_batch_beyond_the_plan_is_refused_as_a_whole(house: House) -> None:
    free = await house.tenant(Plan.FREE)
    film = await house.ready(free)
    quota = house.settings.backlog_of(Plan.FREE)
    for n in range(quota - 3):
        await house.tell(_waiting(film, n))
    await house.caught_up()

    refused = await ask(free, film.clip)

    assert problem(refused) == (429, "backlog-full")
    assert "6 jobs" in refused.json()["detail"]


def _waiting(film: Film, n: int) -> facts.ExportRequested:
    made: facts.ExportRequested = film.fact(facts.ExportRequested)
    made.export_id, made.clip.id = ids.derive("exp", film.project, n), film.clip
    return made
