"""What the tests against a real log have in common."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr

from clipforge_catalog.database import Sessions, open_database
from clipforge_contracts.permissions import users
from clipforge_gateway.settings import Settings
from clipforge_projector import schema
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.connection import connect
from clipforge_runtime.jetstream.declare import declare
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.testing import FolderStore
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer
from clipforge_standalone.servers.postgres import PostgresServer
from clipforge_standalone.servers.s3 import S3Server
from gateways import House, Tenant
from workshop import Workshop


@pytest.fixture
async def workshop(
    nats_server: NatsServer, log_settings: RuntimeSettings
) -> AsyncIterator[Workshop]:
    """A declared log of its own, and an idle gateway."""
    async with Workshop.open(nats_server, log_settings) as opened:
        yield opened


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Tables of its own."""
    async with open_database(database_url, pool_size=2) as opened:
        yield opened


@pytest.fixture
async def bus(workshop: Workshop) -> AsyncIterator[JetStream]:
    """The log as the projector may use it."""
    async with workshop.connected("projector") as opened:
        yield opened


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where a handler may leave things while it works."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store in a folder, where its own behaviour is not what is tested."""
    return FolderStore(tmp_path / "store")


@pytest.fixture(scope="module")
def house_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """The log of one module's house."""
    passwords = {user: uuid4().hex for user in users()}
    folder = tmp_path_factory.mktemp("house") / "nats"
    server = NatsServer(folder, ports.free(), ports.free(), passwords, max_file="1GB")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def house_settings(
    house_log: NatsServer,
    postgres_server: PostgresServer,
    s3_server: S3Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Settings:
    """Settings of one module's gateway: a declared log, tables and a bucket of its own."""
    name = f"house_{uuid4().hex[:12]}"
    postgres_server.create_database(name)
    schema.upgrade(postgres_server.url(name))
    settings = Settings(
        nats_url=house_log.url("admin"),
        database_url=SecretStr(postgres_server.url(name)),
        s3_endpoint=s3_server.endpoint,
        s3_bucket=name.replace("_", "-"),
        s3_access_key=s3_server.access_key,
        s3_secret_key=SecretStr(s3_server.secret_key),
        port=ports.free(),
        bootstrap_api_key=SecretStr(f"cf_{uuid4().hex}"),
        webhooks_secret_keys=SecretStr(uuid4().hex),
        data_dir=Path(tmp_path_factory.mktemp("data")),
    )

    async def prepare() -> None:
        async with connect(settings.nats_url, "admin") as connection:
            await declare(connection, settings)
        await S3Store(settings).ensure_bucket()

    asyncio.run(prepare())
    return settings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(house_log: NatsServer, house_settings: Settings) -> AsyncIterator[House]:
    """A gateway for one module, with a real log, tables and store behind it."""
    async with House.open(house_log, house_settings) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tenant(house: House) -> Tenant:
    """Somebody with a key, for one module."""
    return await house.tenant()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(house: House) -> Tenant:
    """Somebody else."""
    return await house.tenant()
