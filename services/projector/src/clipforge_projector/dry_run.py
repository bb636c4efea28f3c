"""What is to go within some hours, in words; nothing goes for being asked about."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from clipforge_catalog.database import open_database
from clipforge_catalog.queries import retention
from clipforge_projector import due
from clipforge_projector.settings import Settings
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.storage import ObjectStore
from clipforge_runtime.uploads import UPLOADS, whole

PAGE: Final = 1000  # names a listing
MOST_NAMES: Final = 100_000  # that are looked at: half a minute


async def lines(settings: Settings, hours: float) -> AsyncIterator[str]:
    """A line each: films, exports, objects that nobody refers to, uploads that are given up.

    Scratch is not among them: it lies on the disks of workers, which sweep it when they start.
    """
    by = datetime.now(UTC) + timedelta(hours=hours)
    url = settings.database_url.get_secret_value()
    async with open_database(url, pool_size=1) as sessions, sessions() as session:
        films = await retention.films(session, settings.retention, by=by, limit=due.AT_ONCE)
        exports = await retention.exports(session, settings.retention, by=by, limit=due.AT_ONCE)
        removals = await retention.removals(session, asked_before=by - due.AGAIN, limit=due.AT_ONCE)
    for project in films:
        yield f"film of project {project.id}, finished {project.finished_at}"
    for export, _ in exports:
        yield f"files of export {export.id}, finished {export.finished_at}"
    for removal in removals:
        yield removal.key
    async for line in _uploads(S3Store(settings), by - due.UPLOADS_AFTER):
        yield line


async def _uploads(store: ObjectStore, before: datetime) -> AsyncIterator[str]:
    """Uploads that were begun before a time and not completed.

    Of those that were, the ones that no project refers to become objects to remove.
    """
    after, seen, found = "", 0, 0
    while seen < MOST_NAMES and found < due.AT_ONCE:
        page = await store.find(UPLOADS, limit=PAGE, after=after)
        uploads = whole(page, full=len(page) == PAGE)
        for upload in uploads:
            if not upload.is_completed and upload.newest <= before:
                found += 1
                yield f"upload {upload.folder}, begun {upload.newest} and not completed"
        if len(page) < PAGE:
            return
        seen += len(page)
        after = uploads[-1].names[-1].key
