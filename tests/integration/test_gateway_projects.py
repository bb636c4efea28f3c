"""Projects over HTTP: taken in once, listed in order, seen at once, waited for, stopped."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest
from sqlmodel import select

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.tables import Project
from clipforge_contracts import ids, subjects
from clipforge_runtime.bus import Entry
from gateways import FILM, Film, House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

URL = {"type": "url", "url": FILM}


async def test_a_film_is_accepted_and_told_where_to_look(tenant: Tenant) -> None:
    answer = await tenant.http.post(
        "/v1/projects", json={"source": URL, "title": "A talk", "options": {"clips": 3}}
    )

    assert answer.status_code == 202
    project = answer.json()
    assert answer.headers["location"] == f"/v1/projects/{project['id']}"
    assert (project["state"], project["title"]) == ("queued", "A talk")
    assert project["source"] == URL
    assert project["options"]["clips"] == 3
    assert project["options"]["aspect"] == "9:16"
    assert (await tenant.http.get(answer.headers["location"])).json()["id"] == project["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.source"),
        ({"source": {"type": "url"}}, "body.source.url.url"),
        ({"source": {"type": "ftp", "url": FILM}}, "body.source"),
        ({"source": {"type": "url", "url": "file:///etc/passwd"}}, "body.source.url.url"),
        ({"source": {"type": "url", "url": "https://"}}, "body.source.url.url"),
        ({"source": {"type": "url", "url": "https://[::1"}}, "body.source.url.url"),
        ({"source": {"type": "url", "url": "https://me:pw@host/a"}}, "body.source.url.url"),
        ({"source": {"type": "url", "url": f"https://h/{'a' * 2048}"}}, "body.source.url.url"),
        ({"source": {"type": "url", "url": "https://h/\x00"}}, "body.source.url.url"),
        ({"source": {"type": "upload", "upload_id": "u" * 65}}, "body.source.upload.upload_id"),
        ({"source": URL, "title": "t" * 201}, "body.title"),
        ({"source": URL, "title": "a\x00b"}, "body.title"),
        ({"source": URL, "titel": "typo"}, "body.titel"),
        ({"source": URL, "options": {"aspect": "3:2"}}, "body.options.aspect"),
        ({"source": URL, "options": {"style": "comic"}}, "body.options.style"),
        ({"source": URL, "options": {"quality": "best"}}, "body.options.quality"),
        ({"source": URL, "options": {"height": 4320}}, "body.options.height"),
        ({"source": URL, "options": {"language": "english please"}}, "body.options.language"),
        ({"source": URL, "options": {"clips": 51}}, "body.options.clips"),
        ({"source": URL, "options": {"clips": -1}}, "body.options.clips"),
        ({"source": URL, "options": {"clips": 1.5}}, "body.options.clips"),
        ({"source": URL, "options": {"min_clip_ms": 700_000}}, "body.options.min_clip_ms"),
        ({"source": URL, "options": {"model": "m" * 65}}, "body.options.model"),
        ({"source": URL, "options": {"model": "\x00"}}, "body.options.model"),
        ({"source": URL, "options": {"vocabulary": ["w"] * 101}}, "body.options.vocabulary"),
        ({"source": URL, "options": {"vocabulary": ["\x00"]}}, "body.options.vocabulary.0"),
        ({"source": URL, "options": {"vocabulary": ["w" * 81]}}, "body.options.vocabulary.0"),
    ],
)
async def test_a_request_that_is_not_valid_is_told_which_field(
    tenant: Tenant, body: dict[str, Any], field: str
) -> None:
    answer = await tenant.http.post("/v1/projects", json=body)

    assert problem(answer) == (422, "invalid")
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (
            {"source": URL, "options": {"min_clip_ms": 20_000, "max_clip_ms": 10_000}},
            422,
            "min_clip_ms",
        ),
        ({"source": {"type": "upload", "upload_id": "upl_nothing"}}, 422, "upload_id"),
        ({"source": {"type": "upload", "upload_id": ids.new("upl")}}, 409, "complete"),
    ],
)
async def test_what_no_single_field_shows_is_said_in_the_detail(
    tenant: Tenant, body: dict[str, Any], status: int, word: str
) -> None:
    answer = await tenant.http.post("/v1/projects", json=body)

    assert problem(answer)[0] == status
    assert word in answer.json()["detail"]


async def test_a_lone_surrogate_is_refused(tenant: Tenant) -> None:
    body = b'{"source": {"type": "url", "url": "https://h/a"}, "title": "\\ud800"}'

    answer = await tenant.http.post(
        "/v1/projects", content=body, headers={"Content-Type": "application/json"}
    )

    assert problem(answer) == (422, "invalid")


async def test_the_same_key_and_body_make_one_project_and_one_answer(
    house: House, tenant: Tenant
) -> None:
    key = {"Idempotency-Key": ids.new("evt")}
    body = {"source": URL, "title": "once"}

    first = await tenant.http.post("/v1/projects", json=body, headers=key)
    await house.caught_up()
    again = await tenant.http.post("/v1/projects", json=body, headers=key)

    assert again.status_code == first.status_code == 202
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]


async def test_the_same_key_with_another_body_is_refused(tenant: Tenant) -> None:
    key = {"Idempotency-Key": ids.new("evt")}
    await tenant.http.post("/v1/projects", json={"source": URL, "title": "one"}, headers=key)

    other = await tenant.http.post(
        "/v1/projects", json={"source": URL, "title": "another"}, headers=key
    )

    assert problem(other) == (422, "idempotency-key-reused")


async def test_many_requests_with_one_key_at_once_make_one_project(
    house: House, tenant: Tenant
) -> None:
    key = {"Idempotency-Key": ids.new("evt")}
    body = {"source": URL, "title": "many"}

    answers = await asyncio.gather(
        *(tenant.http.post("/v1/projects", json=body, headers=key) for _ in range(10))
    )
    await house.caught_up()

    assert {answer.status_code for answer in answers} == {202}
    [project] = {answer.json()["id"] for answer in answers}
    async with house.sessions() as session:
        found = (await session.exec(select(Project).where(Project.title == "many"))).all()
    assert [row.id for row in found] == [project]


async def test_a_key_that_is_too_long_is_refused(tenant: Tenant) -> None:
    answer = await tenant.http.post(
        "/v1/projects", json={"source": URL}, headers={"Idempotency-Key": "k" * 256}
    )

    assert problem(answer) == (422, "invalid")


async def test_pages_are_stable_while_others_are_added(house: House) -> None:
    tenant = await house.tenant()
    old = [await house.submit(tenant, title=str(n)) for n in range(5)]
    await house.caught_up()

    seen: list[str] = []
    cursor = ""
    while True:
        page = (await tenant.http.get("/v1/projects", params={"limit": 2, "cursor": cursor})).json()
        assert len(page["items"]) <= 2
        seen += [project["id"] for project in page["items"]]
        await house.submit(tenant, title="newer")
        await house.caught_up()
        if page["next"] is None:
            break
        cursor = page["next"]

    assert seen == old[::-1]


async def test_projects_are_listed_by_state(house: House) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)
    await house.submit(tenant)
    await house.caught_up()

    ready = (await tenant.http.get("/v1/projects", params={"state": "ready"})).json()["items"]

    assert [(one["id"], one["clip_count"]) for one in ready] == [(film.project, 1)]
    assert ready[0]["media"]["duration_ms"] == 90_000
    wrong = await tenant.http.get("/v1/projects", params={"state": "done"})
    assert problem(wrong) == (422, "invalid")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "e30",  # {}
        "WzEsMl0",  # [1,2]: an id is a text
        "WzFlNDAwLCJwcmoiXQ",  # [1e400,"prj"]
        "WzEsIlx1MDAwMCJd",  # [1,"\u0000"]
        "W1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tb",
        "Wy0xLCJwcmpfMDFqemp6anpqempqemp6anpqemp6anpqeiJd",  # [-1,"prj_01..."]
        "9" * 500,
    ],
)
@pytest.mark.parametrize("path", ["/v1/projects", "/v1/exports"])
async def test_a_cursor_that_we_did_not_make_is_refused(
    tenant: Tenant, path: str, cursor: str
) -> None:
    answer = await tenant.http.get(path, params={"cursor": cursor})

    assert problem(answer) == (422, "invalid")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "1e9"])
async def test_a_page_has_one_to_a_hundred_items(tenant: Tenant, limit: str) -> None:
    answer = await tenant.http.get("/v1/projects", params={"limit": limit})

    assert problem(answer) == (422, "invalid")


async def test_a_project_is_seen_before_there_is_a_row_of_it(house: House, tenant: Tenant) -> None:
    async with house.stale():
        project = await house.submit(tenant, title="fresh")

        seen = await tenant.http.get(f"/v1/projects/{project}")
        clips = await tenant.http.get(f"/v1/projects/{project}/clips")
        transcript = await tenant.http.get(f"/v1/projects/{project}/transcript")

    assert (seen.json()["state"], seen.json()["title"]) == ("queued", "fresh")
    assert clips.json()["items"] == []
    assert problem(transcript) == (404, "not-found")


async def test_a_project_that_is_deleted_at_once_is_gone_although_rows_are_behind(
    house: House, tenant: Tenant
) -> None:
    async with house.stale():
        project = await house.submit(tenant)
        deleted = await tenant.http.delete(f"/v1/projects/{project}")
        seen = await tenant.http.get(f"/v1/projects/{project}")

    assert deleted.status_code == 202
    assert problem(seen) == (404, "not-found")


async def test_waiting_ends_as_soon_as_the_project_is_over(house: House, tenant: Tenant) -> None:
    film = Film(tenant, await house.submit(tenant))
    path = f"/v1/projects/{film.project}"
    waiting = asyncio.create_task(tenant.http.get(path, params={"wait": 30}, timeout=60))
    for fact in film.life():
        await house.state(fact)

    answer = await waiting

    assert answer.json()["state"] == "ready"
    assert answer.json()["progress"]["percent"] == 100


async def test_waiting_for_a_project_that_goes_on_ends_in_time(
    house: House, tenant: Tenant
) -> None:
    project = await house.submit(tenant)

    answer = await tenant.http.get(f"/v1/projects/{project}", params={"wait": 1})

    assert answer.json()["state"] == "queued"


async def test_a_stopping_gateway_answers_those_who_wait(house: House, tenant: Tenant) -> None:
    project = await house.submit(tenant)
    path = f"/v1/projects/{project}"
    async with house.client(tenant.key) as waiter:
        waiting = asyncio.create_task(waiter.get(path, params={"wait": 30}, timeout=60))
        while not house.parts.feed.listeners(project):  # noqa: ASYNC110  (it tells nobody)
            await asyncio.sleep(0.01)

        await house.stop_gateway()
        answer = await waiting
    await house.start_gateway()

    assert answer.json()["state"] == "queued"


@pytest.mark.parametrize("wait", ["-1", "31", "long"])
async def test_nobody_waits_for_longer_than_half_a_minute(tenant: Tenant, wait: str) -> None:
    answer = await tenant.http.get(f"/v1/projects/{ids.new('prj')}", params={"wait": wait})

    assert problem(answer) == (422, "invalid")


async def test_a_project_is_cancelled_once_however_often_one_asks(
    house: House, tenant: Tenant
) -> None:
    project = await house.submit(tenant)

    for _ in range(2):
        answer = await tenant.http.post(f"/v1/projects/{project}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")

    found = [entry.fact async for entry in _facts_of(house, tenant, project)]
    assert [type(fact) for fact in found] == [facts.ProjectSubmitted, facts.ProjectCancelled]


async def test_a_cancel_is_answered_although_rows_are_behind(house: House, tenant: Tenant) -> None:
    async with house.stale():
        project = await house.submit(tenant)
        answer = await tenant.http.post(f"/v1/projects/{project}/cancel")

        seen = await tenant.http.get(f"/v1/projects/{project}")

    assert (answer.status_code, seen.json()["state"]) == (202, "queued")
    after = await tenant.http.get(f"/v1/projects/{project}")
    assert after.json()["state"] == "cancelled"


async def test_a_project_that_is_ready_has_nothing_to_cancel(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    answer = await tenant.http.post(f"/v1/projects/{film.project}/cancel")

    assert problem(answer) == (409, "conflict")
    assert "export" in answer.json()["detail"]


async def test_a_cancel_stops_the_exports_of_a_project_too(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    export = (await tenant.http.post("/v1/exports", json={"clip_id": film.clip})).json()["id"]
    # Stated as if the film had become ready between the question and the answer.
    await house.state(film.fact(facts.ProjectCancelled))

    seen = await tenant.http.get(f"/v1/exports/{export}")
    new = await tenant.http.post("/v1/exports", json={"clip_id": film.clip, "style": "neon"})

    assert seen.json()["state"] == "cancelled"
    assert problem(new) == (409, "conflict")


async def test_a_deleted_project_takes_everything_with_it(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    path = f"/v1/projects/{film.project}"

    first = await tenant.http.delete(path)
    await house.caught_up()

    assert first.status_code == 202
    for gone in (path, f"{path}/clips", f"{path}/transcript", f"/v1/clips/{film.clip}"):
        assert problem(await tenant.http.get(gone)) == (404, "not-found")
    assert problem(await tenant.http.delete(path)) == (404, "not-found")


async def test_a_failure_is_told_in_words(house: House, tenant: Tenant) -> None:
    film = Film(tenant, await house.submit(tenant))
    await house.state(film.failed("import"))

    project = (await tenant.http.get(f"/v1/projects/{film.project}")).json()

    assert project["state"] == "failed"
    assert project["failure"] == {
        "stage": "import",
        "reason": "not-a-video",
        "sentence": "This file is not a video.",
    }


@pytest.mark.parametrize("project", ["prj_x", "prj_" + "A" * 26, "clip_" + "a" * 26, "%00", "é"])
async def test_an_id_that_is_none_is_refused(tenant: Tenant, project: str) -> None:
    answer = await tenant.http.get(f"/v1/projects/{project}")

    assert problem(answer) == (422, "invalid")


async def _facts_of(house: House, tenant: Tenant, project: str) -> AsyncGenerator[Entry]:
    last = await house.parts.log.last_of_project(tenant.id, project)
    assert last is not None
    filters = (subjects.of_project(tenant.id, project),)
    async with aclosing(house.parts.log.follow(after=0, filters=filters)) as following:
        async for entry in following:
            yield entry
            if entry.sequence >= last.sequence:
                break
