"""A snapshot of the log, the log lost, and the log brought back: unfinished work is done, once."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import select

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Job, JobState, Project, Usage
from clipforge_contracts import ids, subjects
from clipforge_contracts.permissions import BACKUP
from clipforge_contracts.pipeline import IMPORT, TRANSCRIPTION
from clipforge_projector import projector
from clipforge_projector.rebirth import welcome
from clipforge_projector.reconciler import reconcile
from clipforge_runtime import backup
from clipforge_runtime.backup import Unusable
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.connection import connect
from clipforge_runtime.jetstream.declare import declare
from workshop import Workshop, import_at_once, transcribe_at_once

pytestmark = pytest.mark.integration

LATER = datetime.now(UTC) + timedelta(hours=1)
STREAM = subjects.STREAM


async def save(workshop: Workshop, folder: Path) -> int:
    async with connect(workshop.user(BACKUP).nats_url, BACKUP) as connection:
        return await backup.save(connection, folder)


async def catch_up(sessions: Sessions, bus: JetStream) -> None:
    """What the active projector does first."""
    await welcome(sessions, bus)
    await projector.project(sessions, bus, batch=10, until=await bus.last_fact())


async def carried_out(workshop: Workshop, done: Counter[str]) -> None:
    """Import and transcribe whatever waits, and count it."""

    async def taken_in(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        done[f"import of {cause.title}"] += 1
        return await import_at_once(cause)

    async def transcribed(cause: facts.VideoImported) -> facts.VideoTranscribed:
        done[f"transcription of {cause.title}"] += 1
        return await transcribe_at_once(cause)

    async with (
        workshop.working(taken_in, concurrency=2),
        workshop.working(transcribed, stage=TRANSCRIPTION, concurrency=2),
    ):
        await workshop.idle(IMPORT)
        await workshop.idle(TRANSCRIPTION)


async def test_of_nightly_backups_the_newest_are_kept_and_an_unfinished_one_is_none_of_them(
    workshop: Workshop, tmp_path: Path
) -> None:
    unfinished = tmp_path / "log-2026-01-01T000000.000000Z.unfinished"
    unfinished.mkdir()
    (tmp_path / "notes").mkdir()
    await workshop.submit("film")

    async with connect(workshop.user(BACKUP).nats_url, BACKUP) as connection:
        for _ in range(3):
            assert await backup.nightly(connection, tmp_path, 2) == 1
            kept = sorted(tmp_path.glob("log-*Z"))

    assert len(kept) == 2
    assert all((one / "backup.json").exists() for one in kept)
    assert unfinished.exists()
    assert (tmp_path / "notes").exists()


async def test_a_log_that_was_lost_is_restored_and_all_work_is_done_once(
    workshop: Workshop, sessions: Sessions, tmp_path: Path
) -> None:
    done: Counter[str] = Counter()
    titles = ["finished before", "waiting then", "finished since", "submitted since"]
    await workshop.submit(titles[0])
    async with workshop.connected("projector") as bus:
        await carried_out(workshop, done)
        for title in titles[1:3]:
            await workshop.submit(title)
        saved = await save(workshop, tmp_path / "backup")
        incarnation = await bus.incarnation()
        # Since the backup: one that waited is finished, and one comes in. Then the log is lost.
        async with workshop.connected(IMPORT.name) as worker:
            since = await workshop.hear(facts.ProjectSubmitted, 3)
            film = await import_at_once(since[2].fact)  # type: ignore[arg-type]
            await worker.state(film, fact_id=ids.derive("evt", "since"), once=True)
        done[f"import of {titles[2]}"] += 1
        await workshop.submit(titles[3])
        await catch_up(sessions, bus)
        await workshop.admin.api(f"STREAM.DELETE.{STREAM}")

        restored = await backup.restore(workshop.admin, tmp_path / "backup")
        await declare(workshop.admin, workshop.settings)
        await catch_up(sessions, bus)
        reborn = await bus.incarnation()
        for hour in range(3):  # as the active projector does, one round after the other
            await reconcile(sessions, bus, now=LATER + timedelta(hours=hour))
            await carried_out(workshop, done)
            await catch_up(sessions, bus)

    assert saved == restored > 0
    assert reborn != incarnation
    assert done == {
        f"{what} of {title}": 1 for what in ("import", "transcription") for title in titles
    }
    async with sessions() as session:
        states = Counter((job.stage, job.state) for job in (await session.exec(select(Job))).all())
        projects = (await session.exec(select(Project))).all()
        charges = (await session.exec(select(Usage))).all()
    assert states[IMPORT.name, JobState.COMPLETED] == len(titles)
    assert states[TRANSCRIPTION.name, JobState.COMPLETED] == len(titles)
    assert {row.title for row in projects} == set(titles)
    assert len(charges) == len(titles)


async def test_what_the_queues_had_settled_is_in_the_backup(
    workshop: Workshop, tmp_path: Path
) -> None:
    """So nothing that was done is handed over again, even where there are no rows to ask."""
    done: Counter[str] = Counter()
    for n in range(5):
        await workshop.submit(f"film {n}")
    await carried_out(workshop, done)
    await save(workshop, tmp_path / "backup")
    await workshop.admin.api(f"STREAM.DELETE.{STREAM}")

    await backup.restore(workshop.admin, tmp_path / "backup")

    counts = await workshop.counts(IMPORT)
    assert (counts.waiting, counts.active) == (0, 0)
    assert len(await workshop.log("facts.video-transcribed.>")) == 5


async def test_a_backup_does_not_take_the_place_of_a_log_that_is_there(
    workshop: Workshop, tmp_path: Path
) -> None:
    await workshop.submit("before")
    await save(workshop, tmp_path / "backup")
    await workshop.submit("after")

    with pytest.raises(Unusable, match="nothing was changed"):
        await backup.restore(workshop.admin, tmp_path / "backup")

    assert len(await workshop.log()) == 2


async def test_a_backup_that_is_damaged_or_none_is_refused(
    workshop: Workshop, tmp_path: Path
) -> None:
    await workshop.submit("film")
    folder = tmp_path / "backup"
    await save(workshop, folder)
    await workshop.admin.api(f"STREAM.DELETE.{STREAM}")

    with pytest.raises(Unusable, match="exists already"):
        await save(workshop, folder)
    with pytest.raises(Unusable, match="no backup"):
        await backup.restore(workshop.admin, tmp_path)
    with (folder / backup.DATA).open("r+b") as file:
        file.truncate(100)
    with pytest.raises(Unusable, match="damaged"):
        await backup.restore(workshop.admin, folder)


async def test_the_command_saves_as_the_user_of_backups_and_says_how_it_went(
    workshop: Workshop, tmp_path: Path
) -> None:
    await workshop.submit("film")
    env = {
        "PATH": os.environ["PATH"],
        "CLIPFORGE_NATS_URL": workshop.user(BACKUP).nats_url,
        "CLIPFORGE_S3_ENDPOINT": "http://127.0.0.1:1",
        "CLIPFORGE_S3_ACCESS_KEY": "none",
        "CLIPFORGE_S3_SECRET_KEY": "none",
    }
    command = [sys.executable, "-m", "clipforge_runtime.backup", "save", str(tmp_path / "backup")]

    run = partial(subprocess.run, command, env=env, capture_output=True, text=True, timeout=120)

    first = await asyncio.to_thread(run)
    second = await asyncio.to_thread(run)

    assert first.returncode == 0, first.stderr
    assert json.loads((tmp_path / "backup" / backup.ABOUT).read_text())["state"]["messages"] == 1
    assert second.returncode == 1
    assert "name a new folder" in second.stderr
