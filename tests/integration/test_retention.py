"""What is kept for how long: stated by the clock, removed by a worker, said in words."""

import asyncio
import hashlib
import os
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import pytest
from sqlmodel import select

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.queries import retention
from clipforge_catalog.tables import Job, JobState, Project, Removal
from clipforge_contracts import ids, keys
from clipforge_contracts.facts import Fact
from clipforge_contracts.pipeline import MAINTENANCE
from clipforge_contracts.plans import Plan, Priority
from clipforge_maintenance import uploads
from clipforge_maintenance.handler import remove_objects
from clipforge_projector.due import AGAIN, UNSETTLED, state_what_is_due
from clipforge_runtime.slots import Slots
from clipforge_runtime.worker import Worker
from gateways import Film, House, Tenant, problem
from samples import nobody
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

KEPT = {Plan.FREE: timedelta(hours=12), Plan.PRO: timedelta(days=2), Plan.BUSINESS: timedelta(7)}
F = TypeVar("F", bound=Fact)
SOON = timedelta(hours=13)  # the films of free tenants are due, and nobody else's


def own(fact: F, film: Film) -> F:
    """The fact with a film and an export of the project's own: others share the sample's."""
    address = hashlib.sha256(film.project.encode()).hexdigest()
    body = fact.SerializeToString()
    for sample in ("ab" * 32, "01" * 32):  # all of one length, so lengths stay true
        body = body.replace(sample.encode(), address.encode())
    asset = ids.derive("ast", film.project)
    body = body.replace(film.asset.encode(), asset.encode())
    made: F = type(fact).FromString(body)  # type: ignore[assignment]
    return made


async def ready(house: House, tenant: Tenant) -> tuple[Film, str]:
    """A film that is ready, and the key of its source, which lies in the store."""
    film = Film(tenant, await house.submit(tenant))
    facts_ = [own(fact, film) for fact in film.life()]
    for fact in facts_:
        await house.tell(fact)
    await house.caught_up()
    [source] = [one.objects.source_key for one in facts_ if isinstance(one, facts.VideoImported)]
    await house.parts.store.write(source, b"bytes", content_type="video/mp4")
    return film, source


async def exported(house: House, film: Film) -> tuple[str, str]:
    """An export of its clip, and the key of what was made."""
    answer = await film.tenant.http.post("/v1/exports", json={"clip_id": film.clip})
    assert answer.status_code == 202, answer.text
    made = own(film.exported(answer.json()["id"]), film)
    await house.state(made)
    key = made.record.objects.clip_key
    await house.parts.store.write(key, b"bytes", content_type="video/mp4")
    return made.export_id, key


async def work_off(house: House) -> None:
    """A maintenance worker takes what is due, until nothing is."""
    bus = await house.bus(MAINTENANCE.name)
    handler = partial(remove_objects, store=house.parts.store, progress=silent)
    worker = Worker(stage=MAINTENANCE, handler=handler, bus=bus)
    stop = asyncio.Event()
    work = asyncio.create_task(Slots(worker, concurrency=1, grace=timedelta(seconds=5)).work(stop))

    async def idle() -> bool:
        counts = (await house.parts.log.counts(MAINTENANCE)).values()
        return not any(one.waiting or one.active or one.delayed for one in counts)

    await eventually(idle)
    stop.set()
    await work
    await house.caught_up()


