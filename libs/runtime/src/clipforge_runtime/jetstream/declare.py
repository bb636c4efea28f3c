"""Declare the streams and the consumers: `python -m clipforge_runtime.declare`.

Idempotent, run by one job at install and upgrade. What is there gets new filters and limits only.
"""

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any, Final

from clipforge_contracts import subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import PIPELINE, Stage
from clipforge_contracts.plans import Priority
from clipforge_runtime.jetstream import counters, progress, records, room
from clipforge_runtime.jetstream.connection import ApiError, Connection
from clipforge_runtime.settings import RuntimeSettings

log = logging.getLogger(__name__)

NANOSECONDS: Final = 1_000_000_000
DUPLICATE_WINDOW: Final = timedelta(minutes=15)
MAX_CONSUMERS: Final = 20_000  # the default of 1,000 cannot be lifted by -1
MAX_ACK_PENDING: Final = (
    10_000  # well above replicas x concurrency: a low one caps scaling silently
)
NOT_FOUND: Final = {10059, 10014}  # stream, consumer


async def declare(connection: Connection, settings: RuntimeSettings) -> None:
    """Bring the log to the state that this version needs."""
    fresh = await _stream(connection, stream_config(settings))
    for in_memory in (progress, counters):
        await _stream(connection, in_memory.config(settings.stream_replicas))
    quota = (await room.look(connection, settings.log_max_bytes)).quota
    await _stream(connection, records.config(settings.stream_replicas, quota))
    last = 0 if fresh else await _last_sequence(connection)
    for stage in PIPELINE:
        for priority in Priority:
            await asyncio.gather(
                *(_consumer(connection, stage, priority, lane, after=last) for lane in Lane)
            )


def stream_config(settings: RuntimeSettings) -> dict[str, Any]:
    """The stream CLIPFORGE."""
    return {
        "name": subjects.STREAM,
        "subjects": list(subjects.ALL),
        "retention": "limits",
        "storage": "file",
        "num_replicas": settings.stream_replicas,
        "max_age": int(timedelta(days=settings.stream_max_age_days).total_seconds()) * NANOSECONDS,
        "max_bytes": -1,  # the disk's own quota bounds it; a limit here would drop facts unread
        "max_msgs": -1,
        "max_consumers": MAX_CONSUMERS,
        "discard": "old",  # `new` and schedules exclude each other
        "duplicate_window": int(DUPLICATE_WINDOW.total_seconds()) * NANOSECONDS,
        "allow_direct": True,
        "allow_msg_schedules": True,
        "allow_msg_ttl": True,
    }


def consumer_config(stage: Stage, priority: Priority, lane: Lane, *, after: int) -> dict[str, Any]:
    """One durable consumer. `after` = 0 hears the log from its beginning."""
    start = {"deliver_policy": "by_start_sequence", "opt_start_seq": after + 1}
    return {
        "durable_name": subjects.durable(stage, priority, lane),
        "filter_subjects": list(subjects.work(stage, priority, lane)),
        "ack_policy": "explicit",
        "ack_wait": int(stage.lease.total_seconds()) * NANOSECONDS,
        "max_deliver": -1,  # the worker judges deliveries itself
        "max_ack_pending": 1 if stage.exclusive else MAX_ACK_PENDING,
        "replay_policy": "instant",
        **(start if after else {"deliver_policy": "all"}),
    }


async def _stream(connection: Connection, config: dict[str, Any]) -> bool:
    """Create or update; True where it was not there."""
    name = config["name"]
    try:
        await connection.api(f"STREAM.INFO.{name}")
    except ApiError as error:
        if error.err_code not in NOT_FOUND:
            raise
        await connection.api(f"STREAM.CREATE.{name}", config)
        log.info("created stream %s", name)
        return True
    await connection.api(f"STREAM.UPDATE.{name}", config)
    return False


async def _last_sequence(connection: Connection) -> int:
    info = await connection.api(f"STREAM.INFO.{subjects.STREAM}")
    return int(info["state"]["last_seq"])


async def _consumer(
    connection: Connection, stage: Stage, priority: Priority, lane: Lane, *, after: int
) -> None:
    name = subjects.durable(stage, priority, lane)
    config = consumer_config(stage, priority, lane, after=after)
    try:
        info = await connection.api(f"CONSUMER.INFO.{subjects.STREAM}.{name}")
    except ApiError as error:
        if error.err_code not in NOT_FOUND:
            raise
        action = "create"
    else:
        action = "update"
        for fixed in ("deliver_policy", "opt_start_seq", "pause_until"):
            config.pop(fixed, None)
            if fixed in info["config"]:
                config[fixed] = info["config"][fixed]
        log.debug("updating %s", json.dumps(config))
    await connection.api(
        f"CONSUMER.CREATE.{subjects.STREAM}.{name}",
        {"stream_name": subjects.STREAM, "config": config, "action": action},
    )
