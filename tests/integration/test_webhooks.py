"""Webhooks, from an event to a receiver: signed, tried again, given up, redelivered."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from clipforge_contracts import ids
from clipforge_contracts.pipeline import WEBHOOKS, Attempts
from clipforge_contracts.plans import Plan
from clipforge_contracts.webhooks import EVENTS
from clipforge_gateway import webhook_events
from clipforge_gateway.app import create_app
from clipforge_gateway.settings import Settings
from clipforge_projector.projector import rebuild
from clipforge_projector.reconciler import reconcile
from clipforge_projector.webhooks import disable_dead, forget
from clipforge_runtime.bus import Entry
from clipforge_runtime.progress import report
from clipforge_standalone.servers import ports
from clipforge_webhooks.handler import deliver
from clipforge_webhooks.sending import Sender
from gateways import Film, House, Tenant, problem, working
from receivers import SILENCE, Receiver, answer
from rows import dump
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SOON = timedelta(milliseconds=50)
HURRIED = replace(
    WEBHOOKS, attempts=dict.fromkeys(Plan, Attempts(limit=3, first=SOON, waits=(SOON, SOON)))
)


@pytest.fixture(scope="module")
def house_settings(house_settings: Settings) -> Settings:
    """With one port of loopback that webhooks may be sent to."""
    more = {
        "webhooks_allow": f"127.0.0.1:{ports.free()}",
        "webhooks_most": 40,
    }
    return house_settings.model_copy(update=more)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver(house_settings: Settings) -> AsyncIterator[Receiver]:
    [(_, port)] = house_settings.webhooks_allowed
    async with Receiver.listen(port) as listening:
        yield listening


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def at_work(house: House) -> AsyncIterator[None]:
    """A worker that does not wait for long."""
    keyring = house.settings.keyring
    assert keyring is not None
    sender = Sender(house.settings.webhooks_allowed, at_once=10, seconds=2)
    handler = partial(
        deliver,
        log=await house.bus(WEBHOOKS.name),
        post=sender,
        keyring=keyring,
        progress=report,
    )
    async with working(house, HURRIED, handler):
        yield
    await sender.close()


async def test_a_ready_project_is_told_of_signed(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    url = receiver.endpoint()
    hook = await webhook(tenant, url, events=["project.ready"])

    film = await house.ready(tenant)

    await arrived(receiver, url)
    [received] = receiver.received(url)
    told = received.verified(hook["secret"])
    assert told["id"] == received.message_id
    assert told["type"] == "project.ready"
    assert told["data"] == {"project_id": film.project, "state": "ready", "clip_count": 1}
    assert webhook_events.ProjectReady.model_validate(told, extra="forbid")


async def test_what_fails_is_told_with_a_sentence_and_only_to_whoever_asked(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    failures, exports = receiver.endpoint(), receiver.endpoint()
    hook = await webhook(tenant, failures, events=["project.failed"])
    await webhook(tenant, exports, events=["export.completed", "export.failed"])
    film = await house.ready(tenant)
    asked = await tenant.http.post("/v1/exports", json={"clip_id": film.clip})
    export = asked.json()["id"]

    lost = Film(tenant, await house.submit(tenant))
    await house.state(lost.failed("import"))
    await house.state(film.exported(export))

    await arrived(receiver, failures)
    await arrived(receiver, exports)
    told = receiver.received(failures)[0].verified(hook["secret"])
    done = json.loads(receiver.received(exports)[0].body)
    assert webhook_events.ProjectFailed.model_validate(told, extra="forbid")
    assert webhook_events.ExportCompleted.model_validate(done, extra="forbid")
    assert (told["type"], told["data"]["project_id"]) == ("project.failed", lost.project)
    assert told["data"]["failure"]["sentence"]
    assert (done["type"], done["data"]["export_id"]) == ("export.completed", export)
    assert b"X-Amz" not in receiver.received(exports)[0].body
    assert len(receiver.received(failures)) == len(receiver.received(exports)) == 1


async def test_what_was_refused_is_sent_again_as_the_same_message(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    url = receiver.endpoint(answer(500, b"oo\x00ps"), answer(204))
    hook = await webhook(tenant, url)

    sent = await send_test(tenant, hook)

    done = await ended(tenant, hook, sent)
    first, second = receiver.received(url)
    assert first.message_id == second.message_id == done["message_id"]
    assert second.verified(hook["secret"])["type"] == "webhook.test"
    assert done["state"] == "delivered"
    assert [(one["n"], one["status"]) for one in done["attempts"]] == [(1, 500), (2, 204)]
    assert done["attempts"][0]["error"] == "It answered 500."
    assert done["attempts"][0]["answer"] == "oo\ufffdps"
    assert (await seen(tenant, hook))["failing_since"] is None


async def test_what_is_never_accepted_is_given_up_in_words(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    url = receiver.endpoint(answer(503, Retry_After="0"))
    hook = await webhook(tenant, url)

    done = await ended(tenant, hook, await send_test(tenant, hook))

    assert done["state"] == "failed"
    assert done["failure"] == {"reason": "exhausted", "sentence": "It answered 503."}
    assert len(receiver.received(url)) == len(done["attempts"]) == 3
    assert (await seen(tenant, hook))["failing_since"]
    assert (await seen(tenant, hook))["enabled"], "three days are no five"


async def test_a_redirect_is_not_followed(house: House, tenant: Tenant, receiver: Receiver) -> None:
    other = receiver.endpoint()
    hook = await webhook(tenant, receiver.endpoint(answer(307, Location=other)))

    done = await ended(tenant, hook, await send_test(tenant, hook))

    assert done["state"] == "failed"
    assert "redirects (307)" in done["failure"]["sentence"]
    assert receiver.received(other) == []


async def test_whoever_answers_410_is_disabled_until_its_owner_enables_it(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    url = receiver.endpoint(answer(410), answer(204))
    hook = await webhook(tenant, url)

    done = await ended(tenant, hook, await send_test(tenant, hook))
    await house.caught_up()

    assert (done["state"], done["failure"]["reason"]) == ("failed", "gone")
    gone = await seen(tenant, hook)
    assert (gone["enabled"], gone["disabled"]["reason"]) == (False, "gone")
    refused = await tenant.http.post(f"/v1/webhooks/{hook['id']}/test")
    assert problem(refused) == (409, "conflict")
    await changed(tenant, hook, enabled=True)
    assert (await ended(tenant, hook, await send_test(tenant, hook)))["state"] == "delivered"
    assert (await seen(tenant, hook))["disabled"] is None


async def test_one_that_does_not_answer_holds_no_other_up(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    silent, lively = receiver.endpoint(SILENCE), receiver.endpoint()
    stuck = await webhook(tenant, silent)
    other = await webhook(tenant, lively)
    waiting = await send_test(tenant, stuck)
    await arrived(receiver, silent)

    told = await ended(tenant, other, await send_test(tenant, other))

    assert told["state"] == "delivered"
    assert (await seen(tenant, stuck, waiting))["state"] == "waiting"
    done = await ended(tenant, stuck, waiting)
    assert done["state"] == "failed"
    assert {one["status"] for one in done["attempts"]} == {None}
    assert "did not answer" in done["failure"]["sentence"]


async def test_it_is_delivered_once_more_when_asked(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    url = receiver.endpoint()
    hook = await webhook(tenant, url)
    first = await ended(tenant, hook, await send_test(tenant, hook))

    asked = await tenant.http.post(f"/v1/webhooks/{hook['id']}/deliveries/{first['id']}/redeliver")

    again = await ended(tenant, hook, asked.json())
    assert asked.status_code == 202
    assert asked.headers["location"].endswith(again["id"])
    assert (again["state"], again["redelivery_of"]) == ("delivered", first["id"])
    assert again["payload"] == first["payload"]
    assert [one.body for one in receiver.received(url)] == 2 * [receiver.received(url)[0].body]
    listed = (await tenant.http.get(f"/v1/webhooks/{hook['id']}/deliveries")).json()["items"]
    assert [one["id"] for one in listed] == [again["id"], first["id"]]


async def test_for_a_day_after_a_rotation_both_secrets_check_it(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    url = receiver.endpoint()
    hook = await webhook(tenant, url)

    rotated = await tenant.http.post(f"/v1/webhooks/{hook['id']}/rotate")
    await ended(tenant, hook, await send_test(tenant, hook))

    new = rotated.json()
    [received] = receiver.received(url)
    assert new["secret"] != hook["secret"]
    assert new["former_secret_until"]
    assert received.verified(new["secret"]) == received.verified(hook["secret"])
    assert received.headers["webhook-signature"].count("v1,") == 2
    assert "secret" not in await seen(tenant, hook)


async def test_neither_the_log_nor_a_table_has_the_secret(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    hook = await webhook(tenant, receiver.endpoint())
    await house.caught_up()
    secret = hook["secret"].removeprefix("whsec_")
    forms = (secret, base64.b64decode(secret).hex(), repr(base64.b64decode(secret))[2:-1])

    rows = repr(await dump(house.sessions))
    facts_ = [
        entry.fact.SerializeToString() + repr(entry.headers).encode()
        for entry in await everything(house)
        if entry.fact
    ]

    assert hook["id"] in rows
    assert any(hook["id"].encode() in fact for fact in facts_)
    for form in forms:
        assert form not in rows
        assert not any(form.encode() in fact for fact in facts_)
    assert not any(base64.b64decode(secret) in fact for fact in facts_)


async def test_what_was_changed_in_the_meantime_counts(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    former, new = receiver.endpoint(answer(500)), receiver.endpoint()
    hook = await webhook(tenant, former)
    await house.parts.log.pause(WEBHOOKS)
    try:
        sent = await send_test(tenant, hook)
        await changed(tenant, hook, url=new)
    finally:
        await house.parts.log.resume(WEBHOOKS)

    assert (await ended(tenant, hook, sent))["state"] == "delivered"
    assert receiver.received(former) == []


@pytest.mark.parametrize("deed", ["disabled", "deleted"])
async def test_nothing_is_sent_to_one_that_is_gone(
    house: House, tenant: Tenant, receiver: Receiver, deed: str
) -> None:
    url = receiver.endpoint()
    hook = await webhook(tenant, url)
    await house.parts.log.pause(WEBHOOKS)
    try:
        sent = await send_test(tenant, hook)
        if deed == "disabled":
            await changed(tenant, hook, enabled=False)
        else:
            await tenant.http.delete(f"/v1/webhooks/{hook['id']}")
    finally:
        await house.parts.log.resume(WEBHOOKS)

    job = f"/v1/queues/webhooks/jobs/{ids.job('webhooks', sent['id'])}"

    async def given_up() -> bool:
        return str((await tenant.http.get(job)).json()["state"]) == "failed"

    await eventually(given_up)
    assert receiver.received(url) == []
    if deed == "deleted":
        assert problem(await tenant.http.get(f"/v1/webhooks/{hook['id']}")) == (404, "not-found")


async def test_a_change_says_what_it_changes(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    hook = await webhook(tenant, receiver.endpoint())
    address = f"/v1/webhooks/{hook['id']}"
    read = (await tenant.http.get(address)).headers["etag"]
    await ended(tenant, hook, await send_test(tenant, hook))
    later = (await tenant.http.get(address)).headers["etag"]  # it tells of a delivery now

    silent = await tenant.http.patch(address, json={"description": "none"})
    first = await tenant.http.patch(
        address, json={"description": "one"}, headers={"If-Match": read}
    )
    second = await tenant.http.patch(
        address, json={"description": "two"}, headers={"If-Match": later}
    )
    third = await tenant.http.patch(
        address, json={"description": "three"}, headers={"If-Match": first.headers["etag"]}
    )

    assert read != later
    assert problem(silent) == (428, "precondition-required")
    assert first.status_code == 200, "whether it was delivered to is nothing that is edited"
    assert problem(second) == (412, "precondition-failed")
    assert third.status_code == 200


async def test_of_two_changes_at_once_one_is_told_to_look_again(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    hook = await webhook(tenant, receiver.endpoint())
    address, any_ = f"/v1/webhooks/{hook['id']}", {"If-Match": "*"}

    async with house.stale():
        first = await tenant.http.patch(address, json={"description": "one"}, headers=any_)
        second = await tenant.http.patch(address, json={"description": "two"}, headers=any_)

    assert (first.status_code, second.status_code) == (200, 412)
    assert (await seen(tenant, hook))["description"] == "one"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"url": "http://example.com/hooks"}, "https"),
        ({"url": "https://10.0.0.1/hooks"}, "not public"),
        ({"url": "https://localhost/hooks"}, "not public"),
        ({"url": "https://u:p@example.com/"}, "user name"),
        ({"url": "ftp://example.com/"}, "https"),
        ({"url": "https://example.com/#x"}, "fragment"),
        ({"url": "https://[::1/"}, "not a web address"),
        ({"url": "https://example.com/", "events": []}, "at least 1"),
        ({"url": "https://example.com/", "events": ["clip.ready"]}, "project.ready"),
        ({"url": "https://example.com/", "secret": "whsec_mine"}, "not permitted"),
    ],
)
async def test_what_cannot_be_a_webhook_is_refused_in_words(
    tenant: Tenant, body: dict[str, Any], word: str
) -> None:
    refused = await tenant.http.post("/v1/webhooks", json={"events": ["project.ready"], **body})

    assert problem(refused)[0] == 422
    assert word in refused.text


async def test_another_tenant_is_told_of_every_route_that_there_is_no_such_webhook(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    stranger = await house.tenant(role="admin")
    hook = await webhook(tenant, receiver.endpoint())
    done = await ended(tenant, hook, await send_test(tenant, hook))
    ids_ = {"webhook_id": hook["id"], "delivery_id": done["id"]}
    asked = 0

    for path, methods in create_app().openapi()["paths"].items():
        for method in methods if "{webhook_id}" in path else ():
            body: dict[str, Any] = {"json": {"enabled": False}, "headers": {"If-Match": "*"}}
            refused = await stranger.http.request(method, path.format(**ids_), **body)
            assert problem(refused) == (404, "not-found"), f"{method} {path}"
            asked += 1

    assert asked == 8
    assert (await stranger.http.get("/v1/webhooks")).json()["items"] == []
    assert (await seen(tenant, hook))["enabled"]
    assert len(receiver.received(hook["url"])) == 1


async def test_a_tenant_has_so_many_at_most(
    house: House, receiver: Receiver, house_settings: Settings
) -> None:
    somebody = await house.tenant()
    hooks = [
        await webhook(somebody, receiver.endpoint()) for _ in range(house_settings.webhooks_most)
    ]

    one_more = await somebody.http.post(
        "/v1/webhooks", json={"url": receiver.endpoint(), "events": EVENTS}
    )
    await somebody.http.delete(f"/v1/webhooks/{hooks[0]['id']}")

    assert problem(one_more) == (409, "conflict")
    assert await webhook(somebody, receiver.endpoint())


async def test_one_that_has_failed_for_days_is_disabled_and_says_so(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    dead = await webhook(tenant, receiver.endpoint(answer(500)))
    await ended(tenant, dead, await send_test(tenant, dead))
    bus = await house.bus("projector")

    await disable_dead(house.sessions, bus, now=datetime.now(UTC) + timedelta(days=4))
    await house.caught_up()
    assert (await seen(tenant, dead))["enabled"]
    await disable_dead(house.sessions, bus, now=datetime.now(UTC) + timedelta(days=6))
    await house.caught_up()

    view = await seen(tenant, dead)
    assert (view["enabled"], view["disabled"]["reason"]) == (False, "failing")
    assert "5 days" in view["disabled"]["sentence"]
    enabled = await changed(tenant, dead, enabled=True)
    assert (enabled["enabled"], enabled["disabled"], enabled["failing_since"]) == (True, None, None)


async def test_replaying_the_log_makes_the_same_rows(house: House) -> None:
    """Before those that take something out of the log, or out of the rows."""
    await house.caught_up()
    await house.stop_projector()
    try:
        before = await dump(house.sessions)
        await rebuild(house.sessions, await house.bus("projector"), batch=50, from_nothing=True)
        after = await dump(house.sessions)
    finally:
        await house.start_projector()

    for table in ("webhooks", "webhook_deliveries", "webhook_attempts"):
        assert before[table]
        assert after[table] == before[table]


async def test_what_the_log_lost_is_stated_again_from_the_rows(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    url = receiver.endpoint()
    hook = await webhook(tenant, url)
    bus = await house.bus("projector")
    await house.parts.log.pause(WEBHOOKS)
    try:
        sent = await send_test(tenant, hook)
        await house.caught_up()
        assert await bus.purge(f"facts.webhook-due.*.*.{tenant.id}._.{sent['id']}") == 1
        await reconcile(house.sessions, bus, now=datetime.now(UTC) + timedelta(hours=1))
    finally:
        await house.parts.log.resume(WEBHOOKS)

    assert (await ended(tenant, hook, sent))["state"] == "delivered"
    assert receiver.received(url)[0].verified(hook["secret"])["id"] == sent["message_id"]


async def test_what_was_delivered_long_ago_is_forgotten(
    house: House, tenant: Tenant, receiver: Receiver
) -> None:
    hook = await webhook(tenant, receiver.endpoint())
    done = await ended(tenant, hook, await send_test(tenant, hook))

    await forget(house.sessions, before=datetime.now(UTC) - timedelta(hours=1))
    kept = await tenant.http.get(f"/v1/webhooks/{hook['id']}/deliveries/{done['id']}")
    while await forget(house.sessions, before=datetime.now(UTC) + timedelta(hours=1)):
        pass
    left = (await tenant.http.get(f"/v1/webhooks/{hook['id']}/deliveries")).json()["items"]

    job = f"/v1/queues/webhooks/jobs/{ids.job('webhooks', done['id'])}"
    assert kept.status_code == 200
    assert left == []
    assert problem(await tenant.http.get(job)) == (404, "not-found")
    assert (await seen(tenant, hook))["enabled"]


async def send_test(tenant: Tenant, hook: dict[str, Any]) -> dict[str, Any]:
    """Ask for a test event; the delivery."""
    sent = await tenant.http.post(f"/v1/webhooks/{hook['id']}/test")
    assert sent.status_code == 202, sent.text
    found: dict[str, Any] = sent.json()
    return found


async def seen(
    tenant: Tenant, hook: dict[str, Any], delivery: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An endpoint, or one of its deliveries, as its owner sees it."""
    more = f"/deliveries/{delivery['id']}" if delivery else ""
    got = await tenant.http.get(f"/v1/webhooks/{hook['id']}{more}")
    assert got.status_code == 200, got.text
    found: dict[str, Any] = got.json()
    return found


