"""Search over what is said in all films of a tenant, through a real gateway and PostgreSQL."""

from typing import Any

import pytest
from sqlmodel import select

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.queries import segments
from clipforge_catalog.tables import Segment
from clipforge_contracts.documents import to_json
from gateways import Film, House, Tenant, problem
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def film_that_says(
    house: House, tenant: Tenant, *sentences: str, language: str = "en"
) -> Film:
    """A project whose transcript has these sentences, laid out to be searched."""
    film = Film(tenant, await house.submit(tenant, title=sentences[0][:40]))
    whole = documents.Transcript(language=language, duration_ms=90_000, result_version=1)
    for n, sentence in enumerate(sentences):
        whole.segments.add(text=sentence, start_ms=5000 * n, end_ms=5000 * n + 4000)
    key = f"tenants/{tenant.id}/transcripts/{film.project}.json"
    await house.parts.store.write(key, to_json(whole), content_type="application/json")
    for fact in film.life():
        if isinstance(fact, facts.VideoTranscribed):
            fact.transcript_key, fact.language = key, language
        await house.tell(fact)
    await house.caught_up()

    async def laid_out() -> bool:
        return len(await rows_of(house, film)) == len(sentences)

    await eventually(laid_out)
    return film


async def rows_of(house: House, film: Film) -> list[Segment]:
    async with house.sessions() as session:
        statement = select(Segment).where(Segment.project_id == film.project)
        return list((await session.exec(statement)).all())


async def ask(tenant: Tenant, q: str, **more: Any) -> dict[str, Any]:
    answer = await tenant.http.get("/v1/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def hits(tenant: Tenant, q: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(tenant, q, **more))["items"]
    return found


async def test_words_are_found_in_other_forms_with_times_and_clips(house: House) -> None:
    tenant = await house.tenant()
    film = await film_that_says(
        house, tenant, "An opening.", "We were running late.", "She runs, and they run."
    )

    found = await hits(tenant, "run")

    assert [hit["text"] for hit in found] == ["She runs, and they run.", "We were running late."]
    best = found[0]
    assert (best["project_id"], best["project_title"]) == (film.project, "An opening.")
    assert (best["start_ms"], best["end_ms"]) == (10_000, 14_000)
    assert (best["first_word"], best["last_word"]) == (6, 10)
    assert best["clip_ids"] == [film.clip]
    marked = [best["text"][start:end] for start, end in best["highlights"]]
    assert marked == ["runs", "run"]


async def test_phrases_alternatives_and_exclusions_work(house: House) -> None:
    tenant = await house.tenant()
    await film_that_says(
        house, tenant, "The blue whale sings.", "A whale, not blue.", "A red herring."
    )

    assert len(await hits(tenant, '"blue whale"')) == 1
    assert len(await hits(tenant, "herring or whale")) == 3
    assert [hit["text"] for hit in await hits(tenant, "whale -blue")] == []
    assert [hit["text"] for hit in await hits(tenant, "whale -sings")] == ["A whale, not blue."]
    assert await hits(tenant, "the") == []  # says nothing
    assert await hits(tenant, "':* & | !( <->") == []


@pytest.mark.parametrize(
    ("language", "sentence", "asked", "marked"),
    [
        ("de", "Die Häuser sind alt.", "Haus", "Häuser"),
        ("ja", "クラウドで動画を処理します。", "動画", "動画"),
        ("zh-CN", "我们用云来处理视频。", "处理视频", "处理视频"),
        ("th", "เราตัดวิดีโอ", "วิดีโอ", "วิดีโอ"),
        ("ko", "우리는 영상을 자른다", "영상을", "영상을"),
        ("xx", "Qapla' batlh je", "batlh", "batlh"),
        ("tlh", "<b>nuqneH</b> & co", "nuqneH", "nuqneH"),
    ],
)
async def test_each_language_is_searched_by_its_own_rules(
    house: House, language: str, sentence: str, asked: str, marked: str
) -> None:
    tenant = await house.tenant()
    await film_that_says(house, tenant, "Something else.", sentence, language=language)
    await film_that_says(house, tenant, "An English film.")

    [hit] = await hits(tenant, asked)

    assert hit["text"] == sentence
    assert [sentence[start:end] for start, end in hit["highlights"]] == [marked]


async def test_pages_end_and_repeat_nothing(house: House) -> None:
    tenant = await house.tenant()
    for n in range(3):
        await film_that_says(house, tenant, *(f"Word {n} {m} sample." for m in range(4)))

    seen: list[tuple[str, int]] = []
    cursor, pages = "", 0
    while cursor is not None:
        page = await ask(tenant, "sample", limit=5, cursor=cursor)
        seen += [(hit["project_id"], hit["start_ms"]) for hit in page["items"]]
        cursor, pages = page["next"], pages + 1

    assert (len(seen), len(set(seen)), pages) == (12, 12, 3)


async def test_where_too_many_are_found_the_newest_come_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await house.tenant()
    films = [
        await film_that_says(house, tenant, *(f"Word {n} {m} sample." for m in range(4)))
        for n in range(3)
    ]
    monkeypatch.setattr(segments, "RANKED", 5)
    monkeypatch.setattr(segments, "WINDOW", 6)

    seen: list[tuple[str, int]] = []
    cursor = ""
    while cursor is not None:
        page = await ask(tenant, "sample", limit=4, cursor=cursor)
        seen += [(hit["project_id"], hit["start_ms"]) for hit in page["items"]]
        cursor = page["next"]

    newest_first = [
        (film.project, start) for film in films[::-1] for start in (15_000, 10_000, 5000, 0)
    ]
    assert seen == newest_first
    nothing: list[Any] = []
    cursor = ""
    while cursor is not None:  # windows without a hit are gone through, too
        page = await ask(tenant, "word -sample", limit=4, cursor=cursor)
        nothing += page["items"]
        cursor = page["next"]
    assert nothing == []


async def test_nobody_finds_what_others_said(house: House) -> None:
    owner, other = await house.tenant(), await house.tenant()
    await film_that_says(house, owner, "The secret recipe.")
    await film_that_says(house, other, "Nothing of the kind.")

    assert len(await hits(owner, "recipe")) == 1
    assert await hits(other, "recipe") == []
    assert await hits(other, f"'{owner.id}'") == []
    assert await hits(other, f"' {owner.id} english'") == []


async def test_a_deleted_film_is_found_no_more(house: House) -> None:
    tenant = await house.tenant()
    film = await film_that_says(house, tenant, "Soon to be forgotten.")

    await tenant.http.delete(f"/v1/projects/{film.project}")
    await house.caught_up()

    assert await hits(tenant, "forgotten") == []
    assert await rows_of(house, film) == []


async def test_a_search_that_is_not_valid_is_refused(tenant: Tenant) -> None:
    for params in ({}, {"q": ""}, {"q": "x" * 201}, {"q": "x", "cursor": "bm8"}, {"q": "a\x00b"}):
        assert problem(await tenant.http.get("/v1/search", params=params)) == (422, "invalid")
