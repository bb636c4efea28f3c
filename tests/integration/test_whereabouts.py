"""Where jobs are, as the log's leader says; and when their work began, as workers say."""

from datetime import UTC, datetime, timedelta

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.pipeline import IMPORT, TRANSCRIPTION
from clipforge_contracts.plans import Plan
from samples import every_fact
from workshop import Gate, Workshop, eventually, import_at_once

pytestmark = pytest.mark.integration


async def test_the_oldest_that_waits_is_told_whatever_its_priority(workshop: Workshop) -> None:
    nothing = await workshop.gateway.oldest_waiting(IMPORT)
    await workshop.submit("free", Plan.FREE)
    await workshop.submit("business", Plan.BUSINESS)
    [first, _] = await workshop.hear(facts.ProjectSubmitted, 2)

    assert nothing is None
    assert await workshop.gateway.oldest_waiting(IMPORT) == first.time
    assert await workshop.gateway.oldest_waiting(TRANSCRIPTION) is None


async def test_what_runs_does_not_wait_any_more(workshop: Workshop) -> None:
    gate = Gate()
    first = await workshop.submit("first")
    async with workshop.working(gate):
        await gate.began()
        alone = await workshop.gateway.oldest_waiting(IMPORT)
        running = IMPORT.job(first)

        async def shown() -> bool:
            return running in await workshop.gateway.running_jobs()

        await eventually(shown)
        await workshop.submit("second")
        [_, second] = await workshop.hear(facts.ProjectSubmitted, 2)
        oldest = await workshop.gateway.oldest_waiting(IMPORT)
        gate.open()
        await workshop.idle()

    assert alone is None
    assert oldest == second.time


async def test_what_waits_for_its_time_is_delayed_or_deferred(workshop: Workshop) -> None:
    tomorrow = datetime.now(UTC) + timedelta(hours=23)
    films = [await workshop.submit(name) for name in ("failed", "held")]
    async with workshop.connected("import") as worker:
        for n, film in enumerate(films):
            due = subjects.retry(subjects.fact_subject(film), IMPORT, IMPORT.job(film))
            await worker.again(
                due,
                b"",
                message_id=f"again-{n}",
                headers={},
                at=tomorrow,
                sequence=n + 1,
                deferred=n == 1,
            )

    failed, held = map(IMPORT.job, films)
    assert await workshop.gateway.scheduled_jobs(IMPORT) == {failed: "delayed", held: "deferred"}
    assert await workshop.gateway.scheduled_jobs(TRANSCRIPTION) == {}


async def test_a_result_says_when_the_work_on_it_began(workshop: Workshop) -> None:
    before = datetime.now(UTC)
    await workshop.submit("film")
    async with workshop.working(import_at_once):
        [entry] = await workshop.hear(facts.VideoImported)

    began = datetime.fromisoformat(entry.headers["cf-began"])
    assert before - timedelta(seconds=1) < began <= entry.time + timedelta(seconds=1)


async def test_a_film_in_parts_began_when_it_was_cut(workshop: Workshop) -> None:
    chunk = next(fact for fact in every_fact() if isinstance(fact, facts.ChunkCut))
    outcome = next(fact for fact in every_fact() if isinstance(fact, facts.VideoTranscribed))

    async def transcribe(
        cause: facts.VideoImported | facts.ChunkCut,
    ) -> facts.ChunkCut | facts.VideoTranscribed:
        made = outcome if isinstance(cause, facts.ChunkCut) else chunk
        made.film.project.CopyFrom(
            cause.film.project if isinstance(cause, facts.ChunkCut) else cause.project
        )
        return made

    film = await import_at_once(await workshop.submit("film"))
    async with workshop.connected("import") as worker:
        earlier = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        # What the import says of its own work is not what the transcription began with.
        await worker.state(film, fact_id=ids.new("evt"), headers={"cf-began": earlier})
    async with workshop.working(transcribe, stage=TRANSCRIPTION):
        [cut] = await workshop.hear(facts.ChunkCut)
        [done] = await workshop.hear(facts.VideoTranscribed)

    assert done.headers["cf-began"] == cut.headers["cf-began"]
    assert cut.headers["cf-began"] > earlier