async def test_films_and_exports_go_when_the_plan_says_and_it_is_said_in_words(
    house: House,
) -> None:
    bus = await house.bus("projector")
    free, business = await house.tenant(Plan.FREE), await house.tenant(Plan.BUSINESS)
    film, source = await ready(house, free)
    export, clip = await exported(house, film)
    kept, kept_source = await ready(house, business)
    kept_export, kept_clip = await exported(house, kept)
    now = datetime.now(UTC)
    before = (await free.http.get(f"/v1/projects/{film.project}")).json()
    promised = datetime.fromisoformat(before["expires_at"])
    assert KEPT[Plan.FREE] - timedelta(minutes=5) < promised - now <= KEPT[Plan.FREE]

    assert await state_what_is_due(house.sessions, bus, KEPT, now=now) <= 1  # uploads, each hour
    await state_what_is_due(house.sessions, bus, KEPT, now=now + SOON)
    await house.caught_up()
    await state_what_is_due(house.sessions, bus, KEPT, now=now + SOON)
    await work_off(house)

    assert await house.parts.store.stat(source) is None
    assert await house.parts.store.stat(clip) is None
    shown = (await free.http.get(f"/v1/exports/{export}")).json()
    assert (shown["state"], shown["files"]) == ("expired", {})
    assert "kept as long as your plan says" in shown["failure"]["sentence"]
    project = (await free.http.get(f"/v1/projects/{film.project}")).json()
    assert project["state"] == "ready"
    clips = (await free.http.get(f"/v1/projects/{film.project}/clips")).json()
    assert len(clips["items"]) == 1
    again = await free.http.post("/v1/exports", json={"clip_id": film.clip, "style": "neon"})
    assert problem(again) == (410, "gone")
    assert "submit it again" in again.json()["detail"]

    assert await house.parts.store.stat(kept_source) is not None
    assert await house.parts.store.stat(kept_clip) is not None
    assert (await business.http.get(f"/v1/exports/{kept_export}")).json()["files"]
    async with house.sessions() as session:
        assert (await session.exec(select(Removal))).all() == []
        done = (await session.exec(select(Job).where(Job.stage == MAINTENANCE.name))).all()
        assert {job.state for job in done} == {JobState.COMPLETED}
        assert {job.priority for job in done} == {Priority.LOW}


async def test_a_dry_run_lists_what_is_due_and_changes_nothing(house: House) -> None:
    free = await house.tenant(Plan.FREE)
    film = await house.ready(free)
    by = datetime.now(UTC) + SOON

    async with house.sessions() as session:
        found = await retention.films(session, KEPT, by=by, limit=200)
        at_once = await retention.films(session, KEPT, by=datetime.now(UTC), limit=200)
    listed, now = {row.id for row in found}, {row.id for row in at_once}

    assert film.project in listed
    assert film.project not in now
    async with house.sessions() as session:
        row = await session.get(Project, film.project)
        assert row is not None
        assert row.expired_at is None


async def test_the_command_of_the_dry_run_says_what_goes_within_so_many_hours(house: House) -> None:
    free = await house.tenant(Plan.FREE)
    film = await house.ready(free)

    soon, now = await said("due", "13", house=house), await said("due", house=house)

    assert f"film of project {film.project}" in soon
    assert film.project not in now
    async with house.sessions() as session:
        row = await session.get(Project, film.project)
        assert row is not None
        assert row.expired_at is None


async def test_a_dry_run_tells_which_uploads_are_to_be_given_up(house: House) -> None:
    tenant = await house.tenant()
    completed = await uploaded(house, tenant)
    body = {"file_name": "a.mp4", "bytes": 4}
    begun = str((await tenant.http.post("/v1/uploads", json=body)).json()["id"])

    soon, now = await said("due", "49", house=house), await said("due", house=house)

    assert f"upload uploads/{tenant.id}/{begun}/" in soon
    assert completed not in soon
    assert begun not in now


