"""One removal: objects that are due, and uploads that were given up. May run twice."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from clipforge.v1.facts_pb2 import ObjectsRemoved, RemovalRequested
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import NotFound, ObjectStore, Stat

UPLOADS: Final = "uploads/"
SESSION: Final = "/session.json"
UPLOADS_AT_ONCE: Final = 10_000  # looked at in one sweep; some 2 MB of names


async def remove_objects(
    due: RemovalRequested, *, store: ObjectStore, progress: Report
) -> ObjectsRemoved:
    """Remove each key, unless something was written there after it was decided."""
    done = ObjectsRemoved(project=due.project, removal_id=due.removal_id)
    decided = _time(due.decided_at_ms)
    for n, key in enumerate(due.keys):
        progress(100 * n / len(due.keys), "removing what nobody refers to")
        found = await _objects(store, key)
        if any(stat.modified > decided for stat in found):
            done.kept += 1
            continue
        while found:
            await _remove(store, found, done)
            found = await _objects(store, key)
    if due.uploads_before_ms:
        await _give_up_uploads(store, _time(due.uploads_before_ms), done, progress)
    return done


async def _objects(store: ObjectStore, key: str) -> list[Stat]:
    """The object, or a page of what lies below a key that ends with a slash."""
    if key.endswith("/"):
        return await store.find(key)
    stat = await store.stat(key)
    return [stat] if stat else []


async def _remove(store: ObjectStore, found: Sequence[Stat], done: ObjectsRemoved) -> None:
    await store.delete([stat.key for stat in found])
    done.objects += len(found)
    done.bytes += sum(stat.bytes for stat in found)


async def _give_up_uploads(
    store: ObjectStore, before: datetime, done: ObjectsRemoved, progress: Report
) -> None:
    """Uploads begun before a time and never completed: no project can refer to them."""
    for session in await store.find(UPLOADS, limit=UPLOADS_AT_ONCE):
        if not session.key.endswith(SESSION) or session.modified > before:
            continue
        progress(99, "giving up uploads that were never completed")
        upload = session.key.removesuffix(SESSION) + "/source"
        if await store.stat(upload) is not None:
            continue
        try:
            multipart = json.loads(await store.read(session.key))["multipart"]
        except NotFound:
            continue  # removed meanwhile
        await store.abort_multipart(upload, multipart)
        await _remove(store, [session], done)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
