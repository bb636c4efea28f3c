"""Every POST of the API twice under one Idempotency-Key: once done, and the second told so."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from clipforge_contracts import ids
from clipforge_gateway.app import create_app
from clipforge_runtime.jetstream import records
from estates import fitting, furnish, stated, uploaded
from gateways import House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

DOCUMENT: Final = create_app().openapi()
LAST: Final = (
    "replayDeadLetters",
    "cancelExport",
    "cancelBatch",
    "cancelProject",
)  # what is over takes no more
POSTS: Final = sorted(
    ((path, methods["post"]) for path, methods in DOCUMENT["paths"].items() if "post" in methods),
    key=lambda post: LAST.index(post[1]["operationId"]) if post[1]["operationId"] in LAST else -1,
)
SHOWN_ONCE: Final = {"createKey", "createTenantKey", "createWebhook", "rotateWebhookSecret"}
NO_FACT: Final = {  # of these, something else is done
    "createUpload",
    "completeUpload",
    "pauseQueue",
    "resumeQueue",
}


@dataclass(frozen=True)
class Owner:
    """Somebody who has one of everything, and an operator."""

    tenant: Tenant
    known: dict[str, str]
    operator: httpx.AsyncClient

    async def post(self, path: str, body: Any, key: str) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        answer = await self.tenant.http.post(path, json=body, headers=headers)
        if answer.status_code == 403:
            answer = await self.operator.post(path, json=body, headers=headers)
        return answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(house: House) -> AsyncIterator[Owner]:
    tenant = await house.tenant(role="admin")
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(house.operator())
        known = await furnish(house, tenant, many=2)  # of dead letters, one to replay by itself
        known["upload_id"] = await uploaded(tenant)
        yield Owner(tenant, known, operator)


@pytest.mark.parametrize(
    ("path", "operation"), POSTS, ids=[operation["operationId"] for _, operation in POSTS]
)
async def test_what_is_posted_twice_under_one_key_is_done_once(
    house: House, owner: Owner, path: str, operation: dict[str, Any]
) -> None:
    name, known = operation["operationId"], dict(owner.known)
    if name == "completeUpload":
        known["upload_id"] = await uploaded(owner.tenant, complete=False)
    elif name == "cancelExport":
        known["export_id"] = await waiting(owner)
    elif name == "cancelProject":
        known["project_id"] = await house.submit(owner.tenant)
    body = fitting(DOCUMENT, operation, known)
    key, at = ids.new("evt"), path.format(**known)
    await house.caught_up()
    before = await stated(house)

    first = await owner.post(at, body, key)
    once = await stated(house)
    again = await owner.post(at, body, key)
    twice = await stated(house)

    assert first.is_success, first.text
    assert (once > before) == (name not in NO_FACT)
    assert twice == once
    if name in SHOWN_ONCE:
        assert problem(again) == (409, "answer-not-repeatable")
    else:
        assert again.headers.get("idempotency-replayed") == "true", again.text
        assert (again.status_code, again.headers.get("location")) == (
            first.status_code,
            first.headers.get("location"),
        )
        assert again.json() == first.json()


async def waiting(owner: Owner) -> str:
    """An export that is not done yet."""
    found = await owner.tenant.http.get("/v1/exports", params={"state": "waiting"})
    one: str = found.json()["items"][0]["id"]
    return one


async def test_an_answer_is_kept_for_a_day_and_no_longer(house: House) -> None:
    bus = await house.bus("admin")

    info = await bus.connection.api(f"STREAM.INFO.{records.STREAM}", {})

    assert info["config"]["max_age"] == 24 * 3600 * 10**9
    assert info["config"]["discard"] == "old"
