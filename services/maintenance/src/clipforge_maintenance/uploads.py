"""Uploads of long ago: those never completed are given up, completed ones are told.

The store is walked from where the last look ended, a page at a time: a bucket may have a million.
"""

import json
from datetime import datetime
from typing import Final

from clipforge.v1.facts_pb2 import ObjectsRemoved
from clipforge_contracts.validation import MAX_REMOVED
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import NotFound, ObjectStore
from clipforge_runtime.uploads import UPLOADS, Upload, whole

PAGE: Final = 1000  # names a listing; an upload has two
NAMES_AT_ONCE: Final = 10_000  # in one look: some seconds; the next look goes on there


async def look_at_uploads(
    before: datetime, after: str, done: ObjectsRemoved, *, store: ObjectStore, progress: Report
) -> None:
    """Look at uploads behind a key, and say in `done` how far that went.

    What was begun before a time and not completed goes: no project can refer to it. Of what was
    completed the rows know whether one does.
    """
    done.uploads_seen = True
    done.uploads_reached = after
    seen = 0
    while seen < NAMES_AT_ONCE and len(done.completed_uploads) < MAX_REMOVED:
        progress(99, "looking at uploads of long ago")
        page = await store.find(UPLOADS, limit=PAGE, after=done.uploads_reached)
        seen += len(page)
        for upload in whole(page, full=len(page) == PAGE):
            if len(done.completed_uploads) == MAX_REMOVED:
                return
            await _judge(upload, before, done, store)
            done.uploads_reached = upload.names[-1].key
        if len(page) < PAGE:
            done.uploads_reached = ""
            return


async def _judge(
    upload: Upload, before: datetime, done: ObjectsRemoved, store: ObjectStore
) -> None:
    if upload.newest > before:
        return
    if upload.is_completed:
        done.completed_uploads.append(upload.folder)
        return
    try:
        multipart = json.loads(await store.read(upload.session))["multipart"]
    except NotFound:
        return  # aborted meanwhile
    await store.abort_multipart(upload.folder + "source", multipart)
    await store.delete([upload.session])
    done.objects += 1
    done.bytes += upload.names[0].bytes
