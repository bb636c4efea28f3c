"""Schedules that came due while the log was full: the server (2.15.1) never fires them.

They would be counted as delayed for ever, also those of jobs that are over. They are looked at one
after the other, some at a time, and those whose time has passed are delivered.
"""

import base64
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from clipforge_contracts import subjects
from clipforge_runtime.bus import Headers
from clipforge_runtime.jetstream import headers as blocks
from clipforge_runtime.jetstream import holding, publishing
from clipforge_runtime.jetstream.connection import ApiError, Connection

log = logging.getLogger(__name__)

AT_ONCE: Final = 1_000  # looked at in one go, at about a millisecond each


async def wake(connection: Connection, *, after: int, now: datetime) -> tuple[int, int]:
    """How many were delivered, and after which sequence to go on: 0, from the beginning.

    `now` is the log's time.
    """
    woken = 0
    for _ in range(AT_ONCE):
        query: dict[str, str | int] = {"seq": after + 1, "next_by_subj": "schedules.>"}
        try:
            reply = await connection.api(f"STREAM.MSG.GET.{subjects.STREAM}", query)
        except ApiError as error:
            if error.err_code == publishing.NO_MESSAGE:
                return woken, 0
            raise
        message = reply["message"]
        after = int(message["seq"])
        headers = blocks.read(base64.b64decode(message.get("hdrs", "")))
        at = holding.due_at(headers)
        if at is not None and now - at < holding.OVERDUE:
            continue
        # The right to state it is ours, and may not be its writer's.
        if at is None or subjects.forged(
            headers.get("Nats-Schedule-Target", ""), message["subject"]
        ):
            log.error("%s is no retry of its stage: dropped", message["subject"])
        else:
            await _deliver(connection, message, headers)
            woken += 1
        # Should the server be started anew before this, it comes twice: workers know that.
        await connection.api(f"STREAM.PURGE.{subjects.STREAM}", {"filter": message["subject"]})
    return woken, after


async def _deliver(connection: Connection, message: Mapping[str, Any], headers: Headers) -> None:
    await publishing.publish(
        connection,
        headers["Nats-Schedule-Target"],
        base64.b64decode(message.get("data", "")),
        message_id=f"{subjects.STREAM}:{message['seq']}:overdue",
        headers={name: value for name, value in headers.items() if not name.startswith("Nats-")},
    )
    log.warning("%s was not fired in its time: delivered now", message["subject"])
