"""Records: a KV bucket on disk that all replicas share, each written where nobody else was first.

Kept for a day from the last write. Whoever may write may overwrite nothing unseen: a write names
the sequence that it follows, and the leader decides.
"""

import base64
import json
from typing import Any, Final

from clipforge_runtime.bus import Record, Unavailable
from clipforge_runtime.jetstream.connection import NOT_READY, ApiError, Connection, raise_error

BUCKET: Final = "idempotency"
STREAM: Final = f"KV_{BUCKET}"
KEPT_SECONDS: Final = 24 * 3600
MOST: Final = 500_000  # records, some 1 KB each and 8 KB at most; the oldest give way
MOST_BYTES: Final = 512 * 1024 * 1024
SHARE: Final = 0.1  # of the quota that they fill together with the log
MISSING: Final = 404
TAKEN: Final = {10071, 10164}  # by somebody quicker


def config(replicas: int, quota: int = 0) -> dict[str, Any]:
    """The bucket, as a stream. `quota` in bytes of one copy, of all that is on disk; 0: unsaid."""
    return {
        "name": STREAM,
        "subjects": [f"$KV.{BUCKET}.>"],
        "storage": "file",  # a server that starts anew must not forget what was done
        "num_replicas": replicas,
        "max_msgs_per_subject": 1,
        "max_msgs": MOST,
        "max_bytes": min(MOST_BYTES, int(quota * SHARE)) if quota else MOST_BYTES,
        "max_age": KEPT_SECONDS * 1_000_000_000,
        "discard": "old",
        "allow_direct": True,
        "allow_rollup_hdrs": True,
        "deny_delete": True,
    }


async def read(connection: Connection, key: str) -> Record:
    """What is written under a key, as the leader has it; an empty one where nothing is."""
    try:
        reply = await connection.api(f"STREAM.MSG.GET.{STREAM}", {"last_by_subj": _subject(key)})
    except ApiError as error:
        if error.code == MISSING:
            return Record()
        raise
    message = reply["message"]
    return Record(int(message["seq"]), base64.b64decode(message.get("data", "")))


async def write(connection: Connection, key: str, body: bytes, *, after: int) -> int | None:
    """Write after the record of this sequence (0: there is none); None: somebody was quicker.

    An empty body is as good as no record.
    """
    answer = await connection.request(
        _subject(key), body, headers={"Nats-Expected-Last-Subject-Sequence": str(after)}
    )
    reply = json.loads(answer.data)
    try:
        raise_error(reply)
    except ApiError as error:
        if error.err_code in TAKEN:
            return None
        if error.code == NOT_READY:
            raise Unavailable(str(error)) from error
        raise
    return int(reply["seq"])


def _subject(key: str) -> str:
    return f"$KV.{BUCKET}.{key}"
