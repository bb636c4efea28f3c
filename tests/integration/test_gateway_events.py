"""Events to browsers: nothing missed and nothing twice, whatever happens to the connection."""

import asyncio
from contextlib import aclosing

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.queries import figures
from clipforge_contracts import ids
from clipforge_gateway.feed import IN_HAND
from clipforge_runtime.bus import Entry, Progress
from gateways import Film, House, Tenant, heard
from workshop import PATIENCE, eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

LIFE = ["project-submitted", "video-imported", "video-transcribed", "clips-detected"]


def at_work(film: Film, stage: str, step: str) -> Progress:
    """What a worker reports of a film."""
    return Progress(
        job=ids.job(stage, film.project),
        owner="test",
        attempt=1,
        percent=42.0,
        step=step,
        tenant=film.tenant.id,
        project=film.project,
    )


async def listened_to(house: House, to: str, by: int) -> None:
    """Wait until so many listen to a project, or to all of a tenant."""

    async def so_many() -> bool:
        return house.parts.feed.listeners(to) == by

    await eventually(so_many)


async def test_a_stream_tells_what_has_happened_and_what_happens(
    house: House, tenant: Tenant
) -> None:
    film = Film(tenant, await house.submit(tenant))
    imported, transcribed, detected = film.life()
    await house.tell(imported)

    async with house.events(tenant, film.project) as events:
        before = await heard(events, until="video-imported")
        await house.tell(transcribed)
        await house.tell(detected)
        after = await heard(events, until="clips-detected")

    assert [event.name for event in before + after] == LIFE
    assert before[1].data["duration_ms"] == 90_000
    assert after[-1].data["clips"] == 1
    assert len({event.id for event in before + after}) == 4


async def test_events_tell_no_keys_of_objects_and_no_addresses(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    export = (await tenant.http.post("/v1/exports", json={"clip_id": film.clip})).json()["id"]
    await house.tell(film.exported(export))
    await house.tell(film.failed("export", ids.new("exp")))

    async with house.events(tenant, film.project) as events:
        told = await heard(events, until="stage-failed")

    text = repr([event.data for event in told])
    assert "tenants/" not in text
    assert "https://" not in text
    assert told[-1].data["sentence"] == "This file is not a video."


async def test_a_stream_goes_on_after_the_last_event_without_gap_or_repetition_across_a_restart(
    house: House,
) -> None:
    tenant = await house.tenant()
    film = Film(tenant, await house.submit(tenant))
    imported, transcribed, detected = film.life()
    await house.tell(imported)
    async with house.events(tenant, film.project) as events:
        [*_, last] = await heard(events, until="video-imported")

        await house.stop_gateway()
        with pytest.raises(AssertionError, match="ended"):
            await heard(events, until="clips-detected")
    await house.tell(transcribed)
    await house.start_gateway()

    async with house.events(tenant, film.project, last.id) as events:
        missed = await heard(events, until="video-transcribed")
        await house.tell(detected)
        rest = await heard(events, until="clips-detected")

    assert [event.name for event in missed + rest] == LIFE[2:]


async def test_the_stream_of_a_tenant_tells_of_all_its_projects_and_of_nobody_elses(
    house: House,
) -> None:
    tenant, stranger = await house.tenant(), await house.tenant()
    one, other = [Film(tenant, await house.submit(tenant)) for _ in range(2)]
    theirs = Film(stranger, await house.submit(stranger))
    worker = await house.bus("import")

    async with house.events(tenant) as all_of_them, house.events(tenant, one.project) as of_one:
        await heard(of_one, until="project-submitted")
        for film in (theirs, other, one):
            await worker.put_progress(at_work(film, "import", "downloading"))
            await house.tell(film.life()[0])
        await house.key(tenant.id)  # is no event of a project
        await house.tell(other.failed("transcription"))
        told = await heard(all_of_them, until="stage-failed", progress=True)
        told_of_one = await heard(of_one, until="video-imported")

    facts_told = [event for event in told if event.name != "progress"]
    assert [(event.name, event.data["project_id"]) for event in facts_told] == [
        ("video-imported", other.project),
        ("video-imported", one.project),
        ("stage-failed", other.project),
    ]
    assert told_of_one == [facts_told[1]]
    assert {event.data["project_id"] for event in told} == {one.project, other.project}
    await listened_to(house, tenant.id, 0)


async def test_progress_of_all_projects_of_a_tenant_is_merged_in(house: House) -> None:
    tenant, stranger = await house.tenant(), await house.tenant()
    film = Film(tenant, await house.submit(tenant))
    theirs = Film(stranger, await house.submit(stranger))
    worker = await house.bus("import")

    async with house.events(tenant) as events:
        await listened_to(house, tenant.id, 1)
        await worker.put_progress(at_work(theirs, "import", "downloading"))
        await worker.put_progress(at_work(film, "import", "downloading"))
        [told] = await heard(events, until="progress", progress=True)

    assert (told.data["project_id"], told.data["percent"]) == (film.project, 42.0)


async def test_the_stream_of_a_tenant_goes_on_after_the_last_event_across_a_restart(
    house: House,
) -> None:
    tenant = await house.tenant()
    one, other = [Film(tenant, await house.submit(tenant)) for _ in range(2)]
    async with house.events(tenant) as events:
        await house.tell(one.life()[0])
        [last] = await heard(events, until="video-imported")

        await house.stop_gateway()
        with pytest.raises(AssertionError, match="ended"):
            await heard(events, until="clips-detected")
    await house.tell(other.life()[0])
    await house.key(tenant.id)  # no event, though the newest fact of the tenant
    await house.start_gateway()

    async with house.events(tenant, last_id=last.id) as events:
        missed = await heard(events, until="video-imported")
        await house.tell(one.life()[1])
        rest = await heard(events, until="video-transcribed")

    assert [(event.name, event.data["project_id"]) for event in missed + rest] == [
        ("video-imported", other.project),
        ("video-transcribed", one.project),
    ]


async def test_the_stream_of_a_tenant_says_at_once_by_which_id_to_come_back(house: House) -> None:
    tenant = await house.tenant()
    film = Film(tenant, await house.submit(tenant))
    async with tenant.http.stream("GET", "/v1/events") as answer, asyncio.timeout(PATIENCE):
        first = await anext(answer.aiter_lines())
    await house.tell(film.life()[0])

    async with house.events(tenant, last_id=first.removeprefix("id: ")) as events:
        missed = await heard(events, until="video-imported")

    assert [event.name for event in missed] == ["video-imported"]


async def test_an_id_of_no_event_of_ours_means_all_that_the_log_has_of_a_tenant(
    house: House,
) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)

    async with house.events(tenant, last_id="1-1") as events:
        told = await heard(events, until="clips-detected")

    assert [event.name for event in told] == LIFE
    assert {event.data["project_id"] for event in told} == {film.project}


