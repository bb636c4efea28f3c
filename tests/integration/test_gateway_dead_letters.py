"""Dead letters over HTTP: found, looked into, and done after all, once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.tables import Job
from clipforge_contracts import ids
from clipforge_contracts.pipeline import IMPORT
from clipforge_runtime.errors import Permanent
from gateways import FILM, Film, House, Tenant, problem, working
from workshop import eventually, import_at_once

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PATH = "/v1/dead-letters"


async def fail(
    house: House, tenant: Tenant, stage: str = "import", reason: str = "not-a-video"
) -> Film:
    """A film, one of whose jobs has failed for good."""
    film = Film(tenant, await house.submit(tenant))
    await house.caught_up()
    if stage != "import":
        await house.state(film.life()[0])
    letter = film.failed(stage)
    letter.reason = reason
    letter.detail, letter.trace_id = "the door was shut", "0af7651916cd43dd8448eb211c80319c"
    stored = await house.parts.log.last(
        facts.ProjectSubmitted, tenant=tenant.id, project=film.project, about=film.project
    )
    assert stored is not None
    assert isinstance(stored.fact, facts.ProjectSubmitted)
    submitted = stored.fact
    submitted.source.url.url = f"{FILM}?X-Amz-Signature=abcdef"
    letter.cause_type, letter.cause = (
        "clipforge.v1.ProjectSubmitted",
        submitted.SerializeToString(),
    )
    await house.state(letter)
    return film


async def letters(tenant: Tenant, **params: Any) -> list[dict[str, Any]]:
    answer = await tenant.http.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_dead_letters_are_found_by_queue_reason_project_and_time(house: House) -> None:
    tenant = await house.tenant()
    before = datetime.now(UTC)
    first = await fail(house, tenant)
    second = await fail(house, tenant, "transcription", "exhausted")
    later = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()

    async def projects(**params: Any) -> list[str]:
        return [letter["project_id"] for letter in await letters(tenant, **params)]

    assert await projects() == [second.project, first.project]
    assert await projects(queue="video-import") == [first.project]
    assert await projects(reason="exhausted") == [second.project]
    assert await projects(project_id=first.project) == [first.project]
    assert len(await projects(since=before.isoformat(), until=later)) == 2
    assert await projects(since=later) == []
    assert await projects(until=before.isoformat()) == []
    assert await projects(queue="video-import", reason="exhausted") == []


async def test_dead_letters_come_in_pages(house: House) -> None:
    tenant = await house.tenant()
    films = [await fail(house, tenant) for _ in range(3)]

    first = (await tenant.http.get(PATH, params={"limit": 2})).json()
    rest = (await tenant.http.get(PATH, params={"limit": 2, "cursor": first["next"]})).json()

    found = [one["project_id"] for one in (*first["items"], *rest["items"])]
    assert found == [film.project for film in reversed(films)]
    assert rest["next"] is None


async def test_a_user_is_told_why_and_an_admin_is_told_everything(house: House) -> None:
    tenant = await house.tenant()
    film = await fail(house, tenant)
    admin_key = await house.key(tenant.id, role="admin")
    path = f"{PATH}/{ids.job('import', film.project)}"

    user = (await tenant.http.get(path)).json()
    async with house.client(admin_key) as admin:
        told = (await admin.get(path)).json()

    assert user["failure"]["sentence"] == "This file is not a video."
    assert user["attempts"] == 1
    for name in ("detail", "trace_id", "cause_type", "cause"):
        assert user[name] is None
    assert told["detail"] == "the door was shut"
    assert told["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert told["cause_type"] == "clipforge.v1.ProjectSubmitted"
    assert told["cause"]["project"]["project_id"] == film.project
    assert told["cause"]["options"]["render"]["aspect"] == "9:16"
    assert told["cause"]["source"]["url"]["url"] == f"{FILM}?X-Amz-Signature=***"


async def test_a_cause_that_cannot_be_read_is_said_to_be_so(house: House) -> None:
    tenant = await house.tenant(role="admin")
    film = Film(tenant, await house.submit(tenant))
    letter = film.failed("import")
    letter.cause_type, letter.cause = "clipforge.v1.Nothing", b"\xff"
    await house.caught_up()
    await house.state(letter)

    told = (await tenant.http.get(f"{PATH}/{ids.job('import', film.project)}")).json()

    assert told["cause_type"] == "clipforge.v1.Nothing"
    assert "no fact" in told["cause"]["unreadable"]


async def test_a_replay_is_done_after_all_by_a_worker(house: House) -> None:
    tenant = await house.tenant()
    ills = [Permanent("This file is not a video.", reason="not-a-video")]

    async def import_it(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        if ills and cause.project.tenant_id == tenant.id:
            raise ills.pop()
        return await import_at_once(cause)

    async with working(house, IMPORT, import_it):
        project = await house.submit(tenant)
        failed = await _until(tenant, project, "failed")
        job = ids.job("import", project)

        answer = await tenant.http.post(f"{PATH}/{job}/replay")
        imported = await _until(tenant, project, "transcribing")

    assert failed["failure"]["reason"] == "not-a-video"
    assert answer.status_code == 202
    replay = answer.json()
    assert replay["id"] == ids.job("import", project, 1)
    assert (replay["replay"], replay["about"], replay["state"]) == (1, project, "waiting")
    assert answer.headers["location"] == f"/v1/queues/video-import/jobs/{replay['id']}"
    assert imported["failure"] is None
    done = (await tenant.http.get(answer.headers["location"])).json()
    assert (done["state"], done["began_at"] is not None) == ("completed", True)
    old = (await tenant.http.get(f"{PATH}/{job}")).json()
    assert old["replayed_as"] == replay["id"]
    assert await letters(tenant) == []


async def test_a_replay_that_is_asked_for_twice_or_at_once_is_one(house: House) -> None:
    tenant = await house.tenant()
    film = await fail(house, tenant)
    path = f"{PATH}/{ids.job('import', film.project)}/replay"

    answers = await asyncio.gather(*(tenant.http.post(path) for _ in range(5)))
    later = await tenant.http.post(path)
    await house.caught_up()

    assert {answer.status_code for answer in (*answers, later)} == {202}
    assert len({answer.json()["id"] for answer in (*answers, later)}) == 1
    assert len(await _jobs(house, film)) == 2


async def test_a_replay_that_fails_is_a_dead_letter_and_can_be_replayed(house: House) -> None:
    tenant = await house.tenant()
    film = await fail(house, tenant)
    await tenant.http.post(f"{PATH}/{ids.job('import', film.project)}/replay")
    await house.caught_up()
    again = film.failed("import", replay=1)
    await house.state(again)

    [letter] = await letters(tenant)
    answer = await tenant.http.post(f"{PATH}/{letter['id']}/replay")

    assert letter["id"] == ids.job("import", film.project, 1)
    assert answer.json()["id"] == ids.job("import", film.project, 2)


async def test_a_replay_is_answered_although_rows_are_behind(house: House) -> None:
    tenant = await house.tenant()
    film = await fail(house, tenant)
    async with house.stale():
        answer = await tenant.http.post(f"{PATH}/{ids.job('import', film.project)}/replay")

    assert answer.status_code == 202
    assert answer.json()["id"] == ids.job("import", film.project, 1)
    assert len(await _jobs(house, film)) == 2


async def test_a_failed_export_is_replayed_as_the_same_export(house: House) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)
    export = (await tenant.http.post("/v1/exports", json={"clip_id": film.clip})).json()["id"]
    await house.state(film.failed("export", export))

    answer = await tenant.http.post(f"{PATH}/{ids.job('export', export)}/replay")
    await house.caught_up()

    assert answer.json()["about"] == export
    assert (await tenant.http.get(f"/v1/exports/{export}")).json()["state"] == "waiting"


async def test_many_are_replayed_by_a_filter_and_all_by_saying_so(house: House) -> None:
    tenant = await house.tenant()
    films = [await fail(house, tenant, reason="unreachable") for _ in range(3)]
    other = await fail(house, tenant, reason="too-long")
    cancelled = await fail(house, tenant, reason="unreachable")
    await tenant.http.post(f"/v1/projects/{cancelled.project}/cancel")
    await house.caught_up()

    some = await tenant.http.post(f"{PATH}/replay", json={"reason": "unreachable"})
    await house.caught_up()
    left = [letter["project_id"] for letter in await letters(tenant)]
    rest = await tenant.http.post(f"{PATH}/replay", json={"all": True})
    await house.caught_up()

    assert some.status_code == 202
    assert some.json() == {"replayed": 3, "more": False}
    assert left == [other.project]
    assert rest.json() == {"replayed": 1, "more": False}
    assert await letters(tenant) == []
    assert len(await _jobs(house, cancelled)) == 1
    for film in films:
        assert len(await _jobs(house, film)) == 2


@pytest.mark.parametrize(
    "body", [{}, {"all": False}, {"resaon": "x"}, {"queue": "nothing"}, {"since": "yesterday"}]
)
async def test_many_are_not_replayed_by_mistake(tenant: Tenant, body: dict[str, Any]) -> None:
    answer = await tenant.http.post(f"{PATH}/replay", json=body)

    assert problem(answer) == (422, "invalid")


async def test_what_is_cancelled_done_or_not_there_is_not_replayed(house: House) -> None:
    tenant = await house.tenant()
    film = await fail(house, tenant)
    waiting = await house.submit(tenant)
    await tenant.http.post(f"/v1/projects/{film.project}/cancel")
    await house.caught_up()

    cancelled = await tenant.http.post(f"{PATH}/{ids.job('import', film.project)}/replay")
    unfinished = await tenant.http.post(f"{PATH}/{ids.job('import', waiting)}/replay")
    nothing = await tenant.http.post(f"{PATH}/{ids.new('job')}/replay")

    assert problem(cancelled) == (409, "conflict")
    assert problem(unfinished) == problem(nothing) == (404, "not-found")


async def test_dead_letters_of_others_are_for_operators_only(house: House) -> None:
    tenant = await house.tenant()
    film = await fail(house, tenant)
    local_admin = await house.tenant(role="admin")
    job = ids.job("import", film.project)

    assert await letters(local_admin) == []
    for asked in ("all", tenant.id):
        answer = await local_admin.http.get(PATH, params={"tenant": asked})
        assert problem(answer) == (403, "forbidden")
        body = {"all": True, "tenant": asked}
        assert problem(await local_admin.http.post(f"{PATH}/replay", json=body))[0] == 403
    assert problem(await local_admin.http.get(f"{PATH}/{job}")) == (404, "not-found")
    assert problem(await local_admin.http.post(f"{PATH}/{job}/replay")) == (404, "not-found")
    async with house.operator() as admin:
        of_one = (await admin.get(PATH, params={"tenant": tenant.id})).json()["items"]
        of_all = (await admin.get(PATH, params={"tenant": "all", "limit": 100})).json()["items"]
        own = (await admin.get(PATH)).json()["items"]
        alone = await admin.get(f"{PATH}/{job}")
        replayed = await admin.post(f"{PATH}/{job}/replay")
    assert [letter["id"] for letter in of_one] == [job]
    assert job in {letter["id"] for letter in of_all}
    assert own == []
    assert alone.json()["tenant_id"] == tenant.id
    assert replayed.status_code == 202


async def _until(tenant: Tenant, project: str, state: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def reached() -> bool:
        nonlocal found
        found = (await tenant.http.get(f"/v1/projects/{project}")).json()
        return bool(found["state"] == state)

    await eventually(reached)
    return found


async def _jobs(house: House, film: Film) -> list[Job]:
    async with house.sessions() as session:
        statement = select(Job).where(Job.project_id == film.project, Job.stage == "import")
        return list((await session.exec(statement)).all())