async def said(*command: str, house: House) -> str:
    """What a command of the projector prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clipforge_projector", *command),
        stdout=asyncio.subprocess.PIPE,
        env={
            "PATH": os.environ["PATH"],
            "CLIPFORGE_NATS_URL": house.nats.url("projector"),
            "CLIPFORGE_DATABASE_URL": house.settings.database_url.get_secret_value(),
            "CLIPFORGE_S3_ENDPOINT": house.settings.s3_endpoint,
            "CLIPFORGE_S3_BUCKET": house.settings.s3_bucket,
            "CLIPFORGE_S3_ACCESS_KEY": house.settings.s3_access_key,
            "CLIPFORGE_S3_SECRET_KEY": house.settings.s3_secret_key.get_secret_value(),
        },
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_a_film_that_another_project_still_needs_stays(house: House) -> None:
    bus = await house.bus("projector")
    free = await house.tenant(Plan.FREE)
    first, second = await house.ready(free), await house.ready(free)
    [source] = {
        fact.objects.source_key
        for film in (first, second)
        for fact in film.life()
        if isinstance(fact, facts.VideoImported)
    }
    await house.parts.store.write(source, b"bytes", content_type="video/mp4")

    await house.state(first.fact(facts.ProjectExpired))
    later = datetime.now(UTC) + 2 * UNSETTLED
    await state_what_is_due(house.sessions, bus, KEPT, now=later)
    await work_off(house)

    assert await house.parts.store.stat(source) is not None
    async with house.sessions() as session:
        row = await session.get(Project, first.project)
        assert row is not None
        assert row.expired_at is not None


async def test_an_object_that_was_written_after_the_decision_stays(house: House) -> None:
    store = house.parts.store
    await store.write("tenants/x/media/y/record.json", b"{}", content_type="application/json")
    await store.write("tenants/x/media/z/record.json", b"{}", content_type="application/json")
    [written] = await store.find("tenants/x/media/y/")
    yesterday = int((written.modified - timedelta(days=1)).timestamp() * 1000)
    tomorrow = int((written.modified + timedelta(days=1)).timestamp() * 1000)

    in_use = await remove_objects(
        removal(yesterday, "tenants/x/media/y/"), store=store, progress=silent
    )
    gone = await remove_objects(
        removal(tomorrow, "tenants/x/media/z/"), store=store, progress=silent
    )
    again = await remove_objects(
        removal(tomorrow, "tenants/x/media/z/"), store=store, progress=silent
    )

    assert (in_use.objects, list(in_use.kept_keys)) == (0, ["tenants/x/media/y/"])
    assert (gone.objects, gone.bytes, gone.kept) == (1, 2, 0)
    assert again.objects == 0
    assert await store.stat("tenants/x/media/y/record.json") is not None


async def test_what_somebody_may_be_about_to_use_stays_until_he_must_have_said_so(
    house: House,
) -> None:
    bus = await house.bus("projector")
    film, source = await ready(house, await house.tenant(Plan.BUSINESS))
    now = datetime.now(UTC)
    await house.state(film.fact(facts.ProjectDeleted))

    await state_what_is_due(house.sessions, bus, KEPT, now=now)
    await work_off(house)
    at_first = await house.parts.store.stat(source)
    await state_what_is_due(house.sessions, bus, KEPT, now=now + AGAIN + UNSETTLED)
    await work_off(house)

    assert at_first is not None
    assert await house.parts.store.stat(source) is None
    async with house.sessions() as session:
        assert (await session.exec(select(Removal))).all() == []


async def test_an_upload_stays_while_another_project_waits_for_it(house: House) -> None:
    store, tenant = house.parts.store, await house.tenant(Plan.BUSINESS)
    upload = await uploaded(house, tenant)
    source = {"source": {"type": "upload", "upload_id": upload}}
    first, second = [
        (await tenant.http.post("/v1/projects", json=source)).json()["id"] for _ in range(2)
    ]
    await house.caught_up()

    await house.state(Film(tenant, first).fact(facts.ProjectDeleted))
    waits = await listed(house, keys.upload(tenant.id, upload))
    await house.state(Film(tenant, second).fact(facts.ProjectDeleted))
    gone = await listed(house, keys.upload(tenant.id, upload))

    assert (waits, gone) == (False, True)
    assert await store.stat(keys.upload(tenant.id, upload)) is not None


async def test_an_upload_that_is_submitted_stays_though_its_removal_had_been_asked_for(
    house: House,
) -> None:
    store, tenant = house.parts.store, await house.tenant(Plan.BUSINESS)
    upload = await uploaded(house, tenant)
    folder = keys.upload(tenant.id, upload).removesuffix("source")
    newest = max(stat.modified for stat in await store.find(folder))
    asked = removal(int(newest.timestamp() * 1000) + 1, folder)

    answer = await tenant.http.post(
        "/v1/projects", json={"source": {"type": "upload", "upload_id": upload}}
    )
    done = await remove_objects(asked, store=store, progress=silent)

    assert answer.status_code == 202, answer.text
    assert (done.objects, list(done.kept_keys)) == (0, [folder])


async def test_completed_uploads_go_where_no_project_refers_to_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at a few at a time: each look goes on where the last one ended."""
    monkeypatch.setattr(uploads, "PAGE", 3)  # names, so an upload is cut by the end of a page
    monkeypatch.setattr(uploads, "NAMES_AT_ONCE", 6)
    bus, tenant = await house.bus("projector"), await house.tenant(Plan.BUSINESS)
    forgotten = [await uploaded(house, tenant) for _ in range(8)]
    claimed = forgotten.pop(3)
    answer = await tenant.http.post(
        "/v1/projects", json={"source": {"type": "upload", "upload_id": claimed}}
    )
    assert answer.status_code == 202, answer.text
    await house.caught_up()
    later = datetime.now(UTC) + timedelta(days=3)

    looks = 0
    while (await state_what_is_due(house.sessions, bus, KEPT, now=later)) and looks < 100:
        looks += 1
        await work_off(house)

    store = house.parts.store
    assert looks > 3
    assert [one for one in forgotten if await store.find(f"uploads/{tenant.id}/{one}/")] == []
    assert len(await store.find(f"uploads/{tenant.id}/{claimed}/")) == 2


