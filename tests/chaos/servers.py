"""What all rounds of a run share: PostgreSQL, the object store and the nursery."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from chaos.nursery import Nursery
from clipforge_projector import schema
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.postgres import PostgresServer
from clipforge_standalone.servers.s3 import S3Server

TEMPLATE: Final = "chaos_template"


@dataclass(frozen=True)
class Servers:
    """Running servers. Each round has a log, a database and a bucket of its own."""

    folder: Path
    postgres: PostgresServer
    s3: S3Server
    nursery: Nursery
    # Children die with the thread that has started them: this one lives as long as they shall.
    _starter: ThreadPoolExecutor

    async def start(self, server: PostgresServer | S3Server) -> None:
        """Start it again, while the proxies go on."""
        await asyncio.get_running_loop().run_in_executor(self._starter, server.start)

    def new_database(self, name: str) -> None:
        """A database with today's tables."""
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")


@contextmanager
def running() -> Iterator[Servers]:
    """Servers in a folder that PostgreSQL's unprivileged user may enter; all gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="clipforge-chaos-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(_remove, folder)
        nursery = stack.enter_context(Nursery.open())
        starter = stack.enter_context(ThreadPoolExecutor(1))
        postgres = PostgresServer(folder / "postgres", ports.free(), "testpassword")
        s3 = S3Server(folder / "s3", ports.free(), ports.free(), "testkey", "testsecret")
        for server in (postgres, s3):
            stack.callback(server.child.kill)  # nobody wants its data
            server.start()
        postgres.create_database(TEMPLATE)
        schema.upgrade(postgres.url(TEMPLATE))
        yield Servers(folder, postgres, s3, nursery, starter)


def _remove(folder: Path) -> None:
    kept = os.environ.get("CHAOS_KEEP")
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)
