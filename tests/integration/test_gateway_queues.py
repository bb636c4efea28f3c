"""Queues and jobs over HTTP: what waits, runs and has ended."""

import pytest

from clipforge_contracts import ids
from clipforge_runtime.bus import Progress
from gateways import Film, House, Tenant, problem

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

    assert set(every) == {"video-import", "transcription", "clip-detection", "video-export"}
    assert every["video-import"] == one
    # No worker takes them in this house: the log's consumers still hold all three.
    assert one["waiting"] - before["waiting"] == 3
    assert one["priorities"]["high"]["waiting"] == one["waiting"]
    assert one["completed"] - before["completed"] == 1
    assert one["failed"] - before["failed"] == 1
    assert one["paused"] is False


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
