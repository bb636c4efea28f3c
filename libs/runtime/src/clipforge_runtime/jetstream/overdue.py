"""Schedules that came due while the log was full: the server (2.15.1) never fires them.

They would be counted as delayed for ever, also those of jobs that are over. They are looked at one
after the other, some at a time, and those whose time has passed are delivered.
"""

import base64
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from clipforge_contracts import subjects
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
        if now - holding.due_at(headers) < holding.OVERDUE:
            continue
        # Should the server be started anew between these two, it comes twice: workers know that.
        woken += await _deliver(connection, message["subject"], after, headers, message)
        await connection.api(f"STREAM.PURGE.{subjects.STREAM}", {"filter": message["subject"]})
    return woken, after


async def _deliver(
    connection: Connection,
    subject: str,
    sequence: int,
    headers: dict[str, str],
    message: Mapping[str, str],
) -> bool:
    target = headers["Nats-Schedule-Target"]
    if subjects.forged(target, subject):  # ours is the right to state it, and not its writer's
        log.error("%s is to become %s, which its service may not state: dropped", subject, target)
        return False
    await publishing.publish(
        connection,
        target,
        base64.b64decode(message.get("data", "")),
        message_id=f"{subjects.STREAM}:{sequence}:overdue",
        headers={name: value for name, value in headers.items() if not name.startswith("Nats-")},
    )
    log.warning("%s was not fired in its time: delivered now", subject)
    return True
