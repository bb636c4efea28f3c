"""`python -m clipforge_projector [upgrade | wait | rebuild [--from-nothing] | due [HOURS]]`."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy.exc import DBAPIError

from clipforge_catalog.database import open_database
from clipforge_projector import dry_run, projector, schema
from clipforge_projector.due import keep_up
from clipforge_projector.figures import keep_figures
from clipforge_projector.layout import Layout
from clipforge_projector.position import SteppedDown
from clipforge_projector.rebirth import welcome
from clipforge_projector.reconciler import Reconciler
from clipforge_projector.room import Marks, keep_room
from clipforge_projector.settings import Settings
from clipforge_projector.webhooks import Webhooks
from clipforge_runtime.bus import Entry, Reborn, Unavailable
from clipforge_runtime.ending import asked_to_end
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.main import service
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import load

log = logging.getLogger("clipforge_projector")

WAIT_SECONDS: Final = 300
POOL: Final = 9  # one for each task of the active projector, and one over
AGAIN_SECONDS: Final = 1.0


async def run(settings: Settings) -> None:
    """Be the active projector, or stand by, until asked to stop."""
    # Each look whether the tables are current would say which database that is.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    async with (
        service("projector", settings) as running,
        JetStream.connect(settings, name="projector") as bus,
    ):
        running.ready("log", bus.healthy)
        running.ready("tables", _tables_are_current(settings))
        work = asyncio.create_task(_work(settings, bus))
        stopped = asyncio.create_task(running.stop.wait())
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


async def _work(settings: Settings, bus: JetStream) -> None:
    url = settings.database_url.get_secret_value()
    store = S3Store(settings)
    while True:
        try:
            async with (
                projector.alone(url),
                open_database(url, pool_size=POOL) as sessions,
                asyncio.TaskGroup() as tasks,
            ):
                log.info("this projector is the active one")
                await welcome(sessions, bus)
                tasks.create_task(bus.keep_progress(settings.stream_replicas))
                reconciler, layout = Reconciler(sessions, bus), Layout(sessions, store)
                tasks.create_task(reconciler.work())
                tasks.create_task(layout.work())
                tasks.create_task(keep_room(sessions, bus, Marks.of(settings)))
                tasks.create_task(keep_figures(sessions, bus))
                tasks.create_task(keep_up(sessions, bus, settings.retention))
                webhooks = Webhooks(sessions, bus, timedelta(days=settings.webhooks_log_days))
                tasks.create_task(webhooks.work())
                tasks.create_task(
                    projector.project(
                        sessions,
                        bus,
                        batch=settings.projector_batch,
                        on_facts=partial(_tell, (reconciler.hear, webhooks.hear, layout.hear)),
                    )
                )
        except* (DBAPIError, SteppedDown, Reborn, Unavailable, OSError) as errors:
            log.warning("stepping down, and trying again: %s", errors.exceptions)
        if asked_to_end():
            return
        # Between two tries; nothing announces that the database is back.
        await asyncio.sleep(AGAIN_SECONDS)


def _tell(whom: Sequence[Callable[[Sequence[Entry]], None]], entries: Sequence[Entry]) -> None:
    for hear in whom:
        hear(entries)


def _tables_are_current(settings: Settings) -> Callable[[], Awaitable[bool]]:
    url = settings.database_url.get_secret_value()
    return partial(asyncio.to_thread, schema.is_current, url)


async def rebuild(settings: Settings, *, from_nothing: bool) -> None:
    """Replay what the tables lack, with no other projector active."""
    url = settings.database_url.get_secret_value()
    async with (
        JetStream.connect(settings, name="projector") as bus,
        projector.alone(url, wait=False),
        open_database(url, pool_size=POOL) as sessions,
    ):
        reached = await projector.rebuild(
            sessions, bus, batch=settings.projector_batch, from_nothing=from_nothing
        )
        log.info("the tables are true up to %d", reached)


async def show_due(settings: Settings, hours: float) -> None:
    """A dry run; see dry_run.lines."""
    async for line in dry_run.lines(settings, hours):
        sys.stdout.write(f"{line}\n")


def main(arguments: list[str]) -> None:
    settings = load(Settings)
    url = settings.database_url.get_secret_value()
    match arguments:
        case []:
            asyncio.run(run(settings))
        case ["upgrade"]:
            schema.upgrade(url)
        case ["wait"]:
            schema.wait(url, WAIT_SECONDS)
        case ["due", *hours] if len(hours) <= 1 and all(_is_number(one) for one in hours):
            asyncio.run(show_due(settings, float(hours[0]) if hours else 0))
        case ["rebuild", *options] if set(options) <= {"--from-nothing"}:
            asyncio.run(rebuild(settings, from_nothing=bool(options)))
        case _:
            sys.exit(__doc__)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (projector.CannotRebuild, projector.AnotherIsActive, schema.NotMigrated) as error:
        sys.exit(str(error))
