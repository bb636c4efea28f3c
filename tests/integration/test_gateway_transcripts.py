"""Transcripts that people correct: captions, clips, exports and search follow."""

import asyncio
from typing import Any

import httpx
import pytest

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.tables import Transcript
from clipforge_contracts import documents as stored
from gateways import Film, House, Tenant, problem
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ANY = {"If-Match": "*"}
FIX = {"op": "replace", "first": 2, "text": "kettles"}


async def correct(film: Film, *operations: dict[str, Any], match: str = "*") -> Any:
    path = f"/v1/projects/{film.project}/transcript"
    headers = {"If-Match": match} if match else {}
    return await film.tenant.http.patch(
        path, json={"operations": list(operations)}, headers=headers
    )


async def read(film: Film, format_: str) -> str:
    path = f"/v1/projects/{film.project}/transcript"
    answer: httpx.Response = await film.tenant.http.get(path, params={"format": format_})
    assert answer.status_code == 200, answer.text
    return answer.text


async def found(film: Film, q: str) -> list[dict[str, Any]]:
    path = f"/v1/projects/{film.project}/transcript/search"
    answer = await film.tenant.http.get(path, params={"q": q})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def corrected(house: House, film: Film, *operations: dict[str, Any]) -> dict[str, Any]:
    """Correct it, and wait until clips and search have followed."""
    answer = await correct(film, *operations)
    assert answer.status_code in (200, 202), answer.text
    await laid_out(house, film)
    body: dict[str, Any] = answer.json()
    return body


async def laid_out(house: House, film: Film) -> None:
    """Wait until rows tell what the newest version says."""
    await house.caught_up()

    async def there() -> bool:
        async with house.sessions() as session:
            row = await session.get(Transcript, film.project)
            return row is not None and row.laid_out_key == row.key

    await eventually(there)


async def test_all_formats_tell_what_was_corrected(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    body = await corrected(house, film, FIX)

    assert (body["version"], body["words"]) == (1, 5)
    for format_ in ("json", "srt", "vtt", "txt"):
        text = await read(film, format_)
        assert "kettles" in text
        assert "queues" not in text
    assert "00:00:10,000 --> 00:00:12,000\nWhy do kettles lose work?" in await read(film, "srt")


async def test_clips_and_search_tell_what_was_corrected(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    await corrected(house, film, FIX)

    clip = (await tenant.http.get(f"/v1/clips/{film.clip}")).json()
    assert clip["text"] == "Why do kettles lose work?"
    [hit] = await found(film, "kettle")
    assert (hit["start_ms"], hit["end_ms"], hit["clip_ids"]) == (10_000, 12_000, [film.clip])
    assert await found(film, "queues") == []


async def test_an_export_of_after_a_correction_is_another_one(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    wish = {"clip_id": film.clip}
    before = (await tenant.http.post("/v1/exports", json=wish)).json()["id"]
    await corrected(house, film, FIX)

    after = (await tenant.http.post("/v1/exports", json=wish)).json()["id"]

    assert after != before
    entry = await house.parts.log.last(
        facts.ExportRequested, tenant=tenant.id, project=film.project, about=after
    )
    assert entry is not None
    assert isinstance(entry.fact, facts.ExportRequested)
    words = stored.from_json(
        await house.parts.store.read(entry.fact.transcript_key), documents.Transcript
    )
    assert [word.text for word in words.segments[0].words][2] == "kettles"


async def test_a_clip_is_made_of_words_as_they_are_now(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    await corrected(house, film, {"op": "delete", "first": 0, "last": 1})

    made = await tenant.http.post(
        f"/v1/projects/{film.project}/clips", json={"first_word": 0, "last_word": 2}
    )

    assert (made.json()["start_ms"], made.json()["text"]) == (10_800, "queues lose work?")


async def test_words_are_listed_with_indexes_and_times(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    path = f"/v1/projects/{film.project}/transcript/words"

    first = await tenant.http.get(path, params={"limit": 2, "start_ms": 10_500})
    second = await tenant.http.get(
        path, params={"limit": 2, "start_ms": 10_500, "cursor": first.json()["next"]}
    )

    told = [(one["index"], one["text"]) for one in first.json()["items"] + second.json()["items"]]
    assert told == [(1, "do"), (2, "queues"), (3, "lose"), (4, "work?")]
    assert second.json()["next"] is None
    accepted = await correct(film, FIX, match=first.headers["etag"])
    assert accepted.status_code in (200, 202)


async def test_of_two_who_correct_the_same_version_one_is_told(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    tag = (await tenant.http.get(f"/v1/projects/{film.project}/transcript")).headers["etag"]
    other = {**FIX, "text": "cues"}

    answers = await asyncio.gather(correct(film, FIX, match=tag), correct(film, other, match=tag))

    late = next(answer for answer in answers if answer.status_code == 412)
    assert problem(late) == (412, "precondition-failed")
    assert {answer.status_code for answer in answers} - {412} <= {200, 202}
    assert problem(await correct(film, FIX, match="")) == (428, "precondition-required")


async def test_a_correction_that_cannot_be_made_changes_nothing(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)

    answer = await correct(film, FIX, {"op": "delete", "first": 99})

    assert problem(answer) == (422, "invalid")
    assert "no word 99" in answer.json()["detail"]
    assert "queues" in await read(film, "txt")


async def test_transcribing_told_again_undoes_no_correction(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    await corrected(house, film, FIX)

    await house.state(film.fact(facts.VideoTranscribed))
    await house.state(film.fact(facts.ClipsDetected))

    await laid_out(house, film)
    assert "kettles" in await read(film, "txt")
    clip = (await tenant.http.get(f"/v1/clips/{film.clip}")).json()
    assert clip["text"] == "Why do kettles lose work?"


async def test_strangers_neither_read_nor_correct_nor_search(
    house: House, tenant: Tenant, stranger: Tenant
) -> None:
    film = await house.ready(tenant)
    theirs = Film(stranger, film.project)
    path = f"/v1/projects/{film.project}/transcript"

    answers = [
        await correct(theirs, FIX),
        await stranger.http.get(f"{path}/words"),
        await stranger.http.get(f"{path}/search", params={"q": "work"}),
    ]

    assert [problem(answer) for answer in answers] == [(404, "not-found")] * 3
