"""Queues and jobs over HTTP: what waits, runs and has ended."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import CLIP_DETECTION, IMPORT, PIPELINE
from clipforge_contracts.plans import Plan
from clipforge_runtime.bus import Progress
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.jetstream.connection import connect
from clipforge_runtime.jetstream.declare import declare
from gateways import Film, House, Tenant, problem, working
from workshop import PATIENCE, eventually, import_at_once

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def test_the_numbers_of_a_queue_are_those_of_the_log_and_the_rows(house: House) -> None:
    tenant = await house.tenant()
    before = (await tenant.http.get("/v1/queues/video-import/metrics")).json()
    films = [Film(tenant, await house.submit(tenant)) for _ in range(3)]
    await house.tell(films[0].life()[0])
    await house.tell(films[1].failed("import"))
    await house.caught_up()

    every = (await tenant.http.get("/v1/queues/metrics")).json()
    one = (await tenant.http.get("/v1/queues/video-import/metrics")).json()

    assert set(every) == {stage.queue for stage in PIPELINE}
    for numbers in (every["video-import"], one):
        assert numbers.pop("oldest_waiting_seconds") > 0  # and grows while one asks
    assert every["video-import"] == one
    # No worker takes them in this house: the log's consumers still hold all three.
    assert one["waiting"] - before["waiting"] == 3
    assert one["priorities"]["high"]["waiting"] == one["waiting"]
    assert one["completed"] - before["completed"] == 1
    assert one["failed"] - before["failed"] == 1
    assert one["paused"] is False


async def test_a_queue_tells_how_long_things_wait_and_take(house: House) -> None:
    tenant = await house.tenant()
    await house.submit(tenant)
    films = [Film(tenant, await house.submit(tenant)) for _ in range(2)]
    await house.caught_up()
    now = datetime.now(UTC)
    for film, seconds in zip(films, (2, 4), strict=True):
        began = (now - timedelta(seconds=seconds)).isoformat()
        await house.state(film.life()[0], cf_began=began)
    cached = Film(tenant, await house.submit(tenant)).fact(facts.VideoImported)
    cached.reused = True
    await house.state(cached, cf_began=(now - timedelta(hours=1)).isoformat())

    numbers = (await tenant.http.get("/v1/queues/video-import/metrics")).json()

    assert numbers["oldest_waiting_seconds"] > 0
    assert numbers["completed_last_hour"] >= 3
    assert numbers["completed_per_minute"] == round(numbers["completed_last_hour"] / 60, 3)
    # The one from the cache, an hour of no work, is not counted in.
    assert 2 <= numbers["mean_seconds"] < 60
    assert numbers["mean_seconds"] <= numbers["p95_seconds"] < 60
    idle = (await tenant.http.get("/v1/queues/video-export/metrics")).json()
    assert idle["oldest_waiting_seconds"] is None
    assert idle["mean_seconds"] is None


async def test_each_priority_counts_what_runs_is_delayed_and_has_ended(house: House) -> None:
    business, pro = await house.tenant(), await house.tenant(Plan.PRO)
    runs, fails = [Film(business, await house.submit(business)) for _ in range(2)]
    waits, ends = [Film(pro, await house.submit(pro)) for _ in range(2)]

    async def handler(cause: facts.VideoTranscribed) -> facts.ClipsDetected:
        match cause.film.project.project_id:
            case runs.project:
                await asyncio.Event().wait()
            case fails.project:
                raise Permanent("Nobody speaks in it.", reason="silent")
            case waits.project:
                raise Transient("The world is unwell.", after=timedelta(hours=1))
        made: facts.ClipsDetected = ends.fact(facts.ClipsDetected)
        return made

    async def numbers() -> dict[str, Any]:
        answer = await business.http.get("/v1/queues/clip-detection/metrics")
        every: dict[str, Any] = answer.json()
        return every

    names, before = ("active", "delayed", "completed", "failed"), await numbers()

    async def settled() -> bool:
        now = await numbers()
        return [now[name] - before[name] for name in names] == [1, 1, 1, 1]

    async with working(house, CLIP_DETECTION, handler):
        for film in (runs, fails, waits, ends):
            for fact in film.life()[:2]:
                await house.state(fact)
        await eventually(settled)
        now = await numbers()

    changed = {
        priority: {name for name in names if now["priorities"][priority][name] != then[name]}
        for priority, then in before["priorities"].items()
    }
    assert changed == {
        "critical": set(),
        "high": {"active", "failed"},
        "normal": {"delayed", "completed"},
        "low": set(),
    }


async def test_a_paused_queue_starts_nothing_and_goes_on_when_resumed(
    house: House, tenant: Tenant
) -> None:
    begun: asyncio.Queue[facts.ProjectSubmitted] = asyncio.Queue()

    async def handler(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        begun.put_nowait(cause)
        return await import_at_once(cause)

    async with house.operator() as admin:
        paused = await admin.post("/v1/queues/video-import/pause")
        again = await admin.post("/v1/queues/video-import/pause")
        async with working(house, IMPORT, handler):
            project = await house.submit(tenant)
            seen = (await tenant.http.get(f"/v1/projects/{project}", params={"wait": 2})).json()
            during = (await tenant.http.get("/v1/queues/metrics")).json()
            started = begun.qsize()
            resumed = await admin.post("/v1/queues/video-import/resume")
            async with asyncio.timeout(PATIENCE):
                while (await begun.get()).project.project_id != project:
                    pass

    assert paused.status_code == again.status_code == resumed.status_code == 200
    assert paused.json()["paused"] is True
    assert (seen["state"], started) == ("queued", 0)
    assert during["video-import"]["paused"] is True
    assert during["video-import"]["waiting"] > 0
    assert all(one["paused"] for one in during["video-import"]["priorities"].values())
    assert during["transcription"]["paused"] is False
    assert resumed.json()["paused"] is False


async def test_a_pause_outlives_an_upgrade(house: House) -> None:
    async with house.operator() as admin:
        await admin.post("/v1/queues/clip-detection/pause")
        async with connect(house.settings.nats_url, "admin") as connection:
            await declare(connection, house.settings)
        after = (await admin.get("/v1/queues/clip-detection/metrics")).json()
        await admin.post("/v1/queues/clip-detection/resume")

    assert after["paused"] is True


@pytest.mark.parametrize("verb", ["pause", "resume", "tenants"])
async def test_queues_are_for_operators_only(house: House, tenant: Tenant, verb: str) -> None:
    method = "GET" if verb == "tenants" else "POST"
    local_admin = await house.tenant(role="admin")

    for asker in (tenant, local_admin):
        answer = await asker.http.request(method, f"/v1/queues/transcription/{verb}")
        assert problem(answer) == (403, "forbidden")
    async with house.client() as anybody:
        answer = await anybody.request(method, f"/v1/queues/transcription/{verb}")
    assert problem(answer) == (401, "unauthenticated")


async def test_operators_see_whose_the_jobs_are(house: House) -> None:
    began = time.monotonic()
    busy, idle = await house.tenant(), await house.tenant()
    for _ in range(3):
        await house.submit(busy)
    await house.state(Film(idle, await house.submit(idle)).failed("import"))

    async with house.operator() as admin:
        shares: list[dict[str, Any]] = []
        path, cursor = "/v1/queues/video-import/tenants", ""
        while cursor is not None:
            page = (await admin.get(path, params={"limit": 1, "cursor": cursor})).json()
            shares, cursor = [*shares, *page["items"]], page["next"]

    assert len({share["tenant_id"] for share in shares}) == len(shares)
    by_tenant = {share["tenant_id"]: share for share in shares}
    assert 0 <= by_tenant[busy.id].pop("oldest_outstanding_seconds") <= time.monotonic() - began + 1
    assert by_tenant[busy.id] == {
        "tenant_id": busy.id,
        "outstanding": 3,
        "completed": 0,
        "failed": 0,
        "completed_last_hour": 0,
        "completed_per_minute": 0,
        "mean_seconds": None,
        "p95_seconds": None,
    }
    assert by_tenant[idle.id]["failed"] == 1
    assert by_tenant[idle.id]["oldest_outstanding_seconds"] is None
    assert [one["outstanding"] for one in shares] == sorted(
        (one["outstanding"] for one in shares), reverse=True
    )


async def test_operators_see_how_long_the_jobs_of_each_tenant_take(house: House) -> None:
    start, slow, quick = time.monotonic(), await house.tenant(), await house.tenant()
    for tenant, seconds in ((slow, (10, 20, 30)), (quick, (1,))):
        for each in seconds:
            film = Film(tenant, await house.submit(tenant))
            began = datetime.now(UTC) - timedelta(seconds=each)
            await house.state(film.life()[0], cf_began=began.isoformat())

    async with house.operator() as admin:
        page = await admin.get("/v1/queues/video-import/tenants", params={"limit": 100})

    by_tenant = {share["tenant_id"]: share for share in page.json()["items"]}
    assert by_tenant[slow.id]["completed_last_hour"] == by_tenant[slow.id]["completed"] == 3
    assert by_tenant[slow.id]["completed_per_minute"] == 0.05
    late = time.monotonic() - start  # at most so much after it ended the log heard of it
    assert 20 <= by_tenant[slow.id]["mean_seconds"] <= 20 + late
    assert 29 <= by_tenant[slow.id]["p95_seconds"] <= 30 + late
    assert 1 <= by_tenant[quick.id]["mean_seconds"] <= 1 + late


async def test_a_job_is_shown_with_its_progress(house: House, tenant: Tenant) -> None:
    project = await house.submit(tenant)
    await house.caught_up()
    job = ids.job("import", project)
    path = f"/v1/queues/video-import/jobs/{job}"
    waiting = (await tenant.http.get(path)).json()
    worker = await house.bus("import")
    await worker.put_progress(
        Progress(job=job, owner="me", attempt=2, percent=40, step="downloading", project=project)
    )

    active = (await tenant.http.get(path)).json()

    assert (waiting["state"], waiting["progress"]["percent"]) == ("waiting", 0)
    assert (active["state"], active["attempts"]) == ("active", 2)
    assert active["progress"]["percent"] == 40
    assert active["progress"]["step"] == "downloading"


async def test_a_failed_job_tells_why(house: House, tenant: Tenant) -> None:
    film = Film(tenant, await house.submit(tenant))
    await house.state(film.failed("import"))

    job = (
        await tenant.http.get(f"/v1/queues/video-import/jobs/{ids.job('import', film.project)}")
    ).json()

    assert (job["state"], job["attempts"]) == ("failed", 1)
    assert job["failure"]["sentence"] == "This file is not a video."
    assert job["finished_at"]


async def test_a_job_is_in_its_own_queue_only(house: House, tenant: Tenant) -> None:
    project = await house.submit(tenant)
    await house.caught_up()
    job = ids.job("import", project)

    elsewhere = await tenant.http.get(f"/v1/queues/transcription/jobs/{job}")
    nowhere = await tenant.http.get(f"/v1/queues/nothing/jobs/{job}")
    nothing = await tenant.http.get(f"/v1/queues/video-import/jobs/{ids.new('job')}")

    assert problem(elsewhere) == (404, "not-found")
    assert problem(nowhere) == (422, "invalid")
    assert problem(nothing) == (404, "not-found")
