"""Health: which dependency is away, to people and probes; and what goes on without it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from pydantic import SecretStr

from bodies import filled
from clipforge_gateway import gate, lately, rows
from clipforge_gateway.app import create_app, open_parts
from estates import furnish, stated
from gateways import FILM, House, Tenant, problem
from relay import Relay
from workshop import PATIENCE, eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CORRECTION = {"op": "replace", "first": 2, "text": "lanes"}
DEPENDENCIES = ("database", "broker", "storage")


@dataclass(frozen=True)
class Cut:
    """A gateway whose every dependency is behind a wire of its own."""

    wires: dict[str, Relay]
    anybody: httpx.AsyncClient

    async def settled(self, path: str, status: int) -> httpx.Response:
        """The answer, once it has this status."""

        async def answered() -> bool:
            return (await self.anybody.get(path)).status_code == status

        await eventually(answered)
        return await self.anybody.get(path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cut(house: House) -> AsyncIterator[Cut]:
    gateway = house.settings.model_copy(update={"nats_url": house.nats.url("gateway")})
    addresses = {
        "database": gateway.database_url.get_secret_value(),
        "broker": gateway.nats_url,
        "storage": gateway.s3_endpoint,
    }
    async with AsyncExitStack() as stack:
        wires = {}
        for name, address in addresses.items():
            parts = urlsplit(address)
            assert parts.hostname
            assert parts.port
            wires[name] = await stack.enter_async_context(Relay.to(parts.hostname, parts.port))
            addresses[name] = address.replace(f":{parts.port}", f":{wires[name].port}")
        settings = gateway.model_copy(
            update={
                "database_url": SecretStr(addresses["database"]),
                "nats_url": addresses["broker"],
                "s3_endpoint": addresses["storage"],
            }
        )
        app = create_app()
        app.state.parts = await stack.enter_async_context(open_parts(settings))
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")
        yield Cut(wires, await stack.enter_async_context(http))


async def test_health_tells_of_dependencies_process_and_queues(house: House) -> None:
    async with house.client() as anybody:
        answer = await anybody.get("/health")

    health = answer.json()
    assert answer.status_code == 200
    assert health["status"] == "ok"
    assert health["checks"] == dict.fromkeys(DEPENDENCIES, True)
    assert health["memory_bytes"] > 10_000_000
    assert health["uptime_seconds"] > 0
    assert health["cpu_seconds"] > 0
    assert set(health["queues"]) == {
        "video-import",
        "transcription",
        "clip-detection",
        "video-export",
        "maintenance",
        "webhooks",
    }
    assert set(health["queues"]["transcription"]) >= {
        "waiting",
        "active",
        "completed",
        "failed",
        "delayed",
    }


@pytest.mark.parametrize("away", DEPENDENCIES)
async def test_health_names_the_dependency_that_is_away_and_the_process_lives(
    cut: Cut, away: str
) -> None:
    whole = await cut.settled("/health", 200)
    cut.wires[away].cut()

    health = await cut.settled("/health", 503)
    ready = await cut.settled("/health/ready", 503)
    live = await cut.anybody.get("/health/live")
    await cut.wires[away].mend()
    again = await cut.settled("/health/ready", 200)

    expected = {name: name != away for name in DEPENDENCIES}
    assert whole.json()["status"] == "ok"
    assert health.json()["checks"] == ready.json() == expected
    assert health.json()["status"] == "degraded"
    assert health.json()["queues"] == {}
    assert live.status_code == 200
    assert all(again.json().values())


async def test_without_the_database_a_request_is_told_to_come_again(
    cut: Cut, tenant: Tenant
) -> None:
    await cut.settled("/health", 200)
    cut.wires["database"].cut()

    answer = await cut.anybody.get(
        "/v1/projects", headers={"Authorization": f"Bearer {tenant.key}"}
    )
    await cut.wires["database"].mend()

    assert problem(answer) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_without_the_broker_what_there_is_is_still_shown(
    house: House, cut: Cut, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    await cut.settled("/health", 200)
    headers = {"Authorization": f"Bearer {tenant.key}"}
    cut.wires["broker"].cut()

    project = await cut.anybody.get(f"/v1/projects/{film.project}", headers=headers)
    clips = await cut.anybody.get(f"/v1/projects/{film.project}/clips", headers=headers)
    listed = await cut.anybody.get("/v1/projects", headers=headers)
    await cut.wires["broker"].mend()

    assert project.json()["state"] == "ready"
    assert len(clips.json()["items"]) == 1
    assert film.project in {one["id"] for one in listed.json()["items"]}


@pytest.mark.parametrize("known", [False, True], ids=["a new key", "a key that was seen before"])
@pytest.mark.parametrize(
    ("away", "words"),
    [("database", "database"), ("broker", "log"), ("storage", "object store")],
)
async def test_without_a_dependency_no_new_work_is_taken_on_until_it_is_back(
    house: House,
    cut: Cut,
    away: str,
    words: str,
    known: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lately, "GOOD_SECONDS", 0.0)  # what was seen before the cut is over
    await cut.settled("/health", 200)
    caller = await house.tenant()
    headers = {"Authorization": f"Bearer {caller.key}"}
    film = {"source": {"type": "url", "url": FILM}}
    if known:
        await cut.anybody.get("/v1/projects", headers=headers)
    cut.wires[away].cut()

    project = await cut.anybody.post("/v1/projects", json=film, headers=headers)
    upload = await cut.anybody.post(
        "/v1/uploads", json={"file_name": "a.mp4", "bytes": 4}, headers=headers
    )
    await cut.wires[away].mend()

    async def taken() -> bool:  # by the same process
        again = await cut.anybody.post("/v1/projects", json=film, headers=headers)
        return again.status_code == 202

    await eventually(taken, within=3 * PATIENCE)
    for refused in (project, upload):
        assert problem(refused) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert words in refused.json()["detail"]


async def test_without_the_broker_no_write_is_taken_and_none_comes_true_later(
    house: House, cut: Cut
) -> None:
    """Whatever states a fact: of each resource one, all at once."""
    caller = await house.tenant(role="admin")
    known: dict[str, Any] = {**await furnish(house, caller)}
    known["clip_ids"] = [known["clip_id"]]
    known["queued_id"] = await house.submit(caller)
    await house.caught_up()
    headers = {"Authorization": f"Bearer {caller.key}", "If-Match": "*"}
    await cut.settled("/health", 200)
    await cut.anybody.get("/v1/projects", headers=headers)  # who asks is known from now on
    before = await stated(house)
    cut.wires["broker"].cut()

    answers = await asyncio.gather(
        *(
            cut.anybody.request(
                method, path.format(**known), json=filled(body, known), headers=headers
            )
            for method, path, body in WRITES
        )
    )
    await cut.wires["broker"].mend()
    held = REGISTRY.get_sample_value("clipforge_requests_in_hand")
    await cut.settled("/health", 200)
    again = await cut.anybody.post("/v1/brand-kits", json={"name": "Later"}, headers=headers)

    assert [problem(answer) for answer in answers] == [(503, "unavailable")] * len(WRITES)
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert held == 0
    assert again.is_success, again.text
    assert await stated(house) == before + 1, "one that was refused has come true"


WRITES = [
    ("PATCH", "/v1/projects/{project_id}", {"title": "Other"}),
    ("POST", "/v1/projects/{queued_id}/cancel", None),
    ("DELETE", "/v1/projects/{project_id}", None),
    ("POST", "/v1/projects/{project_id}/clips", {"start_ms": 5000, "end_ms": 25000}),
    ("PATCH", "/v1/clips/{clip_id}", {"title": "Other"}),
    ("DELETE", "/v1/clips/{clip_id}", None),
    ("PATCH", "/v1/projects/{project_id}/transcript", {"operations": [CORRECTION]}),
    ("POST", "/v1/exports", {"clip_id": "", "style": "neon"}),
    ("POST", "/v1/exports/batch", {"clip_ids": [], "styles": ["boxed"]}),
    ("POST", "/v1/exports/batches/{batch_id}/cancel", None),
    ("POST", "/v1/brand-kits", {"name": "Other"}),
    ("DELETE", "/v1/brand-kits/{kit_id}", None),
    ("PUT", "/v1/presets/{preset_id}", {"name": "Other"}),
    ("POST", "/v1/webhooks", {"url": "https://example.com/", "events": ["project.ready"]}),
    ("PATCH", "/v1/webhooks/{webhook_id}", {"enabled": False}),
    ("DELETE", "/v1/webhooks/{webhook_id}", None),
    ("POST", "/v1/webhooks/{webhook_id}/test", None),
    ("POST", "/v1/dead-letters/{job_id}/replay", None),
    ("POST", "/v1/keys", {"name": "other"}),
    ("DELETE", "/v1/keys/{key_id}", None),
]


@pytest.mark.parametrize("away", DEPENDENCIES)
async def test_a_dependency_that_hangs_is_not_waited_for_without_end(
    house: House, cut: Cut, away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await house.tenant()  # of whose transcripts none is near
    film = await house.ready(tenant)
    headers = {"Authorization": f"Bearer {tenant.key}"}
    await cut.settled("/health", 200)
    await cut.anybody.get("/v1/projects", headers=headers)  # the key is known from now on
    monkeypatch.setattr(gate, "ANSWER_SECONDS", 20.0)
    monkeypatch.setattr(rows, "LOG_SECONDS", 0.5)
    monkeypatch.setattr(lately, "GOOD_SECONDS", 0.0)
    project = f"/v1/projects/{film.project}"
    cut.wires[away].stall()

    at_once = [  # more than there are connections to the database
        asyncio.create_task(cut.anybody.get(path, headers=headers))
        for path in (project, "/v1/projects", f"{project}/transcript")
        for _ in range(10)
    ]
    taken = await cut.anybody.post(
        "/v1/projects", json={"source": {"type": "url", "url": FILM}}, headers=headers
    )
    found = [await one for one in at_once]
    cut.wires[away].flow()

    async def back() -> bool:
        again = [await cut.anybody.get(one.request.url, headers=headers) for one in found[::10]]
        return {answer.status_code for answer in again} == {200}

    await eventually(back)
    statuses = [{answer.status_code for answer in found[n : n + 10]} for n in (0, 10, 20)]
    assert statuses == HANGING[away]
    assert problem(taken) == (503, "unavailable")
    assert all("retry-after" in one.headers for one in found if one.status_code == 503)


HANGING = {  # a project, the list, and a transcript
    "database": [{503}, {503}, {503}],
    "broker": [{200}, {200}, {200}],
    "storage": [{200}, {200}, {503}],
}
