"""How full the log is, counted as its quota counts: all that the account keeps on disk.

The log is not alone there: the records of Idempotency-Keys fill the same quota.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from clipforge_contracts import subjects
from clipforge_runtime.bus import Room
from clipforge_runtime.jetstream.connection import Connection


async def look(connection: Connection, max_file: int) -> Room:
    """What is used of `max_file` (bytes a server may hold; 0: unsaid) or of the account's limit."""
    account, stream = await asyncio.gather(
        connection.api("INFO"), connection.api(f"STREAM.INFO.{subjects.STREAM}")
    )
    return measure(account, copies=int(stream["config"]["num_replicas"]), max_file=max_file)


def measure(account: Mapping[str, Any], *, copies: int, max_file: int) -> Room:
    """The room of one copy, from an answer of `$JS.API.INFO`; the tighter quota, where both are.

    An account's storage counts every copy, and so does its limit, but for a limit of the tier of so
    many copies (`R3`), which the server multiplies by them. A server's `max_file` meets one copy.
    """
    tier = account.get("tiers", {}).get(f"R{copies}")
    limited = tier or account
    limit = max(0, int(limited["limits"]["max_storage"]))  # -1: there is none
    quotas = [max_file, limit if tier else limit // copies]
    return Room(
        used=int(limited["storage"]) // copies,
        quota=min((quota for quota in quotas if quota), default=0),
    )
