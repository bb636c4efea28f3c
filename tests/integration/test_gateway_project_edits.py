"""What of a project is changed after it was submitted, and what comes too late for that."""

from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import TRANSCRIPTION
from clipforge_runtime.bus import Entry
from gateways import Film, House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ANY = {"If-Match": "*"}


async def edit(film: Film, *, headers: dict[str, str] = ANY, **body: Any) -> Any:
    return await film.tenant.http.patch(f"/v1/projects/{film.project}", json=body, headers=headers)


async def shown(film: Film) -> dict[str, Any]:
    found: dict[str, Any] = (await film.tenant.http.get(f"/v1/projects/{film.project}")).json()
    return found


async def test_a_title_is_changed_and_seen_everywhere(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    answer = await edit(film, title="Why queues")

    assert (answer.status_code, answer.json()["title"]) == (200, "Why queues")
    assert answer.json()["version"] == 1
    assert (await shown(film))["title"] == "Why queues"
    listed = (await tenant.http.get("/v1/projects", params={"title": "why queues"})).json()
    assert [one["id"] for one in listed["items"]] == [film.project]


async def test_a_title_given_while_the_film_comes_in_stays(house: House, tenant: Tenant) -> None:
    film = Film(tenant, await house.submit(tenant, title="before"))
    await house.caught_up()
    await edit(film, title="meanwhile")

    await house.state(film.fact(facts.VideoImported))

    assert (await shown(film))["title"] == "meanwhile"


async def test_an_edit_needs_the_version_that_was_read_and_not_the_progress(
    house: House, tenant: Tenant
) -> None:
    film = Film(tenant, await house.submit(tenant))
    await house.caught_up()
    read = await tenant.http.get(f"/v1/projects/{film.project}")
    await house.state(film.fact(facts.VideoImported))  # it goes on, and is edited by nobody
    tag = {"If-Match": read.headers["etag"]}

    first = await edit(film, headers=tag, title="first")
    second = await edit(film, headers=tag, title="second")
    blind = await edit(film, headers={}, title="blind")
    third = await edit(film, headers={"If-Match": first.headers["etag"]}, title="third")

    assert first.status_code == 200, first.text
    assert problem(second) == (412, "precondition-failed")
    assert problem(blind) == (428, "precondition-required")
    assert third.json()["title"] == "third"


async def test_the_tag_of_a_project_changes_with_its_progress(house: House, tenant: Tenant) -> None:
    film = Film(tenant, await house.submit(tenant))
    await house.caught_up()
    path = f"/v1/projects/{film.project}"
    tag = (await tenant.http.get(path)).headers["etag"]
    same = await tenant.http.get(path, headers={"If-None-Match": tag})

    await house.state(film.fact(facts.VideoImported))
    later = await tenant.http.get(path, headers={"If-None-Match": tag})

    assert (same.status_code, later.status_code) == (304, 200)


async def test_what_is_said_twice_is_one_edit(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    answers = [await edit(film, title="once") for _ in range(2)]
    nothing = await edit(film)

    assert [one.json()["version"] for one in (*answers, nothing)] == [1, 1, 1]


async def test_exports_ask_for_the_kit_that_the_project_has_by_then(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    kit = (await tenant.http.post("/v1/brand-kits", json={"name": "Ours"})).json()["id"]

    answer = await edit(film, options={"brand_kit_id": kit})
    export = await tenant.http.post("/v1/exports", json={"clip_id": film.clip})
    without = await edit(film, options={"brand_kit_id": ""})

    assert answer.json()["options"]["brand_kit_id"] == kit, answer.text
    assert export.json()["brand_kit_id"] == kit
    assert not without.json()["options"].get("brand_kit_id")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"language": "de"}, ["`language`"]),
        ({"clips": 3, "vocabulary": ["queue"]}, ["`clips`", "`vocabulary`"]),
    ],
    ids=str,
)
async def test_an_option_that_is_too_late_is_refused_in_words(
    house: House, tenant: Tenant, options: dict[str, Any], named: list[str]
) -> None:
    running = Film(tenant, await house.submit(tenant))
    await house.state(running.fact(facts.VideoImported))
    ready = await house.ready(tenant)

    for film, word in ((running, "Cancel it"), (ready, "clips are found")):
        answer = await edit(film, title="not this either", options=options)
        assert problem(answer) == (409, "conflict")
        assert all(one in answer.json()["detail"] for one in (*named, word))
        assert (await shown(film))["version"] == 0


async def test_an_option_that_is_what_it_was_is_never_too_late(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)

    answer = await edit(film, title="new", options={"language": "", "clips": 0, "aspect": "9:16"})

    assert answer.status_code == 200, answer.text


async def test_what_has_failed_is_begun_anew_with_the_options_of_then(
    house: House, tenant: Tenant
) -> None:
    film = Film(tenant, await house.submit(tenant, options={"clips": 5}))
    await house.state(film.fact(facts.VideoImported))
    await house.state(film.failed("transcription"))

    answer = await edit(film, options={"language": "de", "vocabulary": ["Warteschlange"]})
    assert answer.status_code == 200, answer.text
    failed = ids.job("transcription", film.project)
    await tenant.http.post(f"/v1/dead-letters/{failed}/replay")
    options = (await _begun_anew(house, film)).options

    assert (options.language, list(options.vocabulary)) == ("de", ["Warteschlange"])
    assert options.clip_count == 5
    late = await edit(film, options={"language": "fr"})
    assert problem(late) == (409, "conflict")


async def test_options_that_come_after_the_replay_change_the_title_only(
    house: House, tenant: Tenant
) -> None:
    """Of an edit and a replay at one moment the log says which was first, for everybody."""
    film = Film(tenant, await house.submit(tenant, title="a"))
    await house.state(film.fact(facts.VideoImported))
    await house.state(film.failed("transcription"))
    async with house.stale():
        failed = ids.job("transcription", film.project)
        await tenant.http.post(f"/v1/dead-letters/{failed}/replay")
        answer = await edit(film, title="b", options={"language": "de"})
    assert answer.status_code == 202, answer.text

    project = await shown(film)

    assert (project["title"], project["version"]) == ("b", 1)
    assert project["options"].get("language", "") == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "t" * 201}, "body.title"),
        ({"titel": "typo"}, "body.titel"),
        ({"options": {"clips": 51}}, "body.options.clips"),
        ({"options": {"langauge": "en"}}, "body.options.langauge"),
        ({"version": 3}, "body.version"),
    ],
    ids=str,
)
async def test_an_edit_that_is_not_valid_is_told_which_field(
    house: House, tenant: Tenant, body: dict[str, Any], field: str
) -> None:
    film = Film(tenant, await house.submit(tenant))

    answer = await edit(film, **body)

    assert problem(answer) == (422, "invalid")
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


async def _begun_anew(house: House, film: Film) -> facts.VideoImported:
    """What the reconciler hands out for the replay."""
    filters = (f"retries.{TRANSCRIPTION.name}.*.*.{film.tenant.id}.{film.project}.>",)
    bus = await house.bus("projector")
    async for entry in bus.follow(after=0, filters=filters):
        assert isinstance(entry, Entry)
        assert isinstance(entry.fact, facts.VideoImported)
        return entry.fact
    raise AssertionError("nothing was begun anew")