async def uploaded(house: House, tenant: Tenant) -> str:
    """A film that was uploaded, and nothing was made of it yet."""
    body = {"file_name": "a.mp4", "bytes": 4}
    upload = str((await tenant.http.post("/v1/uploads", json=body)).json()["id"])
    await house.parts.store.write(keys.upload(tenant.id, upload), b"film", content_type="video/mp4")
    return upload


async def listed(house: House, upload: str) -> bool:
    """Whether an upload is to be removed."""
    async with house.sessions() as session:
        return await session.get(Removal, upload.removesuffix("source")) is not None


async def test_uploads_that_were_never_completed_are_given_up_and_completed_ones_are_not(
    house: House, tenant: Tenant
) -> None:
    store = house.parts.store
    begun, done = [
        (await tenant.http.post("/v1/uploads", json={"file_name": "a.mp4", "bytes": 4})).json()[
            "id"
        ]
        for _ in range(2)
    ]
    await store.write(keys.upload(tenant.id, done), b"film", content_type="video/mp4")
    due = removal(1, *())
    due.uploads_before_ms = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1000)

    await remove_objects(due, store=store, progress=silent)

    assert (await tenant.http.get(f"/v1/uploads/{begun}")).status_code == 404
    assert (await tenant.http.get(f"/v1/uploads/{done}")).status_code == 200


async def test_one_removal_runs_at_a_time_whatever_the_number_of_workers(house: House) -> None:
    bus = await house.bus("projector")
    running = most = calls = 0

    async def count(due: facts.RemovalRequested) -> facts.ObjectsRemoved:
        nonlocal running, most, calls
        running += 1
        calls += 1
        most = max(most, running)
        await asyncio.sleep(0.05)  # so that two would meet
        running -= 1
        return facts.ObjectsRemoved(project=due.project, removal_id=due.removal_id)

    for n in range(6):
        fact = removal(1, f"tenants/none/{n}")
        fact.removal_id = ids.derive("rmv", "exclusive", n)
        await bus.state(fact, fact_id=ids.new("evt"))
    worker_bus = await house.bus(MAINTENANCE.name)
    stop = asyncio.Event()
    workers = [
        asyncio.create_task(
            Slots(
                Worker(stage=MAINTENANCE, handler=count, bus=worker_bus),
                concurrency=3,
                grace=timedelta(seconds=5),
            ).work(stop)
        )
        for _ in range(2)
    ]

    async def all_done() -> bool:
        return calls >= 6 and not running

    await eventually(all_done)
    stop.set()
    await asyncio.gather(*workers)

    assert most == 1


def removal(decided_at_ms: int, *named: str) -> facts.RemovalRequested:
    return facts.RemovalRequested(
        project=nobody(),
        removal_id=ids.new("rmv"),
        keys=named,
        decided_at_ms=decided_at_ms,
    )


def silent(percent: float, step: str) -> None:
    """Nobody watches."""
