"""The embedded servers are real: they start, keep their data over a kill, and end."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from clipforge_runtime.errors import Transient
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_standalone.servers import ports, postgres
from clipforge_standalone.servers.nats import NatsServer
from clipforge_standalone.servers.postgres import PostgresServer
from clipforge_standalone.servers.s3 import S3Server

pytestmark = pytest.mark.integration


def test_nats_restarts_after_a_kill(nats_server: NatsServer) -> None:
    os.kill(nats_server.child.pid, signal.SIGKILL)
    nats_server.child.stop()

    nats_server.start()

    assert nats_server.ready()


def test_postgres_keeps_its_data_over_a_kill(postgres_server: PostgresServer) -> None:
    psql(postgres_server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    os.kill(postgres_server.child.pid, signal.SIGKILL)
    postgres_server.child.stop()

    postgres_server.start()

    assert psql(postgres_server, "SELECT n FROM kept; DROP TABLE kept") == "7"


def test_postgres_refuses_a_wrong_password(postgres_server: PostgresServer) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        psql(postgres_server, "SELECT 1", url=postgres_server.url().replace("test", "best", 1))


def test_postgres_does_not_run_as_root(postgres_server: PostgresServer) -> None:
    assert psutil.Process(postgres_server.child.pid).uids().effective != 0


async def test_the_store_refuses_a_wrong_key(s3_settings: RuntimeSettings) -> None:
    wrong = s3_settings.model_copy(update={"s3_secret_key": SecretStr("wrong")})

    with pytest.raises(Transient, match="refused"):
        await S3Store(wrong).write("key", b"body", content_type="text/plain")


def test_a_stopped_server_leaves_no_process(s3_server: S3Server) -> None:
    pid = s3_server.child.pid

    s3_server.stop()

    assert not psutil.pid_exists(pid)
    s3_server.start()


def psql(server: PostgresServer, statement: str, url: str = "") -> str:
    asked = [str(server._bin / "psql"), "-X", "-q", "-t", "-A", "-d", url or server.url()]
    answer = subprocess.run(
        [*asked, "-c", statement], capture_output=True, text=True, check=True, timeout=30
    )
    return answer.stdout.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_postgres_runs_where_its_programs_lie_in_a_closed_folder(
    server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_all = postgres._others_may_enter
    closed = postgres._wheel().parent
    monkeypatch.setattr(
        postgres, "_others_may_enter", lambda folder: folder != closed and open_to_all(folder)
    )
    server = PostgresServer(server_folder / "closed", ports.free(), "testpassword")

    server.start()
    running = Path(f"/proc/{server.child.pid}/exe").resolve()
    ready = server.ready()
    server.stop()

    assert ready
    assert running.is_relative_to(server_folder)