@pytest.mark.parametrize(
    "last", ["", "nonsense", "1-1", "²", "{log}-²", "{log}-", "{log}-9" + "9" * 17]
)
async def test_an_id_of_no_event_of_ours_means_from_the_beginning(
    house: House, tenant: Tenant, last: str
) -> None:
    film = await house.ready(tenant)
    sent = last.format(log=house.parts.feed.incarnation)

    async with tenant.http.stream(
        "GET",
        f"/v1/projects/{film.project}/events",
        headers=[(b"last-event-id", sent.encode("latin-1"))],
    ) as answer:
        names: list[str] = []
        async with asyncio.timeout(PATIENCE):
            async for line in answer.aiter_lines():
                names += [line.removeprefix("event: ")] if line.startswith("event: ") else []
                if names == LIFE:
                    break

    assert names == LIFE


@pytest.mark.parametrize("of", ["a project", "a tenant"])
async def test_a_client_that_does_not_read_is_sent_away_and_misses_nothing(
    house: House, of: str
) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)
    project, to = (film.project, film.project) if of == "a project" else ("", tenant.id)
    feed = house.parts.feed
    last = await house.parts.log.last_of_project(tenant.id, film.project)
    assert last is not None
    asked = IN_HAND + 10
    stream = feed.stream(tenant.id, project, after=last.sequence)
    first = asyncio.create_task(anext(stream))
    await listened_to(house, to, 1)
    for _ in range(asked):
        export = film.fact(facts.ExportRequested)
        export.export_id = ids.new("exp")
        await house.tell(export)
    got = [await first, *[event async for event in stream]]

    # The one that it took before the others; what was in hand went, or there would be a gap.
    assert len(got) < asked
    assert feed.listeners(to) == 0
    after = [event.sequence for event in got if isinstance(event, Entry)][-1]
    rest = feed.stream(tenant.id, project, after=after)
    async with asyncio.timeout(PATIENCE):
        missed = [await anext(rest) for _ in range(asked - len(got))]
    await rest.aclose()
    sequences = [event.sequence for event in [*got, *missed] if isinstance(event, Entry)]
    assert sequences == sorted(set(sequences))
    assert len(sequences) == asked


async def test_progress_is_merged_in(house: House, tenant: Tenant) -> None:
    film = Film(tenant, await house.submit(tenant))
    worker = await house.bus("import")
    report = at_work(film, "import", "downloading")

    async with house.events(tenant, film.project) as events:
        await heard(events, until="project-submitted")
        await worker.put_progress(report)
        [told] = await heard(events, until="progress", progress=True)

    assert told.id == ""
    assert (told.data["percent"], told.data["step"]) == (42.0, "downloading")


async def test_a_quiet_stream_says_so_and_goes_on(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    last = await house.parts.log.last_of_project(tenant.id, film.project)
    assert last is not None
    stream = house.parts.feed.stream(tenant.id, film.project, after=last.sequence, quiet=0.01)

    async with asyncio.timeout(PATIENCE), aclosing(stream) as events:
        assert await anext(events) is None
        await house.tell(film.failed("export", ids.new("exp")))
        heard_of = await anext(event async for event in events if isinstance(event, Entry))

    assert isinstance(heard_of.fact, facts.StageFailed)


async def test_what_is_sent_of_progress_is_found_out_once_for_all_who_listen(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = await house.ready(tenant)
    asked: list[list[str]] = []
    found = figures.lengths

    async def counted(session: AsyncSession, jobs: list[str]) -> dict[str, tuple[str, int]]:
        asked.append(jobs)
        return await found(session, jobs)

    monkeypatch.setattr(figures, "lengths", counted)
    report = at_work(film, "transcription", "listening")

    first, *others = (asyncio.create_task(house.parts.event_lines.of(report)) for _ in range(50))
    await asyncio.sleep(0)
    first.cancel()  # its client went, and the others still want the line
    lines = set(await asyncio.gather(*others))

    assert len(lines) == 1
    assert '"stage": "transcription"' in lines.pop()
    assert asked == [[report.job]]


async def test_a_project_has_events_before_there_is_a_row_of_it(
    house: House, tenant: Tenant
) -> None:
    async with house.stale():
        project = await house.submit(tenant)
        async with house.events(tenant, project) as events:
            [first] = await heard(events, until="project-submitted")

    assert first.name == "project-submitted"


async def test_a_stream_is_not_buffered_or_kept_by_proxies(house: House, tenant: Tenant) -> None:
    project = await house.submit(tenant)

    async with tenant.http.stream("GET", f"/v1/projects/{project}/events") as answer:
        headers = answer.headers

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
