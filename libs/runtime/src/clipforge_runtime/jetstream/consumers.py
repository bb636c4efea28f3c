"""What the log's leader says of a durable consumer."""

from typing import Any, Final

from clipforge_contracts import subjects
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.connection import ApiError, Connection

NO_CONSUMER: Final = 10014


class Missing(Unavailable):
    """Somebody has deleted it, or nobody has declared it yet: what waits for it is not served."""


async def info(connection: Connection, durable: str) -> dict[str, Any]:
    """CONSUMER.INFO. Missing, in words, where there is none of this name."""
    try:
        return await connection.api(f"CONSUMER.INFO.{subjects.STREAM}.{durable}")
    except ApiError as error:
        if error.err_code != NO_CONSUMER:
            raise
        raise Missing(
            f"the consumer {durable} is missing: run `python -m clipforge_runtime.declare`"
        ) from error
