"""How many connections to its databases a gateway holds, however many ask at once: twenty."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog import database
from clipforge_gateway import reads
from clipforge_gateway.app import create_app, open_parts
from gateways import House
from workshop import PATIENCE, eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

MOST: Final = 20  # product.md S1
ASKING: Final = 100  # at once
NAME: Final = "counted"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a connection, or for a lock, waits as long as this test holds it."""
    monkeypatch.setattr(database, "POOL_SECONDS", PATIENCE)
    monkeypatch.setattr(database, "STATEMENT_MS", int(PATIENCE * 1000))
    monkeypatch.setattr(reads, "LOOK_SECONDS", PATIENCE)


@asynccontextmanager
async def gateway(house: House, **changes: object) -> AsyncIterator[httpx.AsyncClient]:
    """With pools as it opens them itself, whose connections can be told from others."""
    settings = house.settings.model_copy(
        update={"nats_url": house.nats.url("gateway"), "near_bytes": 0, **changes}
    )
    app = create_app()
    async with open_parts(settings) as parts:
        app.state.parts = parts
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            yield http


@pytest.mark.parametrize("replica", [False, True], ids=["alone", "with a replica"])
async def test_a_hundred_who_ask_at_once_are_served_over_twenty_connections(
    house: House, patient: None, replica: bool
) -> None:
    tenant = await house.tenant()
    film = await house.ready(tenant)
    paths = ("/v1/projects", f"/v1/clips/{film.clip}")  # of the replica, and of the primary
    headers = {"Authorization": f"Bearer {tenant.key}"}
    address = SecretStr(named(house))
    changes: Mapping[str, object] = {"database_url": address} | (
        {"database_read_url": address} if replica else {}
    )
    async with gateway(house, **changes) as http, house.sessions() as session:

        async def served() -> bool:  # and who asks is known from now on
            await house.caught_up()  # by a fact of which this gateway hears, once it listens
            before = fresh()
            for path in paths:
                assert (await http.get(path, headers=headers)).status_code == 200
            return fresh() > before or not replica

        await eventually(served)
        await run(session, "LOCK TABLE projects, clips IN ACCESS EXCLUSIVE MODE")
        asking = [
            asyncio.create_task(http.get(paths[n % len(paths)], headers=headers))
            for n in range(ASKING)
        ]
        seen: list[int] = []

        async def all_hold_what_they_may() -> bool:
            seen.append(await held(house))
            return seen[-1] >= MOST

        await eventually(all_hold_what_they_may)
        await session.rollback()
        answers = await asyncio.gather(*asking)
        seen.append(await held(house))

    assert {answer.status_code for answer in answers} == {200}
    assert max(seen) == MOST


def fresh() -> float:
    """How many reads the replica has taken."""
    taken = REGISTRY.get_sample_value("clipforge_replica_reads_total", {"outcome": "fresh"})
    return taken or 0.0


def named(house: House) -> str:
    return f"{house.settings.database_url.get_secret_value()}?application_name={NAME}"


async def held(house: House) -> int:
    """How many connections the gateway has, idle ones included."""
    counted = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    async with house.sessions() as session:  # a transaction sees what it saw at first
        return int(
            (await (await session.connection()).execute(counted, {"name": NAME})).scalar_one()
        )


async def run(session: AsyncSession, statement: str) -> None:
    await (await session.connection()).execute(text(statement))
