"""Webhooks, from an event to a receiver: signed, tried again, given up, redelivered."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr

from clipforge_contracts.pipeline import WEBHOOKS, Attempts
from clipforge_contracts.plans import Plan
from clipforge_contracts.webhooks import EVENTS
from clipforge_gateway.settings import Settings
from clipforge_runtime.progress import report
from clipforge_standalone.servers import ports
from clipforge_webhooks.handler import deliver
from clipforge_webhooks.sending import Sender
from gateways import House, Tenant, working
from receivers import Receiver
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SOON = timedelta(milliseconds=50)
HURRIED = replace(
    WEBHOOKS, attempts=dict.fromkeys(Plan, Attempts(limit=3, first=SOON, waits=(SOON, SOON)))
)


@pytest.fixture(scope="module")
def house_settings(house_settings: Settings) -> Settings:
    """With a key of its own, and one port of loopback that webhooks may be sent to."""
    more = {
        "webhooks_secret_keys": SecretStr(uuid4().hex),
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
