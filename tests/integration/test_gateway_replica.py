"""A streaming replica takes reads that it is new enough for, and nobody sees how far it is."""

import os
import pwd
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from clipforge_catalog.database import Sessions, open_database
from clipforge_gateway import reads, rows
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.postgres import USER, PostgresServer
from gateways import House, statements
from workshop import PATIENCE, eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    """A primary of this module's: what a replica copies is little."""
    server = PostgresServer(server_folder / "primary" / "pg", ports.free(), "testpassword")
    server.folder.parent.mkdir(mode=0o755)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def replica_server(
    postgres_server: PostgresServer, server_folder: Path
) -> Iterator[PostgresServer]:
    """Follows the primary by streaming."""
    server = PostgresServer(server_folder / "replica" / "pg", ports.free(), "testpassword")
    server.folder.mkdir(parents=True, mode=0o755)
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        os.chown(server.folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    programs = Path(postgres_server.child.argv[0]).parent
    subprocess.run(
        [
            str(programs / "pg_basebackup"),
            *("-D", str(server.folder / "data"), "-R", "-X", "stream", "--checkpoint=fast"),
            *("-d", postgres_server.url("postgres")),
        ],
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd=server.folder,
        check=True,
        timeout=120,
    )
    server.start()
    yield server
    server.stop()


@dataclass
class Pair:
    """A gateway with two databases, and what each of them is asked."""

    url: str
    replica: Sessions
    house: House
    of_primary: list[str]
    of_replica: list[str]

    def forget(self) -> None:
        self.of_primary.clear()
        self.of_replica.clear()

    async def pause(self) -> None:
        """From now on the replica falls behind."""
        async with self.replica() as session:
            await (await session.connection()).execute(text("SELECT pg_wal_replay_pause()"))

    async def resume(self) -> None:
        """It catches up."""
        async with self.replica() as session:
            await (await session.connection()).execute(text("SELECT pg_wal_replay_resume()"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    house: House, replica_server: PostgresServer, postgres_server: PostgresServer
) -> AsyncIterator[Pair]:
    primary_url = house.settings.database_url.get_secret_value()
    name = primary_url.rpartition("/")[2]
    assert f"{USER}:" in primary_url
    async with AsyncExitStack() as stack:
        primary, replica, by_hand = [
            await stack.enter_async_context(open_database(url, pool_size=5))
            for url in (primary_url, replica_server.url(name), replica_server.url(name))
        ]
        url = await stack.enter_async_context(house.another_gateway(primary, replica))
        asked = (stack.enter_context(statements(one)) for one in (primary, replica))
        yield Pair(url, by_hand, house, *asked)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are waited for as long as a busy machine needs, and no outage is remembered."""
    monkeypatch.setattr(rows, "CATCH_UP_SECONDS", PATIENCE)
    monkeypatch.setattr(reads, "LOOK_SECONDS", PATIENCE)
    monkeypatch.setattr(reads, "ALONE_SECONDS", 0.0)


@pytest_asyncio.fixture(loop_scope="module")
async def http(house: House, pair: Pair, patient: None) -> AsyncIterator[httpx.AsyncClient]:
    """A tenant of its own, at the gateway with two databases, whose key it knows."""
    tenant = await house.tenant()
    headers = {"Authorization": f"Bearer {tenant.key}"}
    async with httpx.AsyncClient(base_url=pair.url, headers=headers, timeout=PATIENCE) as client:
        film = await house.ready(tenant)
        client.headers["X-Film"] = film.project
        client.headers["X-Clip"] = film.clip
        await client.get("/v1/exports")
        yield client


async def test_what_the_replica_has_is_read_from_there(pair: Pair, http: httpx.AsyncClient) -> None:
    film = http.headers["X-Film"]

    async def there() -> bool:
        pair.forget()
        listed = await http.get("/v1/projects")
        shown = await http.get(f"/v1/projects/{film}")
        found = [one["id"] for one in listed.json()["items"]] == [film]
        return found and shown.status_code == 200 and not pair.of_primary

    await eventually(there)
    assert pair.of_replica


async def test_what_was_written_is_seen_while_the_replica_is_behind(
    pair: Pair, http: httpx.AsyncClient
) -> None:
    film, clip = http.headers["X-Film"], http.headers["X-Clip"]
    await pair.pause()
    try:
        edited = await http.patch(
            f"/v1/clips/{clip}", json={"title": "Later"}, headers={"If-Match": "*"}
        )
        body = {"source": {"type": "url", "url": "https://example.com/talk.mp4"}}
        created = (await http.post("/v1/projects", json=body)).json()["id"]
        shown = await http.get(f"/v1/projects/{created}")
        clips = await http.get(f"/v1/projects/{film}/clips")

        async def listed() -> bool:  # rows are some milliseconds behind the log, as ever
            items = (await http.get("/v1/projects")).json()["items"]
            return {one["id"] for one in items} == {film, created}

        await eventually(listed)
        again = await http.get("/v1/projects")
    finally:
        await pair.resume()

    assert edited.status_code == 200
    assert shown.status_code == 200
    assert clips.json()["items"][0]["title"] == "Later"
    assert {one["id"] for one in again.json()["items"]} == {film, created}

    async def back() -> bool:
        pair.forget()
        await http.get("/v1/projects")
        return bool(pair.of_replica) and not pair.of_primary

    await eventually(back)


async def test_without_the_replica_the_primary_is_read_until_it_is_back(
    pair: Pair, http: httpx.AsyncClient, replica_server: PostgresServer
) -> None:
    replica_server.stop()
    try:
        without = [await http.get("/v1/projects") for _ in range(3)]
    finally:
        replica_server.start()

    async def back() -> bool:
        pair.forget()
        await http.get("/v1/projects")
        return len(pair.of_replica) > 1

    assert {answer.status_code for answer in without} == {200}
    await eventually(back)
