"""Progress: a KV bucket in memory, one run key a running job or part, gone 45 s after its last.

A put to a KV bucket is a plain publish, so whoever watches simply subscribes.
"""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncGenerator
from dataclasses import asdict, fields
from typing import Any, Final

from clipforge_runtime.bus import Progress, Unavailable
from clipforge_runtime.jetstream import counters
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.connection import ApiError, Connection

log = logging.getLogger(__name__)

BUCKET: Final = "progress"
STREAM: Final = f"KV_{BUCKET}"
EXPIRES_SECONDS: Final = (
    45  # one and a half leases: who is silent for so long does not run any more
)
MAX_BYTES: Final = 64 * 1024 * 1024
MISSING: Final = 404  # the key, or the bucket
OTHER_CONFIG: Final = 10058  # it is there, as an older or newer version has declared it
RETRY_SECONDS: Final = 1.0
SAID_FOR: Final = "15s"  # three beats of whoever says it
KNOWN: Final = frozenset(each.name for each in fields(Progress))
MAX_WATCHED: Final = 1000  # reports in hand of a slow watcher; the oldest give way


def config(replicas: int) -> dict[str, Any]:
    """The bucket, as a stream in memory."""
    return {
        "name": STREAM,
        "subjects": [f"$KV.{BUCKET}.>"],
        "storage": "memory",
        "num_replicas": replicas,
        "max_msgs_per_subject": 1,
        "max_age": EXPIRES_SECONDS * 1_000_000_000,
        "discard": "new",
        "allow_direct": True,
        "allow_rollup_hdrs": True,
        "allow_msg_ttl": True,  # for what is to go sooner: see seats
        "deny_delete": True,
        "max_bytes": MAX_BYTES,
    }


async def keep(connection: Connection, replicas: int) -> None:
    """Have the bucket, and the counters, now and after every loss of the connection, for ever.

    A lone server forgets what it has in memory when it is started anew, the streams included.
    """
    back = asyncio.Event()
    connection.reconnected.append(back.set)
    try:
        while True:
            back.clear()
            for stream in (config(replicas), counters.config(replicas)):
                await _make(connection, stream)
            await back.wait()
    finally:
        connection.reconnected.remove(back.set)


async def _make(connection: Connection, stream: dict[str, Any]) -> None:
    while True:
        try:
            await connection.api(f"STREAM.CREATE.{stream['name']}", stream)
        except ApiError as error:
            if error.err_code != OTHER_CONFIG:
                raise
        except Unavailable as error:
            log.warning("cannot make %s yet: %s", stream["name"], error)
            await asyncio.sleep(RETRY_SECONDS)  # no server tells when it is ready
            continue
        return


def subject(job: str, part: int | str | None) -> str:
    """Where the run key of a job, or of one of its parts, lies."""
    return f"$KV.{BUCKET}.{job}.{'_' if part is None else part}"


async def put(connection: Connection, progress: Progress) -> None:
    """Set the run key. Not confirmed: the next sign of life repeats it."""
    body = json.dumps(asdict(progress)).encode()
    await connection.publish(subject(progress.job, progress.part), body)


async def delete(connection: Connection, progress: Progress) -> None:
    """Nobody runs this any more."""
    await connection.publish(subject(progress.job, progress.part), headers={"KV-Operation": "DEL"})


async def read(connection: Connection, job: str, part: int | None) -> Progress | None:
    """The run key as the leader has it."""
    try:
        reply = await connection.api(
            f"STREAM.MSG.GET.{STREAM}", {"last_by_subj": subject(job, part)}
        )
    except ApiError as error:
        if error.code == MISSING:
            return None
        raise
    return parse(base64.b64decode(reply["message"].get("data", "")))


async def read_all(connection: Connection, job: str) -> tuple[Progress, ...]:
    """The run keys of a job: its own, or those of its running parts."""
    try:
        reply = await connection.api(
            f"STREAM.INFO.{STREAM}", {"subjects_filter": f"$KV.{BUCKET}.{job}.*"}
        )
    except ApiError as error:
        if error.code == MISSING:  # the server is new, and nobody has reported yet
            return ()
        raise
    names = reply["state"].get("subjects") or {}
    parts = [name.rsplit(".", 1)[-1] for name in names]
    found = await asyncio.gather(
        *(read(connection, job, None if part == "_" else int(part)) for part in sorted(parts))
    )
    return tuple(progress for progress in found if progress is not None)


async def watch(connection: Connection) -> AsyncGenerator[Progress]:
    """See Reader.watch_progress."""
    reports: asyncio.Queue[Progress] = asyncio.Queue(maxsize=MAX_WATCHED)

    def receive(message: Message) -> None:
        progress = parse(message.data)
        if progress is None:
            return
        if reports.full():
            reports.get_nowait()
        reports.put_nowait(progress)

    end = await connection.subscribe(subject("*", "*"), receive)
    try:
        while True:
            yield await reports.get()
    finally:
        await end()


async def say_deferring(connection: Connection, stage: str) -> None:
    """Free work is held back in this stage. Not confirmed: it is said again while it holds."""
    await connection.publish(_deferring(stage), headers={"Nats-TTL": SAID_FOR})


async def is_deferring(connection: Connection, stage: str) -> bool:
    """Whether free work is held back in this stage, as the leader has it."""
    try:
        await connection.api(f"STREAM.MSG.GET.{STREAM}", {"last_by_subj": _deferring(stage)})
    except ApiError as error:
        if error.code == MISSING:
            return False
        raise
    return True


def _deferring(stage: str) -> str:
    # Three tokens: run keys, which have two, are told apart by that.
    return f"$KV.{BUCKET}.stages.{stage}.deferring"


def parse(body: bytes) -> Progress | None:
    """A run key, or None where it was deleted."""
    if not body:
        return None
    said: dict[str, Any] = json.loads(body)  # by a worker of another version, perhaps
    return Progress(**{name: value for name, value in said.items() if name in KNOWN})
