"""Real servers for the tests that claim to test them, started once a session from their wheels."""

import asyncio
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from xdist.scheduler import LoadScopeScheduling

from clipforge_contracts.permissions import users
from clipforge_projector import schema
from clipforge_runtime.jetstream.connection import connect
from clipforge_runtime.jetstream.declare import declare
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer
from clipforge_standalone.servers.postgres import PostgresServer
from clipforge_standalone.servers.s3 import S3Server
from films import Films

TESTS = Path(__file__).parent
LONGEST_FIRST = ("pipeline", "chaos", "architecture", "integration", "unit")
STACK_OF_THEIR_OWN = ("test_kills.py", "test_run_alone.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests, short ones come last, so that all end together."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _turn(item.path.relative_to(TESTS).parts[0]))


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """A file is run by one process, as are the files of `pipeline` that share a stack.

    Not xdist's groups: it writes them where pytest does not look any more, so they do nothing.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        shares = file.parent.name == "pipeline" and file.name not in STACK_OF_THEIR_OWN
        return str(file.parent if shares else file)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logs may hold bytes that are no text, which ends the way to another process."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WholeFiles:
    return WholeFiles(config, log)


def _turn(folder: str) -> int:
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)


# The same examples in every run, whoever else uses the machine: who breaks a promise finds it.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")


@pytest.fixture(scope="session", autouse=True)
def nobody_elses_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests may have profiles, and a stack of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        patch.delenv("CLIPFORGE_PROFILE", raising=False)
        yield


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's unprivileged user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="clipforge-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def s3_server(server_folder: Path) -> Iterator[S3Server]:
    server = S3Server(server_folder / "s3", ports.free(), ports.free(), "testkey", "testsecret")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(server_folder / "postgres", ports.free(), "testpassword")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A log of its own for each test: it starts in 30 ms."""
    passwords = {user: uuid4().hex for user in users()}
    server = NatsServer(tmp_path / "nats", ports.free(), ports.free(), passwords, max_file="1GB")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def s3_settings(s3_server: S3Server) -> RuntimeSettings:
    """Settings of a store with a bucket of its own; the log is nowhere."""
    settings = RuntimeSettings(
        nats_url="nats://127.0.0.1:1",
        s3_endpoint=s3_server.endpoint,
        s3_bucket=f"test-{uuid4().hex[:12]}",
        s3_access_key=s3_server.access_key,
        s3_secret_key=SecretStr(s3_server.secret_key),
    )
    asyncio.run(S3Store(settings).ensure_bucket())
    return settings


@pytest.fixture
def log_settings(nats_server: NatsServer) -> RuntimeSettings:
    """Settings of a declared log, for the user `admin`; the store is nowhere."""
    settings = RuntimeSettings(
        nats_url=nats_server.url("admin"),
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="none",
        s3_secret_key=SecretStr("none"),
    )

    async def declared() -> None:
        async with connect(settings.nats_url, "admin") as connection:
            await declare(connection, settings)

    asyncio.run(declared())
    return settings


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> str:
    """A database of its own, with today's tables."""
    name = f"test_{uuid4().hex[:12]}"
    postgres_server.create_database(name)
    schema.upgrade(postgres_server.url(name))
    return postgres_server.url(name)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    """Films of every odd kind, made when first asked for."""
    return Films(tmp_path_factory.mktemp("films"))
