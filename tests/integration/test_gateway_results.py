"""What becomes of a film over HTTP: transcripts, clips, and exports with their files."""

import asyncio
import json
import time

import httpx
import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from gateways import Film, House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def ask(film: Film, **look: object) -> httpx.Response:
    return await film.tenant.http.post("/v1/exports", json={"clip_id": film.clip, **look})


async def look_at(film: Film, export: str) -> dict[str, object]:
    found: dict[str, object] = (await film.tenant.http.get(f"/v1/exports/{export}")).json()
    return found


async def test_a_clip_tells_what_its_score_is_made_of(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    clip = (await tenant.http.get(f"/v1/clips/{film.clip}")).json()

    assert clip["factors"] == [{"name": "hook", "value": 0.9, "weight": 0.3}]


@pytest.mark.parametrize(
    ("format_", "media_type", "begins"),
    [
        ("srt", "application/x-subrip", "1\n00:00:10,000 --> 00:00:12,000\nWhy do queues"),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n"),
        ("txt", "text/plain; charset=utf-8", "Why do queues lose work?"),
    ],
)
async def test_a_transcript_comes_as_subtitles_or_text(
    house: House, tenant: Tenant, format_: str, media_type: str, begins: str
) -> None:
    film = await house.ready(tenant)

    answer = await tenant.http.get(
        f"/v1/projects/{film.project}/transcript", params={"format": format_}
    )

    assert answer.headers["content-type"] == media_type
    assert answer.text.startswith(begins)


async def test_a_transcript_comes_with_every_word(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    answer = await tenant.http.get(f"/v1/projects/{film.project}/transcript")

    assert answer.headers["content-type"] == "application/json"
    [segment] = answer.json()["segments"]
    assert segment["words"][0] | {"confidence": 1} == {
        "text": "Why",
        "start_ms": 10_000,
        "end_ms": 10_400,
        "confidence": 1,
        "speaker": "",
    }


async def test_a_transcript_that_is_not_there_yet_or_no_more_is_not_found(house: House) -> None:
    tenant = await house.tenant()  # of whom nothing was read before, and so nothing is near
    early = Film(tenant, await house.submit(tenant))
    late = await house.ready(tenant)
    await house.parts.store.delete([late.transcript_key])

    not_yet = await tenant.http.get(f"/v1/projects/{early.project}/transcript")
    no_more = await tenant.http.get(f"/v1/projects/{late.project}/transcript")
    unknown = await tenant.http.get(
        f"/v1/projects/{late.project}/transcript", params={"format": "doc"}
    )

    assert problem(not_yet) == (404, "not-found")
    assert "yet" in not_yet.json()["detail"]
    assert problem(no_more) == (404, "not-found")
    assert problem(unknown) == (422, "invalid")


async def test_clips_are_listed_with_reasons(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    [clip] = (await tenant.http.get(f"/v1/projects/{film.project}/clips")).json()["items"]
    alone = (await tenant.http.get(f"/v1/clips/{film.clip}")).json()

    assert clip == alone
    assert (clip["start_ms"], clip["end_ms"], clip["score"]) == (10_000, 40_000, 97)
    assert clip["reasons"] == ["Opens with a question."]


async def test_clips_come_best_first_or_in_the_order_of_the_film(
    house: House, tenant: Tenant
) -> None:
    film = Film(tenant, await house.submit(tenant))
    imported, transcribed, detected = film.life()
    assert isinstance(detected, facts.ClipsDetected)
    earlier = detected.clips.add()
    earlier.CopyFrom(detected.clips[0])
    earlier.id, earlier.start_ms, earlier.score = ids.derive("clip", "earlier", film.project), 0, 9
    for fact in (imported, transcribed, detected):
        await house.state(fact)
    path = f"/v1/projects/{film.project}/clips"

    by_score = (await tenant.http.get(path)).json()["items"]
    by_time = (await tenant.http.get(path, params={"order": "time"})).json()["items"]

    assert [clip["score"] for clip in by_score] == [97, 9]
    assert [clip["score"] for clip in by_time] == [9, 97]
    assert problem(await tenant.http.get(path, params={"order": "random"})) == (422, "invalid")


async def test_an_export_ends_with_links_that_work(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    asked = await ask(film, aspect="1:1", style="neon")
    export = asked.json()["id"]
    made = film.exported(export)
    folder = f"tenants/{tenant.id}/exports/{'01' * 32}"
    made.record.objects.clip_key = f"{folder}/clip.mp4"
    made.record.objects.srt_key = f"{folder}/captions.srt"
    for name in ("clip.mp4", "captions.srt"):
        body = f"the {name}".encode()
        await house.parts.store.write(f"{folder}/{name}", body, content_type="video/mp4")

    await house.state(made)
    done = await look_at(film, export)

    assert asked.status_code == 202
    assert asked.headers["location"] == f"/v1/exports/{export}"
    assert (asked.json()["state"], done["state"]) == ("waiting", "completed")
    assert (done["aspect"], done["style"], done["bytes"]) == ("1:1", "neon", 4_000_000)
    files = done["files"]
    assert isinstance(files, dict)
    assert set(files) == {"clip", "srt"}
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(files["clip"])
        part = await browser.get(files["clip"], headers={"Range": "bytes=4-7"})
    assert answer.content == b"the clip.mp4"
    assert (part.status_code, part.content) == (206, b"clip")
    assert part.headers["content-range"] == "bytes 4-7/12"
    assert f'filename="{film.clip}-1x1.mp4"' in answer.headers["content-disposition"]
    assert 304 in [await asked_again(tenant, f"/v1/exports/{export}") for _ in range(2)]


async def asked_again(tenant: Tenant, path: str) -> int:
    """The status of an answer that is asked for a second later; its links change at times."""
    tag = (await tenant.http.get(path)).headers["etag"]
    second = int(time.time())
    while int(time.time()) == second:  # noqa: ASYNC110  (nothing tells that it is over)
        await asyncio.sleep(0.02)
    return (await tenant.http.get(path, headers={"If-None-Match": tag})).status_code


async def test_the_same_export_asked_twice_is_one(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)

    answers = await asyncio.gather(*(ask(film) for _ in range(5)))
    other = await ask(film, aspect="16:9")

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert other.json()["id"] != answers[0].json()["id"]
    listed = await tenant.http.get("/v1/exports", params={"project_id": film.project})
    assert len(listed.json()["items"]) == 2


async def test_an_export_that_the_pipeline_has_asked_for_is_the_same_one(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    asked: facts.ExportRequested = film.fact(facts.ExportRequested)
    asked.clip.id = film.clip
    look = ("9:16", "pop", "standard", 0)
    asked.export_id = ids.derive("exp", film.clip, 10_000, 40_000, *look)
    bus = await house.bus("clip-detection")
    await bus.state(asked, fact_id=ids.new("evt"), once=True)
    await house.caught_up()

    answer = await ask(film)

    assert (answer.status_code, answer.json()["id"]) == (202, asked.export_id)


async def test_an_export_is_seen_before_there_is_a_row_of_it(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    async with house.stale():
        asked = await ask(film, style="bar")
        seen = await look_at(film, asked.json()["id"])
        cancelled = await tenant.http.post(f"/v1/exports/{asked.json()['id']}/cancel")

    assert asked.status_code == 202
    assert (seen["state"], seen["style"], seen["clip_id"]) == ("waiting", "bar", film.clip)
    assert cancelled.status_code == 202
    assert (await look_at(film, asked.json()["id"]))["state"] == "cancelled"


async def test_an_export_that_came_to_nothing_can_be_asked_for_again(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    first = (await ask(film)).json()["id"]
    await house.state(film.failed("export", first))
    second = (await ask(film)).json()["id"]
    await tenant.http.post(f"/v1/exports/{second}/cancel")
    await house.caught_up()

    third = await ask(film)
    again = await ask(film)

    assert len({first, second, third.json()["id"]}) == 3
    assert third.json()["state"] == "waiting"
    assert again.json()["id"] == third.json()["id"]
    assert (await look_at(film, first))["failure"] == {
        "stage": "export",
        "reason": "not-a-video",
        "sentence": "This file is not a video.",
    }


async def test_waiting_for_an_export_ends_when_it_is_made(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    export = (await ask(film)).json()["id"]
    waiting = asyncio.create_task(
        tenant.http.get(f"/v1/exports/{export}", params={"wait": 30}, timeout=60)
    )

    await house.state(film.exported(export))

    assert (await waiting).json()["state"] == "completed"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"clip_id": "c" * 65},
        {"clip_id": "clip_x\x00"},
        {"aspect": "2:1"},
        {"style": "comic"},
        {"quality": "best"},
        {"height": -1},
        {"heigth": 720},
    ],
)
async def test_a_wish_that_is_not_valid_is_refused(tenant: Tenant, body: dict[str, object]) -> None:
    clip = {"clip_id": ids.new("clip")} if body and "clip_id" not in body else {}

    answer = await tenant.http.post("/v1/exports", content=json.dumps({**clip, **body}))

    assert problem(answer) == (422, "invalid")


async def test_a_clip_or_an_export_that_there_is_not_is_not_found(tenant: Tenant) -> None:
    asked = await tenant.http.post("/v1/exports", json={"clip_id": ids.new("clip")})

    assert problem(asked) == (404, "not-found")
    assert problem(await tenant.http.get(f"/v1/clips/{ids.new('clip')}")) == (404, "not-found")
    assert problem(await tenant.http.get(f"/v1/exports/{ids.new('exp')}")) == (404, "not-found")
    filtered = await tenant.http.get("/v1/exports", params={"project_id": "prj_\x00"})
    assert problem(filtered) == (422, "invalid")
