"""Idempotency-Key: the same key and body, the same answer, over all replicas."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from clipforge_catalog.tables import ApiKey, Project
from clipforge_contracts import ids
from clipforge_gateway import repeats
from clipforge_runtime.bus import Unavailable
from gateways import FILM, House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

URL = {"type": "url", "url": FILM}


def key() -> dict[str, str]:
    return {"Idempotency-Key": ids.new("evt")}


async def upload(tenant: Tenant, **headers: str) -> httpx.Response:
    body = {"file_name": "talk.mp4", "bytes": 10}
    return await tenant.http.post("/v1/uploads", json=body, headers=headers)


async def whole_upload(tenant: Tenant) -> str:
    made: str = (await upload(tenant)).json()["id"]
    [part] = (await tenant.http.get(f"/v1/uploads/{made}/parts")).json()["items"]
    async with httpx.AsyncClient() as store:
        (await store.put(part["url"], content=b"0123456789")).raise_for_status()
    (await tenant.http.post(f"/v1/uploads/{made}/complete")).raise_for_status()
    return made


async def test_any_post_is_done_once_under_a_key(tenant: Tenant) -> None:
    first = await upload(tenant, **(mine := key()))
    again = await upload(tenant, **mine)
    other = await upload(tenant, **key())

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert other.json()["id"] != first.json()["id"]


async def test_blanks_and_the_order_of_fields_do_not_matter(tenant: Tenant) -> None:
    mine = {**key(), "Content-Type": "application/json"}
    first = await tenant.http.post(
        "/v1/uploads", content=b'{"bytes": 10, "file_name": "a.mp4"}', headers=mine
    )
    again = await tenant.http.post(
        "/v1/uploads", content=b'{"file_name":"a.mp4","bytes":10}', headers=mine
    )
    other = await tenant.http.post(
        "/v1/uploads", content=b'{"file_name":"b.mp4","bytes":10}', headers=mine
    )

    assert again.json() == first.json()
    assert problem(other) == (422, "idempotency-key-reused")


async def test_what_was_refused_may_be_tried_again(tenant: Tenant) -> None:
    mine = key()
    wrong = await tenant.http.post("/v1/uploads", json={"bytes": 0}, headers=mine)

    right = await upload(tenant, **mine)

    assert (wrong.status_code, right.status_code) == (422, 201)


async def test_a_film_is_answered_alike_after_its_upload_was_removed(
    house: House, tenant: Tenant
) -> None:
    made = await whole_upload(tenant)
    body = {"source": {"type": "upload", "upload_id": made}}
    first = await tenant.http.post("/v1/projects", json=body, headers=(mine := key()))
    await house.parts.store.delete([f"uploads/{tenant.id}/{made}/source"])

    again = await tenant.http.post("/v1/projects", json=body, headers=mine)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]


async def test_what_was_made_and_deleted_is_said_to_be_gone(house: House, tenant: Tenant) -> None:
    body = {"source": URL}
    made = await tenant.http.post("/v1/projects", json=body, headers=(mine := key()))
    await tenant.http.delete(made.headers["location"])
    await house.caught_up()

    again = await tenant.http.post("/v1/projects", json=body, headers=mine)

    assert problem(again) == (410, "gone")


async def test_a_key_that_was_shown_once_is_neither_kept_nor_shown_again(house: House) -> None:
    admin = await house.tenant(role="admin")
    made = await admin.http.post("/v1/keys", json={"name": "ci"}, headers=(mine := key()))
    again = await admin.http.post("/v1/keys", json={"name": "ci"}, headers=mine)

    assert made.status_code == 201
    assert problem(again) == (409, "answer-not-repeatable")
    async with house.sessions() as session:
        rows = await session.exec(select(ApiKey).where(ApiKey.tenant_id == admin.id))
        assert len([row for row in rows if row.name == "ci"]) == 1
    bus = await house.bus("admin")
    info = await bus.connection.api("STREAM.INFO.KV_idempotency", {"subjects_filter": ">"})
    for subject in info["state"]["subjects"]:
        found = await bus.connection.api("STREAM.MSG.GET.KV_idempotency", {"last_by_subj": subject})
        assert made.json()["key"] not in json.dumps(found)
        assert mine["Idempotency-Key"] not in subject


async def test_replicas_have_one_answer(house: House, tenant: Tenant) -> None:
    """Two gateways, each with connections of its own to the same log."""
    body = {"source": URL, "title": "of two"}
    mine = key()

    async with house.another_gateway() as second:
        headers = {"Authorization": f"Bearer {tenant.key}", **mine}
        async with httpx.AsyncClient(base_url=second, headers=headers, timeout=60) as there:
            answers = await asyncio.gather(
                *(tenant.http.post("/v1/projects", json=body, headers=mine) for _ in range(4)),
                *(there.post("/v1/projects", json=body) for _ in range(4)),
            )
    await house.caught_up()

    assert {one.status_code for one in answers} == {202}
    assert len({json.dumps(one.json()) for one in answers}) == 1
    async with house.sessions() as session:
        found = await session.exec(select(Project).where(col(Project.title) == "of two"))
        assert len(found.all()) == 1


async def test_a_crash_between_the_work_and_its_record_makes_nothing_twice(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"source": URL, "title": "crashed"}
    written = house.parts.log.write_record

    async def dies(name: str, said: bytes, *, after: int) -> int | None:
        if after:  # the answer
            raise Unavailable("the process has died")
        return await written(name, said, after=after)

    monkeypatch.setattr(house.parts.log, "write_record", dies)
    first = await tenant.http.post("/v1/projects", json=body, headers=(mine := key()))
    monkeypatch.undo()
    monkeypatch.setattr(repeats, "CLAIM_SECONDS", 0.0)
    await house.caught_up()
    again = await tenant.http.post("/v1/projects", json=body, headers=mine)
    await house.caught_up()

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]
    async with house.sessions() as session:
        found = await session.exec(select(Project).where(col(Project.title) == "crashed"))
        assert len(found.all()) == 1


async def test_who_has_the_same_key_in_hand_is_waited_for_and_then_told(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "WAIT_SECONDS", 0.1)
    name_and_print: list[str] = []
    begin = house.parts.repeats.begin

    async def noted(name: str, fingerprint: str) -> Any:
        name_and_print[:] = [name, fingerprint]
        return await begin(name, fingerprint)

    monkeypatch.setattr(house.parts.repeats, "begin", noted)
    await upload(tenant, **(mine := key()))
    record = await house.parts.log.read_record(name_and_print[0])
    at_work = json.dumps({**json.loads(record.body), "answer": None}).encode()
    await house.parts.log.write_record(name_and_print[0], at_work, after=record.sequence)

    answer = await upload(tenant, **mine)

    assert problem(answer) == (409, "request-in-progress")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("sent", ["k" * 256, "\xe9", ""], ids=["too long", "no ascii", "empty"])
async def test_a_key_that_is_none_is_refused(tenant: Tenant, sent: str) -> None:
    answer = await tenant.http.post(
        "/v1/uploads",
        json={"file_name": "talk.mp4", "bytes": 10},
        headers=[(b"Idempotency-Key", sent.encode("latin-1"))],
    )

    assert problem(answer) == (422, "invalid")
