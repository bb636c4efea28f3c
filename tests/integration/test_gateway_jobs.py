"""The history of jobs, and how far they are: by polling, by waiting and by events."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Plan, Priority
from clipforge_runtime.bus import Progress
from clipforge_runtime.errors import Transient
from clipforge_runtime.progress import report
from gateways import Film, House, Tenant, heard, problem, working
from workshop import PATIENCE, eventually, import_at_once

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def jobs(tenant: Tenant, **params: Any) -> list[str]:
    answer = await tenant.http.get("/v1/jobs", params=params)
    assert answer.status_code == 200, answer.text
    return [job["project_id"] for job in answer.json()["items"]]


async def put(house: House, film: Film, percent: float, **more: Any) -> Progress:
    """A sign of life of the job that imports a film, or transcribes it where it has parts."""
    stage = "transcription" if "part" in more else "import"
    made = Progress(
        job=ids.job(stage, film.project),
        owner="me",
        attempt=1,
        percent=percent,
        step=f"{stage} at work",
        tenant=film.tenant.id,
        project=film.project,
        **more,
    )
    await (await house.bus(stage)).put_progress(made)
    return made


async def delay(house: House, film: Film, *, deferred: bool = False) -> None:
    """The job that imports a film is to be tried tomorrow."""
    job = ids.job("import", film.project)
    due = subjects.Subject(
        "retries", "import", Priority.HIGH, Lane.L0, film.tenant.id, film.project, job
    )
    tomorrow = datetime.now(UTC) + timedelta(hours=23)
    await (await house.bus("import")).again(
        due,
        b"",
        message_id=ids.new("evt"),
        headers={},
        at=tomorrow,
        sequence=1,
        deferred=deferred,
    )


async def test_jobs_are_listed_by_their_state(house: House) -> None:
    tenant = await house.tenant()
    names = ("waiting", "active", "delayed", "deferred", "completed", "failed", "cancelled")
    films = {name: Film(tenant, await house.submit(tenant)) for name in names}
    running = await put(house, films["active"], 10)
    await delay(house, films["delayed"])
    await delay(house, films["deferred"], deferred=True)
    await house.tell(films["completed"].life()[0])
    await house.tell(films["failed"].failed("import"))
    await tenant.http.post(f"/v1/projects/{films['cancelled'].project}/cancel")
    await house.caught_up()

    found = {name: await jobs(tenant, queue="video-import", state=name) for name in names}
    every = (await tenant.http.get("/v1/jobs", params={"queue": "video-import"})).json()["items"]

    assert found == {name: [film.project] for name, film in films.items()}
    assert {job["project_id"]: job["state"] for job in every} == {
        film.project: name for name, film in films.items()
    }
    await (await house.bus("import")).delete_progress(running)
    assert await jobs(tenant, queue="video-import", state="active") == []
    assert set(await jobs(tenant, queue="video-import", state="waiting")) == {
        films["waiting"].project,
        films["active"].project,
    }


async def test_free_work_that_is_held_back_under_load_is_deferred(house: House) -> None:
    free, pro = await house.tenant(Plan.FREE), await house.tenant(Plan.PRO)
    held, served = await house.submit(free), await house.submit(pro)
    await house.caught_up()
    job = f"/v1/queues/video-import/jobs/{ids.job('import', held)}"
    worker = await house.bus("import")

    async def deferred() -> bool:
        await worker.say_deferring(IMPORT)  # it is forgotten in 15 seconds
        return await jobs(free, queue="video-import", state="deferred") == [held]

    await eventually(deferred)
    await worker.say_deferring(IMPORT)
    alone = (await free.http.get(job)).json()["state"]
    numbers = (await free.http.get("/v1/queues/video-import/metrics")).json()["priorities"]

    assert alone == "deferred"
    assert await jobs(free, queue="video-import", state="waiting") == []
    assert await jobs(pro, queue="video-import", state="waiting") == [served]
    assert await jobs(pro, queue="video-import", state="deferred") == []
    assert (numbers["low"]["waiting"], numbers["low"]["deferred"]) == (0, 1)
    assert (numbers["normal"]["waiting"], numbers["normal"]["deferred"]) == (1, 0)


async def test_jobs_are_listed_by_queue_and_project_newest_first(house: House) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)
    await tenant.http.post("/v1/exports", json={"clip_id": film.clip})
    other = await house.submit(tenant)
    await house.caught_up()

    of_film = (await tenant.http.get("/v1/jobs", params={"project_id": film.project})).json()

    assert [job["queue"] for job in of_film["items"]] == [
        "video-export",
        "clip-detection",
        "transcription",
        "video-import",
    ]
    assert await jobs(tenant, queue="video-import") == [other, film.project]
    first = (await tenant.http.get("/v1/jobs", params={"limit": 3})).json()
    rest = (await tenant.http.get("/v1/jobs", params={"limit": 3, "cursor": first["next"]})).json()
    assert len({job["id"] for job in (*first["items"], *rest["items"])}) == 5


@pytest.mark.parametrize(
    "params",
    [{"queue": "nothing"}, {"state": "done"}, {"project_id": "\x00"}, {"tenant": "x"}],
)
async def test_a_question_that_is_not_valid_is_refused(
    tenant: Tenant, params: dict[str, str]
) -> None:
    assert problem(await tenant.http.get("/v1/jobs", params=params)) == (422, "invalid")


async def test_jobs_of_others_are_for_operators_only(house: House, stranger: Tenant) -> None:
    tenant = await house.tenant()
    project = await house.submit(tenant)
    await house.caught_up()

    assert await jobs(stranger) == []
    for asked in ("all", tenant.id):
        answer = await stranger.http.get("/v1/jobs", params={"tenant": asked})
        assert problem(answer) == (403, "forbidden")
    async with house.operator() as admin:
        of_one = (await admin.get("/v1/jobs", params={"tenant": tenant.id})).json()["items"]
    assert [job["project_id"] for job in of_one] == [project]


async def test_a_job_in_parts_is_one_number_that_never_goes_back(house: House) -> None:
    tenant = await house.tenant()
    film = Film(tenant, await house.submit(tenant))
    await house.state(film.life()[0])
    job = f"/v1/queues/transcription/jobs/{ids.job('transcription', film.project)}"
    project = f"/v1/projects/{film.project}"
    told: list[tuple[float, float]] = []

    async def look(percent: float) -> None:
        async def seen() -> bool:
            found = (await tenant.http.get(job)).json()["progress"]["percent"]
            return bool(found == percent)

        await eventually(seen)
        whole = (await tenant.http.get(project)).json()["progress"]["percent"]
        told.append((percent, whole))

    first = await put(house, film, 80, part=0, parts=4)
    await put(house, film, 20, part=1, parts=4)
    await look(25)
    await (await house.bus("transcription")).delete_progress(first)
    await look(30)  # the first has ended: a quarter, and a fifth of the second
    await put(house, film, 0, part=2, parts=4)
    await look(30)
    await put(house, film, 90, part=1, parts=4)
    await look(47.5)

    assert told == sorted(told)
    assert [whole for _, whole in told] == [33.8, 37.5, 37.5, 50.6]


async def test_a_second_attempt_is_as_far_as_the_first_at_gateways_that_start_in_between(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipforge_runtime.retry.backoff", lambda *_: timedelta(seconds=5))
    tenant = await house.tenant()
    seen, tried = [asyncio.Event(), asyncio.Event()], 0

    async def fail_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        nonlocal tried
        if cause.project.tenant_id == tenant.id:
            tried += 1
            report(60 if tried == 1 else 5, "downloading")
            async with asyncio.timeout(PATIENCE):
                await seen[tried - 1].wait()
            if tried == 1:
                raise Transient("The site does not answer.")
        return await import_at_once(cause)

    async with working(house, IMPORT, fail_once), AsyncExitStack() as gateways:
        project = await house.submit(tenant)
        await house.caught_up()
        job = f"/v1/queues/video-import/jobs/{ids.job('import', project)}"

        async def shows(attempt: int, percent: float) -> bool:
            shown = (await tenant.http.get(job)).json()
            return (shown["attempts"], shown["progress"]["percent"]) == (attempt, percent)

        async def at_a_new_gateway() -> list[float]:
            address = await gateways.enter_async_context(house.another_gateway())
            told = [(await tenant.http.get(address + job)).json()["progress"]["percent"]]
            whole = (await tenant.http.get(f"{address}/v1/projects/{project}")).json()
            return [*told, whole["progress"]["percent"]]

        async def delayed() -> bool:
            return bool((await tenant.http.get(job)).json()["state"] == "delayed")

        await eventually(partial(shows, 1, 60))
        seen[0].set()
        await eventually(delayed)
        between = await at_a_new_gateway()
        await eventually(partial(shows, 2, 60))
        running = await at_a_new_gateway()
        seen[1].set()

    assert between == running == [60, 9]


async def test_what_is_left_is_learned_from_past_jobs(house: House) -> None:
    tenant = await house.tenant()
    # Films of 90 s: imported in 9 s, transcribed in 45 s, clips found in 1.8 s.
    for _ in range(3):
        film = Film(tenant, await house.submit(tenant))
        for fact, seconds in zip(film.life(), (9, 45, 1.8), strict=True):
            began = datetime.now(UTC) - timedelta(seconds=seconds)
            await house.state(fact, cf_began=began.isoformat())
    film = Film(tenant, await house.submit(tenant))
    await house.state(film.life()[0])
    await put(house, film, 40, part=0, parts=1)
    project = f"/v1/projects/{film.project}"
    found: dict[str, Any] = {}

    async def learned() -> bool:
        nonlocal found
        found = (await tenant.http.get(project)).json()["progress"]
        return found["seconds_left"] is not None and found["percent"] > 15

    await eventually(learned)
    job = ids.job("transcription", film.project)
    alone = (await tenant.http.get(f"/v1/queues/transcription/jobs/{job}")).json()
    async with house.events(tenant, film.project) as events:
        await heard(events, until="video-imported")
        await put(house, film, 60, part=0, parts=1)
        [live] = await heard(events, until="progress", progress=True)

    # The house is busy with other tests, so work may seem to have taken some seconds longer.
    assert 27 <= alone["progress"]["seconds_left"] <= 45
    assert alone["progress"]["seconds_left"] <= found["seconds_left"] <= 60
    assert live.data["stage"] == "transcription"
    assert live.data["percent"] == 60
    assert 18 <= live.data["seconds_left"] < alone["progress"]["seconds_left"]


async def test_nothing_is_estimated_from_too_few_jobs(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    asked = await tenant.http.post("/v1/exports", json={"clip_id": film.clip, "style": "bar"})
    await house.caught_up()

    export = (await tenant.http.get(f"/v1/exports/{asked.json()['id']}")).json()

    assert export["progress"]["seconds_left"] is None


async def test_a_workers_report_is_seen_by_events_polling_and_waiting(house: House) -> None:
    tenant = await house.tenant()
    go_on = asyncio.Event()

    async def import_slowly(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        if cause.project.tenant_id == tenant.id:
            report(42, "downloading")
            async with asyncio.timeout(PATIENCE):
                await go_on.wait()
        return await import_at_once(cause)

    async with working(house, IMPORT, import_slowly):
        project = await house.submit(tenant)
        async with house.events(tenant, project) as events:
            seen: dict[str, Any] = {}
            while seen.get("percent") != 42:
                [*_, told] = await heard(events, until="progress", progress=True)
                seen = told.data
        polled = (await tenant.http.get(f"/v1/projects/{project}")).json()
        waited = (await tenant.http.get(f"/v1/projects/{project}", params={"wait": 1})).json()
        go_on.set()
        job = ids.job("import", project)

        async def done() -> bool:
            answer = await tenant.http.get(f"/v1/queues/video-import/jobs/{job}")
            return bool(answer.json()["state"] == "completed")

        await eventually(done)
        ended = (await tenant.http.get(f"/v1/queues/video-import/jobs/{job}")).json()

    assert (seen["step"], seen["stage"]) == ("downloading", "import")
    for view in (polled, waited):
        assert view["state"] == "importing"
        assert view["progress"]["percent"] == 6.3
        assert view["progress"]["step"] == "downloading"
    assert ended["progress"]["percent"] == 100
    assert datetime.fromisoformat(ended["began_at"]) <= datetime.fromisoformat(ended["finished_at"])
