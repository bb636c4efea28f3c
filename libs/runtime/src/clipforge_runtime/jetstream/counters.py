"""Counters that all replicas share: an increment is one message, and its answer the new total.

In memory: a lone server that is started anew begins at nothing, as a new window does.
"""

import json
from typing import Any, Final

from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.connection import NOT_READY, ApiError, Connection, raise_error

STREAM: Final = "COUNTERS"
KEPT_SECONDS: Final = 600  # from the last increment; longer than any window
MAX_BYTES: Final = 32 * 1024 * 1024


def config(replicas: int) -> dict[str, Any]:
    """The stream that counts."""
    return {
        "name": STREAM,
        "subjects": ["counters.>"],
        "storage": "memory",
        "num_replicas": replicas,
        "max_msgs_per_subject": 1,
        "max_age": KEPT_SECONDS * 1_000_000_000,
        "max_bytes": MAX_BYTES,
        "discard": "old",
        "allow_direct": True,
        "allow_msg_counter": True,
    }


async def add(connection: Connection, counter: str, many: int) -> int:
    """Add to a counter; its total after that. Unavailable where nobody answers."""
    answer = await connection.request(f"counters.{counter}", headers={"Nats-Incr": f"+{many}"})
    reply = json.loads(answer.data)
    try:
        raise_error(reply)
    except ApiError as error:
        if error.code == NOT_READY:
            raise Unavailable(str(error)) from error
        raise
    return int(reply["val"])
