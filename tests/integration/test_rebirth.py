"""A log that was made anew or restored: the rows stay, what is unfinished is begun once more."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from clipforge.v1.facts_pb2 import ApiKeySaved, ProjectDeleted
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import ApiKey, Project, ProjectState
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import project_of
from clipforge_contracts.pipeline import IMPORT, TRANSCRIPTION
from clipforge_projector import projector
from clipforge_projector.position import position_in
from clipforge_projector.rebirth import welcome
from clipforge_projector.reconciler import reconcile
from clipforge_runtime.bus import Reborn
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.declare import declare
from clipforge_standalone.servers.nats import NatsServer
from samples import every_fact
from workshop import PATIENCE, Gate, Workshop, import_at_once

pytestmark = pytest.mark.integration

LATER = datetime.now(UTC) + timedelta(hours=1)


async def catch_up(sessions: Sessions, bus: JetStream) -> None:
    """What the active projector does first."""
    await welcome(sessions, bus)
    await projector.project(sessions, bus, batch=10, until=await bus.last_fact())


async def taken_in(workshop: Workshop, name: str) -> None:
    """A film is submitted and imported."""
    fact = await workshop.submit(name)
    async with workshop.connected(IMPORT.name) as worker:
        film = await import_at_once(fact)
        await worker.state(film, fact_id=ids.derive("evt", name, "imported"), once=True)


async def make_anew(workshop: Workshop) -> None:
    """The log is lost, and the installer makes an empty one."""
    await workshop.admin.api(f"STREAM.DELETE.{subjects.STREAM}")
    await declare(workshop.admin, workshop.settings)


class Backup:
    """The log's folder, copied while the server is stopped."""

    def __init__(self, server: NatsServer, to: Path) -> None:
        self.server = server
        self.to = to
        self.folder = server.folder / "jetstream"

    def make(self) -> None:
        self.server.stop()
        shutil.copytree(self.folder, self.to)
        self.server.start()

    def restore(self) -> None:
        self.server.stop()
        shutil.rmtree(self.folder)
        shutil.copytree(self.to, self.folder)
        self.server.start()


@pytest.fixture
def backup(nats_server: NatsServer, tmp_path: Path) -> Backup:
    return Backup(nats_server, tmp_path / "backup")


async def states(sessions: Sessions) -> dict[str, str]:
    async with sessions() as session:
        return {row.title: row.state for row in (await session.exec(select(Project))).all()}


async def test_the_rows_of_a_lost_log_stay(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await workshop.submit("before")
    await catch_up(sessions, bus)
    former, _ = await position_in(sessions, bus)
    await make_anew(workshop)
    await workshop.submit("after")

    await catch_up(sessions, bus)

    assert set(await states(sessions)) == {"before", "after"}
    incarnation, position = await position_in(sessions, bus)
    assert incarnation != former
    assert position == 1


async def test_whoever_follows_a_log_hears_that_it_was_made_anew(workshop: Workshop) -> None:
    await workshop.submit("before")
    following = workshop.gateway.follow(after=0)
    assert (await anext(following)).sequence == 1
    waiting = asyncio.create_task(anext(following))

    await make_anew(workshop)

    with pytest.raises(Reborn):
        await asyncio.wait_for(waiting, PATIENCE)


async def test_unfinished_work_of_a_lost_log_is_begun_once_more_and_finished_work_is_not(
    workshop: Workshop, sessions: Sessions, bus: JetStream
) -> None:
    await taken_in(workshop, "half done")
    await workshop.submit("not begun")
    await catch_up(sessions, bus)
    await make_anew(workshop)
    await catch_up(sessions, bus)

    assert await reconcile(sessions, bus, now=LATER) == 2
    assert await reconcile(sessions, bus, now=LATER + timedelta(hours=1)) == 0

    gate = Gate()
    gate.open()
    async with workshop.working(gate):
        begun = await gate.began()
        await workshop.idle()
    assert begun.title == "not begun"
    assert gate.calls == 1
    waiting = await workshop.counts(TRANSCRIPTION)
    assert waiting.waiting == 1 + 1  # the one of before, and what this import has led to


async def test_a_log_whose_folder_was_copied_back_is_recognised_although_it_has_grown_again(
    workshop: Workshop, sessions: Sessions, bus: JetStream, backup: Backup
) -> None:
    await workshop.submit("in the backup")
    await asyncio.to_thread(backup.make)
    await workshop.submit("after the backup")
    await catch_up(sessions, bus)
    await asyncio.to_thread(backup.restore)
    await workshop.submit("after the restore")
    await workshop.submit("and one more")

    await catch_up(sessions, bus)

    titles = {"in the backup", "after the backup", "after the restore", "and one more"}
    assert set(await states(sessions)) == titles
    # That of which the restored log knows nothing is begun anew, and nothing else is.
    assert await reconcile(sessions, bus, now=LATER) == 1
    found = await workshop.log(f"retries.{IMPORT.name}.>")
    assert [str(project_of(one.fact).project_id) for one in found if one.fact] == [
        ids.derive("prj", "after the backup")
    ]


async def test_what_was_finished_since_the_backup_is_not_done_again(
    workshop: Workshop, sessions: Sessions, bus: JetStream, backup: Backup
) -> None:
    fact = await workshop.submit("waiting in the backup")
    await asyncio.to_thread(backup.make)
    async with workshop.connected(IMPORT.name) as worker:
        film = await import_at_once(fact)
        await worker.state(film, fact_id=ids.new("evt"), once=True)
    await catch_up(sessions, bus)
    await asyncio.to_thread(backup.restore)

    await catch_up(sessions, bus)

    await workshop.idle(IMPORT)  # the queue of the backup held it
    assert await reconcile(sessions, bus, now=LATER) == 1
    assert (await workshop.counts(TRANSCRIPTION)).waiting == 1
    assert await states(sessions) == {"waiting in the backup": ProjectState.TRANSCRIBING}


async def test_what_was_deleted_since_the_backup_stays_deleted(
    workshop: Workshop, sessions: Sessions, bus: JetStream, backup: Backup
) -> None:
    fact = await workshop.submit("deleted")
    await asyncio.to_thread(backup.make)
    await workshop.gateway.state(ProjectDeleted(project=fact.project), fact_id=ids.new("evt"))
    await catch_up(sessions, bus)
    await asyncio.to_thread(backup.restore)

    await catch_up(sessions, bus)

    assert await states(sessions) == {}
    await workshop.idle(IMPORT)


async def test_a_restored_log_does_not_bring_a_revoked_key_back(
    workshop: Workshop, sessions: Sessions, bus: JetStream, backup: Backup
) -> None:
    [key] = [fact for fact in every_fact() if isinstance(fact, ApiKeySaved)]
    await workshop.gateway.state(key, fact_id=ids.new("evt"))
    await asyncio.to_thread(backup.make)
    key.revoked = True
    await workshop.gateway.state(key, fact_id=ids.new("evt"))
    await catch_up(sessions, bus)
    await asyncio.to_thread(backup.restore)

    await catch_up(sessions, bus)

    async with sessions() as session:
        assert [row.revoked for row in (await session.exec(select(ApiKey))).all()] == [True]
