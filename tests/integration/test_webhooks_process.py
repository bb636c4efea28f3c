"""The webhooks service as a process: killed while it sends, and started without a key."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import WEBHOOKS
from clipforge_contracts.webhooks import Keyring, shown
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.process import Child
from receivers import SILENCE, Receiver, answer
from samples import WEBHOOK, every_fact
from workshop import Workshop, eventually, quick

pytestmark = pytest.mark.integration

PROGRAM = (sys.executable, "-m", "clipforge_webhooks")
SETTING = "CLIPFORGE_WEBHOOKS_SECRET_KEYS"
KEY = "k" * 32
KEYRING = Keyring.read(KEY)


PORT = ports.free()


@pytest.fixture
def service(workshop: Workshop, tmp_path: Path) -> Iterator[Child]:
    """Not started yet, it may send to one port; killed at the end."""
    env = environment(
        workshop.user(WEBHOOKS.name).nats_url,
        str(tmp_path),
        **{SETTING: KEY},
        CLIPFORGE_WEBHOOKS_ALLOW=f"127.0.0.1:{PORT}",
    )
    child = Child("webhooks", PROGRAM, tmp_path / "log", env=env)
    yield child
    child.kill()


def environment(nats_url: str, folder: str, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "CLIPFORGE_NATS_URL": nats_url,
        "CLIPFORGE_S3_ENDPOINT": "http://127.0.0.1:1",
        "CLIPFORGE_S3_ACCESS_KEY": "none",
        "CLIPFORGE_S3_SECRET_KEY": "none",
        "CLIPFORGE_DATA_DIR": folder,
        "CLIPFORGE_ADMIN_PORT": "0",
        **more,
    }


async def test_a_service_that_is_killed_while_it_sends_does_so_again_as_the_same_message(
    workshop: Workshop, service: Child
) -> None:
    await workshop.hurry(quick(WEBHOOKS))
    async with Receiver.listen(PORT) as receiver:
        url = receiver.endpoint(SILENCE, answer(204))
        service.start()
        due = one_due(url)
        await workshop.gateway.state(due, fact_id=ids.derive("evt", due.delivery_id), once=True)
        await arrived(receiver, url, times=1)

        service.kill()
        service.start()

        await arrived(receiver, url, times=2)
        await workshop.hear(facts.WebhookDelivered)
        await workshop.idle(WEBHOOKS)
        first, second = receiver.received(url)
        stated = [entry.fact for entry in await workshop.log()]

    secret = shown(KEYRING.reveal(WEBHOOK, due.endpoint.secrets[0]))
    assert first.message_id == second.message_id == due.message_id
    assert first.verified(secret) == second.verified(secret)
    assert sum(isinstance(fact, facts.WebhookDelivered) for fact in stated) == 1
    assert not any(isinstance(fact, facts.WebhookAttempted) for fact in stated)


async def test_without_a_key_that_is_random_it_does_not_start_and_says_why(tmp_path: Path) -> None:
    for given, words in (({}, "is missing"), ({SETTING: "secret"}, "must be one or more keys")):
        env = environment("nats://127.0.0.1:1", str(tmp_path), **given)

        ended = await asyncio.to_thread(
            subprocess.run,
            PROGRAM,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert ended.returncode == 78
        assert f"{SETTING} {words}" in ended.stderr


def one_due(url: str) -> facts.WebhookDue:
    """A delivery to an address."""
    [due] = [fact for fact in every_fact() if isinstance(fact, facts.WebhookDue)]
    due.endpoint.url = url
    del due.endpoint.secrets[:]
    due.endpoint.secrets.append(KEYRING.newest(1))
    return due


async def arrived(receiver: Receiver, url: str, *, times: int) -> None:
    async def so_often() -> bool:
        return len(receiver.received(url)) >= times

    await eventually(so_often)