async def changed(tenant: Tenant, hook: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    any_ = {"If-Match": "*"}
    got = await tenant.http.patch(f"/v1/webhooks/{hook['id']}", json=wanted, headers=any_)
    assert got.status_code == 200, got.text
    found: dict[str, Any] = got.json()
    return found


async def ended(tenant: Tenant, hook: dict[str, Any], delivery: dict[str, Any]) -> dict[str, Any]:
    """A delivery, once nothing more is tried."""

    async def over() -> bool:
        return bool((await seen(tenant, hook, delivery))["state"] != "waiting")

    await eventually(over)
    return await seen(tenant, hook, delivery)


async def everything(house: House) -> list[Entry]:
    """Every fact of the log up to now."""
    bus = await house.bus("projector")
    last = await bus.last_fact()
    found: list[Entry] = []
    async with contextlib.aclosing(bus.follow(after=0)) as following:
        async for entry in following:
            found.append(entry)
            if entry.sequence >= last:
                break
    return found


async def webhook(tenant: Tenant, url: str, **more: Any) -> dict[str, Any]:
    """A new endpoint, with its secret."""
    made = await tenant.http.post("/v1/webhooks", json={"url": url, "events": EVENTS, **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def arrived(receiver: Receiver, url: str, *, times: int = 1) -> None:
    async def so_often() -> bool:
        return len(receiver.received(url)) >= times

    await eventually(so_often)
