"""What a gateway keeps near: fewer questions to the database, and never an answer that is old."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from clipforge.v1 import common_pb2 as common
from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.database import open_database
from clipforge_contracts import ids
from clipforge_gateway import auth, rows
from clipforge_gateway.auth import key_hash
from gateways import Film, House, Tenant, problem, statements
from relay import Relay
from workshop import PATIENCE, eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Replica:
    """A second gateway, whose questions to the database are counted, on a wire of its own."""

    url: str
    wire: Relay
    asked: list[str]
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def as_(self, tenant: Tenant) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {tenant.key}"}
        client = httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE)
        return await self._open.enter_async_context(client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(house: House) -> AsyncIterator[Replica]:
    address = house.settings.database_url.get_secret_value()
    port = urlsplit(address).port
    assert port
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(Relay.to("127.0.0.1", port))
        through = address.replace(f":{port}/", f":{wire.port}/")
        sessions = await stack.enter_async_context(open_database(through))
        url = await stack.enter_async_context(house.another_gateway(sessions))
        opened = Replica(url, wire, stack.enter_context(statements(sessions)))
        stack.push_async_exit(opened._open)
        yield opened


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are waited for as long as a busy machine needs, and no key is looked up again."""
    monkeypatch.setattr(rows, "CATCH_UP_SECONDS", PATIENCE)
    monkeypatch.setattr(auth, "REMEMBER_SECONDS", 1e9)


def reads(film: Film) -> list[str]:
    """All that is kept near of a film."""
    project = f"/v1/projects/{film.project}"
    pages = ["/clips", "/clips?order=time&limit=1"]
    texts = ["/transcript", "/transcript?format=srt", "/transcript/words?limit=2"]
    return [project, *(project + path for path in pages + texts)]


async def test_what_does_not_change_is_asked_of_the_database_once(
    house: House, tenant: Tenant, replica: Replica, patient: None
) -> None:
    film = await house.ready(tenant)
    other = await replica.as_(tenant)
    first = [await other.get(path) for path in reads(film)]
    before = len(replica.asked)

    again = [await other.get(path) for path in reads(film)]

    assert {answer.status_code for answer in first} == {200}
    assert [answer.content for answer in again] == [answer.content for answer in first]
    assert replica.asked[before:] == []


async def test_fifty_who_ask_at_once_cost_what_one_does(
    house: House, tenant: Tenant, replica: Replica, patient: None
) -> None:
    one, fifty = await house.ready(tenant), await house.ready(tenant)
    other = await replica.as_(tenant)
    await other.get("/v1/projects")  # the key is known from now on
    before = len(replica.asked)
    await other.get(f"/v1/projects/{one.project}")
    cost = len(replica.asked) - before

    answers = await asyncio.gather(*(other.get(f"/v1/projects/{fifty.project}") for _ in range(50)))

    assert {answer.json()["state"] for answer in answers} == {"ready"}
    assert cost > 0
    assert len(replica.asked) - before == 2 * cost


async def test_what_one_gateway_has_taken_the_other_one_shows_at_once(
    house: House, tenant: Tenant, replica: Replica, patient: None
) -> None:
    film = await house.ready(tenant)
    other = await replica.as_(tenant)

    for n in range(10):
        for path in reads(film):  # near, as it was before
            await other.get(path)
        edited = await tenant.http.patch(
            f"/v1/clips/{film.clip}", json={"title": f"Title {n}"}, headers={"If-Match": "*"}
        )
        clips = await other.get(f"/v1/projects/{film.project}/clips")
        assert edited.status_code in (200, 202)
        assert clips.json()["items"][0]["title"] == f"Title {n}"

    corrected = await tenant.http.patch(
        f"/v1/projects/{film.project}/transcript",
        json={"operations": [{"op": "replace", "first": 0, "text": "When"}]},
        headers={"If-Match": "*"},
    )
    words = await other.get(f"/v1/projects/{film.project}/transcript/words")
    assert corrected.status_code in (200, 202), corrected.text
    assert words.json()["items"][0]["text"] == "When"

    await tenant.http.delete(f"/v1/projects/{film.project}")
    gone = [await other.get(path) for path in reads(film)]
    assert {problem(answer) for answer in gone} == {(404, "not-found")}


async def test_clips_tell_what_was_corrected_once_it_is_laid_out(
    house: House, tenant: Tenant, replica: Replica, patient: None
) -> None:
    film = await house.ready(tenant)
    other = await replica.as_(tenant)
    path = f"/v1/projects/{film.project}/clips"
    await other.get(path)

    corrected = await tenant.http.patch(
        f"/v1/projects/{film.project}/transcript",
        json={"operations": [{"op": "replace", "first": 0, "text": "Whenever"}]},
        headers={"If-Match": "*"},
    )
    assert corrected.status_code in (200, 202), corrected.text

    async def told() -> bool:
        return "Whenever" in str((await other.get(path)).json()["items"][0]["text"])

    await eventually(told)


async def test_nobody_else_is_shown_what_is_near(
    house: House, tenant: Tenant, stranger: Tenant, replica: Replica, patient: None
) -> None:
    film = await house.ready(tenant)
    owner, other = await replica.as_(tenant), await replica.as_(stranger)
    for path in reads(film):
        assert (await owner.get(path)).status_code == 200

    answers = [await other.get(path) for path in reads(film)]

    assert {problem(answer) for answer in answers} == {(404, "not-found")}


async def test_without_the_database_what_is_near_and_unchanged_is_shown_and_nothing_else(
    house: House,
    tenant: Tenant,
    replica: Replica,
    patient: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film, changed, far = [await house.ready(tenant) for _ in range(3)]
    other = await replica.as_(tenant)
    near = [await other.get(path) for path in reads(film)]
    await other.get(f"/v1/projects/{changed.project}")
    monkeypatch.setattr(auth, "REMEMBER_SECONDS", 0.001)  # the key would be asked for again
    replica.wire.cut()

    shown = [await other.get(path) for path in reads(film)]
    await house.tell(facts.ProjectDeleted(project=changed.ref))
    refused = [
        await other.get(path)
        for path in (
            f"/v1/projects/{changed.project}",
            f"/v1/projects/{far.project}",
            "/v1/projects",
        )
    ]
    await replica.wire.mend()

    async def back() -> bool:
        return (await other.get("/v1/projects")).status_code == 200

    await eventually(back)
    assert [answer.content for answer in shown] == [answer.content for answer in near]
    assert {problem(answer) for answer in refused} == {(503, "unavailable")}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)


async def test_a_key_that_is_revoked_while_the_database_is_away_is_refused(
    house: House, replica: Replica, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)
    other = await replica.as_(tenant)
    path = f"/v1/projects/{film.project}"
    await other.get(path)
    monkeypatch.setattr(auth, "REMEMBER_SECONDS", 0.001)
    replica.wire.cut()
    assert (await other.get(path)).status_code == 200

    await house.tell(
        facts.ApiKeySaved(
            project=common.ProjectRef(tenant_id=tenant.id, plan=tenant.plan.wire),
            key_id=ids.new("key"),
            name="test",
            role="user",
            hash=key_hash(tenant.key),
            revoked=True,
        )
    )

    async def refused() -> bool:
        return (await other.get(path)).status_code == 401

    await eventually(refused)
    await replica.wire.mend()
