"""One removal: objects that are due, and uploads that were given up. May run twice."""

from collections.abc import Sequence
from datetime import UTC, datetime

from clipforge.v1.facts_pb2 import ObjectsRemoved, RemovalRequested
from clipforge_maintenance.uploads import look_at_uploads
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import ObjectStore, Stat


async def remove_objects(
    due: RemovalRequested, *, store: ObjectStore, progress: Report
) -> ObjectsRemoved:
    """Remove each key, unless something was written there after it was decided."""
    done = ObjectsRemoved(project=due.project, removal_id=due.removal_id)
    decided = _time(due.decided_at_ms)
    for n, key in enumerate(due.keys):
        progress(100 * n / len(due.keys), "removing what nobody refers to")
        while found := await _objects(store, key):
            if any(stat.modified > decided for stat in found):
                done.kept += 1
                done.kept_keys.append(key)
                break
            await store.delete([stat.key for stat in found])
            done.objects += len(found)
            done.bytes += sum(stat.bytes for stat in found)
    if due.uploads_before_ms:
        before = _time(due.uploads_before_ms)
        await look_at_uploads(before, due.uploads_after, done, store=store, progress=progress)
    return done


async def _objects(store: ObjectStore, key: str) -> Sequence[Stat]:
    """The object, or a page of what lies below a key that ends with a slash."""
    found = await store.find(key)  # not stat, whose times are whole seconds
    return found if key.endswith("/") else [stat for stat in found if stat.key == key]


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
