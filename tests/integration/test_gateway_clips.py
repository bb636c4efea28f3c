"""Clips that people make, edit and delete, through a real gateway, log and tables."""

from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.plans import Plan
from gateways import Film, House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ANY = {"If-Match": "*"}


async def listed(film: Film, order: str = "score") -> list[dict[str, Any]]:
    path = f"/v1/projects/{film.project}/clips"
    answer = await film.tenant.http.get(path, params={"order": order})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def make(film: Film, key: str = "", **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    path = f"/v1/projects/{film.project}/clips"
    return await film.tenant.http.post(path, json=body, headers=headers)


async def test_a_new_title_and_new_edges_are_seen_in_the_list(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    answer = await tenant.http.patch(
        f"/v1/clips/{film.clip}",
        json={"title": "Why queues", "start_ms": 10_300, "end_ms": 11_500, "hashtags": ["work"]},
        headers=ANY,
    )

    assert answer.status_code == 200, answer.text
    [clip] = await listed(film)
    assert clip == answer.json()
    assert (clip["title"], clip["hashtags"]) == ("Why queues", ["#work"])
    assert (clip["start_ms"], clip["end_ms"]) == (10_400, 11_600)  # on words
    assert (clip["text"], clip["version"]) == ("do queues lose", 1)
    assert (clip["score"], clip["reasons"]) == (97, ["Opens with a question."])


async def test_exact_edges_stay_where_they_are(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    answer = await tenant.http.patch(
        f"/v1/clips/{film.clip}", json={"end_ms": 33_333, "snap": False}, headers=ANY
    )

    assert (answer.json()["start_ms"], answer.json()["end_ms"]) == (10_000, 33_333)


async def test_the_same_edit_twice_is_one(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    path, body = f"/v1/clips/{film.clip}", {"title": "Twice"}

    first = await tenant.http.patch(path, json=body, headers=ANY)
    second = await tenant.http.patch(path, json=body, headers=ANY)

    assert first.json() == second.json()
    assert second.json()["version"] == 1
    assert first.headers["etag"] == second.headers["etag"]


async def test_an_edit_needs_to_know_what_it_edits(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    path = f"/v1/clips/{film.clip}"
    read = (await tenant.http.get(path)).headers["etag"]
    first = await tenant.http.patch(path, json={"title": "Mine"}, headers={"If-Match": read})

    late = await tenant.http.patch(path, json={"title": "Theirs"}, headers={"If-Match": read})
    blind = await tenant.http.patch(path, json={"title": "Theirs"})
    knowing = await tenant.http.patch(
        path, json={"title": "Theirs"}, headers={"If-Match": first.headers["etag"]}
    )

    assert problem(late) == (412, "precondition-failed")
    assert problem(blind) == (428, "precondition-required")
    assert knowing.json()["version"] == 2
    assert (await tenant.http.get(path)).headers["etag"] == knowing.headers["etag"]


async def test_an_edit_is_told_to_be_on_its_way_while_rows_stand_still(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    async with house.stale():
        answer = await tenant.http.patch(
            f"/v1/clips/{film.clip}", json={"title": "Later"}, headers=ANY
        )

    assert (answer.status_code, answer.json()["title"]) == (202, "Later")
    assert [clip["title"] for clip in await listed(film)] == ["Later"]


async def test_a_clip_is_made_of_words_and_of_times(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    of_words = await make(film, first_word=1, last_word=4, title="By words")
    of_times = await make(film, start_ms=60_000, end_ms=75_000)

    assert of_words.status_code == 201, of_words.text
    assert of_words.headers["location"] == f"/v1/clips/{of_words.json()['id']}"
    made = of_words.json()
    assert (made["start_ms"], made["end_ms"]) == (10_400, 12_000)
    assert (made["score"], made["confidence"], made["detector"]) == (None, None, "manual")
    assert made["text"] == "do queues lose work?"
    assert of_times.json()["text"] == ""
    assert [clip["score"] for clip in await listed(film)] == [97, None, None]
    assert [clip["start_ms"] for clip in await listed(film, "time")] == [10_000, 10_400, 60_000]


async def test_a_clip_made_twice_with_one_key_is_one(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    first = await make(film, "a-key", first_word=0, last_word=4)
    second = await make(film, "a-key", first_word=0, last_word=4)
    other = await make(film, "a-key", first_word=0, last_word=3)

    assert first.json()["id"] == second.json()["id"]
    assert problem(other) == (422, "idempotency-key-reused")
    assert len(await listed(film)) == 2


async def test_a_clip_outside_of_its_film_is_refused(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    beyond = await make(film, start_ms=80_000, end_ms=90_001)
    no_word = await make(film, first_word=0, last_word=5)
    neither = await make(film, title="Nothing")
    both = await make(film, start_ms=0, end_ms=5000, first_word=0, last_word=1)

    assert problem(beyond) == (422, "invalid")
    assert "90000 ms" in beyond.json()["detail"]
    assert "5 words" in no_word.json()["detail"]
    assert problem(neither) == problem(both) == (422, "invalid")


async def test_a_clip_is_no_longer_than_the_plan_allows(house: House) -> None:
    free = await house.tenant(Plan.FREE)
    film = Film(free, await house.submit(free))
    imported, transcribed, detected = film.life()
    assert isinstance(imported, facts.VideoImported)
    imported.media.duration_ms = 600_000
    imported.asset_id = ids.derive("ast", film.project)
    for fact in (imported, transcribed, detected):
        await house.tell(fact)
    await house.keep_transcript(film)
    await house.caught_up()

    answer = await free.http.patch(
        f"/v1/clips/{film.clip}", json={"end_ms": 400_000, "snap": False}, headers=ANY
    )

    assert problem(answer) == (422, "invalid")
    assert "at most 180000 ms" in answer.json()["detail"]


async def test_a_deleted_clip_is_in_no_list_and_its_exports_stay(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    export = await tenant.http.post("/v1/exports", json={"clip_id": film.clip})
    path = f"/v1/clips/{film.clip}"

    first = await tenant.http.delete(path)
    second = await tenant.http.delete(path)

    assert (first.status_code, second.status_code) == (204, 204)
    assert await listed(film) == []
    assert problem(await tenant.http.get(path)) == (404, "not-found")
    assert problem(await tenant.http.post("/v1/exports", json={"clip_id": film.clip}))[0] == 404
    kept = await tenant.http.get(f"/v1/exports/{export.json()['id']}")
    assert (kept.status_code, kept.json()["clip_id"]) == (200, film.clip)
    project = (await tenant.http.get(f"/v1/projects/{film.project}")).json()
    assert project["clip_count"] == 0


async def test_detection_told_again_undoes_no_edit(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    path = f"/v1/clips/{film.clip}"
    await tenant.http.patch(path, json={"title": "Mine", "end_ms": 11_600}, headers=ANY)
    edited = (await tenant.http.get(path)).json()
    again: facts.ClipsDetected = film.fact(facts.ClipsDetected)
    again.clips[0].score = 50

    await house.state(again)

    assert (await tenant.http.get(path)).json() == {**edited, "score": 50}


async def test_strangers_neither_see_nor_change_a_clip(
    house: House, tenant: Tenant, stranger: Tenant
) -> None:
    film = await house.ready(tenant)
    path = f"/v1/clips/{film.clip}"
    theirs = Film(stranger, film.project)

    answers = [
        await stranger.http.patch(path, json={"title": "Theirs"}, headers=ANY),
        await stranger.http.delete(path),
        await make(theirs, first_word=0, last_word=1),
    ]

    assert [problem(answer) for answer in answers] == [(404, "not-found")] * 3
    assert (await tenant.http.get(path)).json()["version"] == 0


async def test_many_clips_come_in_pages_that_new_ones_do_not_disturb(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    for n in range(4):
        await make(film, start_ms=20_000 + 5000 * n, end_ms=24_000 + 5000 * n)
    path = f"/v1/projects/{film.project}/clips"
    by_time: dict[str, Any] = {"order": "time", "limit": 2}

    first = (await tenant.http.get(path, params=by_time)).json()
    await make(film, start_ms=1000, end_ms=5000)
    second = (await tenant.http.get(path, params={**by_time, "cursor": first["next"]})).json()
    third = (await tenant.http.get(path, params={**by_time, "cursor": second["next"]})).json()

    starts = [one["start_ms"] for page in (first, second, third) for one in page["items"]]
    assert starts == [10_000, 20_000, 25_000, 30_000, 35_000]
    assert third["next"] is None
