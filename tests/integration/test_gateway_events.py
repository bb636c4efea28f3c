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


async def test_a_client_that_does_not_read_is_sent_away_and_misses_nothing(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    feed = house.parts.feed
    last = await house.parts.log.last_of_project(tenant.id, film.project)
    assert last is not None
    asked = IN_HAND + 10
    stream = feed.stream(tenant.id, film.project, after=last.sequence)
    first = asyncio.create_task(anext(stream))

    async def listening() -> bool:
        return feed.listeners(film.project) == 1

    await eventually(listening)
    for _ in range(asked):
        export = film.fact(facts.ExportRequested)
        export.export_id = ids.new("exp")
        await house.tell(export)
    got = [await first, *[event async for event in stream]]

    # The one that it took before the others; what was in hand went, or there would be a gap.
    assert len(got) < asked
    assert feed.listeners(film.project) == 0
    after = [event.sequence for event in got if isinstance(event, Entry)][-1]
    rest = feed.stream(tenant.id, film.project, after=after)
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
