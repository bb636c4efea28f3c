"""Uploads: parts that go straight to the store, resumed after a break, made one object."""

import asyncio
from typing import Any

import httpx
import pytest

from clipforge_contracts import ids, keys
from gateways import House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

MIB = 1024 * 1024
PART = 16 * MIB  # the gateway's own; smaller parts are not made for small files


async def begin(tenant: Tenant, size: int, **more: Any) -> dict[str, Any]:
    answer = await tenant.http.post(
        "/v1/uploads", json={"file_name": "talk.mp4", "bytes": size, **more}
    )
    assert answer.status_code == 201, answer.text
    upload: dict[str, Any] = answer.json()
    return upload


async def parts_of(tenant: Tenant, upload: str, **page: int | str) -> dict[str, Any]:
    answer = await tenant.http.get(f"/v1/uploads/{upload}/parts", params=page)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def send(url: str, body: bytes) -> None:
    async with httpx.AsyncClient(timeout=60) as browser:
        (await browser.put(url, content=body)).raise_for_status()


async def complete(tenant: Tenant, upload: str) -> httpx.Response:
    return await tenant.http.post(f"/v1/uploads/{upload}/complete")


async def test_a_file_is_sent_in_parts_and_resumed_after_a_break(
    house: House, tenant: Tenant
) -> None:
    film = bytes(range(256)) * (PART // 256) + b"the end"
    upload = await begin(tenant, len(film))
    assert (upload["part_bytes"], upload["part_count"]) == (PART, 2)
    first, second = (await parts_of(tenant, upload["id"]))["items"]
    assert (first["arrived"], second["arrived"]) == (False, False)
    await send(first["url"], film[:PART])

    early = await complete(tenant, upload["id"])
    resumed = (await parts_of(tenant, upload["id"]))["items"]
    await send(resumed[1]["url"], film[PART:])
    whole = await complete(tenant, upload["id"])

    assert problem(early) == (409, "conflict")
    assert "the first is 2" in early.json()["detail"]
    assert [part["arrived"] for part in resumed] == [True, False]
    assert whole.status_code == 200
    assert await house.parts.store.read(keys.upload(tenant.id, upload["id"])) == film


async def test_a_completed_upload_becomes_a_project(tenant: Tenant) -> None:
    upload = await begin(tenant, 4, content_type="video/mp4")
    [part] = (await parts_of(tenant, upload["id"]))["items"]
    await send(part["url"], b"film")
    await complete(tenant, upload["id"])

    answer = await tenant.http.post(
        "/v1/projects", json={"source": {"type": "upload", "upload_id": upload["id"]}}
    )

    assert answer.status_code == 202
    assert answer.json()["source"] == {
        "type": "upload",
        "upload_id": upload["id"],
        "file_name": "talk.mp4",
    }


async def test_completing_twice_or_at_once_is_no_error(tenant: Tenant) -> None:
    upload = await begin(tenant, 4)
    [part] = (await parts_of(tenant, upload["id"]))["items"]
    await send(part["url"], b"film")

    answers = await asyncio.gather(*(complete(tenant, upload["id"]) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert (await complete(tenant, upload["id"])).status_code == 200


async def test_a_part_that_was_cut_short_is_to_be_sent_again(house: House, tenant: Tenant) -> None:
    upload = await begin(tenant, 4)
    [part] = (await parts_of(tenant, upload["id"]))["items"]
    await send(part["url"], b"fi")

    early = await complete(tenant, upload["id"])
    [again] = (await parts_of(tenant, upload["id"]))["items"]
    await send(again["url"], b"film")
    whole = await complete(tenant, upload["id"])

    assert problem(early) == (409, "conflict")
    assert "wrong size" in early.json()["detail"]
    assert again["arrived"] is False
    assert whole.status_code == 200
    assert await house.parts.store.read(keys.upload(tenant.id, upload["id"])) == b"film"


async def test_addresses_of_parts_come_in_pages(tenant: Tenant) -> None:
    upload = await begin(tenant, 22 * PART - 1)

    first = await parts_of(tenant, upload["id"], limit=2)
    next_ = await parts_of(tenant, upload["id"], cursor=first["next"])
    rest = await parts_of(tenant, upload["id"], cursor=first["next"], limit=100)

    assert [part["number"] for part in first["items"]] == [1, 2]
    assert [part["number"] for part in next_["items"]] == list(range(3, 23))
    assert next_ == rest
    assert rest["next"] is None
    assert len((await parts_of(tenant, upload["id"]))["items"]) == 20
    foreign = await tenant.http.get(f"/v1/uploads/{upload['id']}/parts", params={"cursor": "2"})
    assert problem(foreign) == (422, "invalid")


async def test_the_largest_film_fits_in_the_parts_that_the_store_allows(tenant: Tenant) -> None:
    upload = await begin(tenant, 20 * 1024**3)

    assert upload["part_count"] <= 10_000


async def test_a_film_above_the_limit_is_refused_before_anything_is_sent(tenant: Tenant) -> None:
    answer = await tenant.http.post(
        "/v1/uploads", json={"file_name": "a.mp4", "bytes": 20 * 1024**3 + 1}
    )

    assert problem(answer) == (413, "too-large")
    assert str(20 * 1024**3) in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file_name": "", "bytes": 1},
        {"file_name": "a\x00b", "bytes": 1},
        {"file_name": "a" * 256, "bytes": 1},
        {"file_name": "a.mp4", "bytes": 0},
        {"file_name": "a.mp4", "bytes": -1},
        {"file_name": "a.mp4", "bytes": 1, "content_type": "text/html\r\nX-Evil: 1"},
        {"file_name": "a.mp4", "bytes": 1, "content_type": "vidéo"},
    ],
)
async def test_a_beginning_that_is_not_valid_is_refused(
    tenant: Tenant, body: dict[str, Any]
) -> None:
    assert problem(await tenant.http.post("/v1/uploads", json=body)) == (422, "invalid")


async def test_an_aborted_upload_is_gone(tenant: Tenant) -> None:
    upload = await begin(tenant, 4)
    [part] = (await parts_of(tenant, upload["id"]))["items"]

    answer = await tenant.http.delete(f"/v1/uploads/{upload['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    path = f"/v1/uploads/{upload['id']}"
    assert problem(await tenant.http.get(path)) == (404, "not-found")
    assert problem(await tenant.http.get(f"{path}/parts")) == (404, "not-found")
    assert problem(await complete(tenant, upload["id"])) == (404, "not-found")
    assert problem(await tenant.http.delete(path)) == (404, "not-found")
    with pytest.raises(httpx.HTTPStatusError):
        await send(part["url"], b"film")


async def test_a_completed_upload_is_not_aborted_under_its_project(tenant: Tenant) -> None:
    upload = await begin(tenant, 4)
    [part] = (await parts_of(tenant, upload["id"]))["items"]
    await send(part["url"], b"film")
    await complete(tenant, upload["id"])

    answer = await tenant.http.delete(f"/v1/uploads/{upload['id']}")

    assert problem(answer) == (409, "conflict")
    listed = await tenant.http.get(f"/v1/uploads/{upload['id']}/parts")
    assert problem(listed) == (409, "conflict")


async def test_an_upload_that_there_is_not_is_not_found(tenant: Tenant) -> None:
    path = f"/v1/uploads/{ids.new('upl')}"

    assert problem(await tenant.http.get(path)) == (404, "not-found")
    assert problem(await tenant.http.get("/v1/uploads/upl_x")) == (422, "invalid")
