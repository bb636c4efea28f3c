"""The installer's step for the log and the bucket: `python -m clipforge_runtime.declare`."""

import asyncio
import logging
from typing import Final

from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.connection import Connection, connect
from clipforge_runtime.jetstream.declare import declare
from clipforge_runtime.logs import configure
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings, load

log = logging.getLogger(__name__)

READY_SECONDS: Final = 60.0  # for servers that were started with us to find each other
AGAIN_SECONDS: Final = 0.5


async def main(settings: RuntimeSettings) -> None:
    configure("declare", settings.log_level)
    async with connect(settings.nats_url, "admin") as connection:
        await declare_when_ready(connection, settings)
    await S3Store(settings).ensure_bucket()


async def declare_when_ready(connection: Connection, settings: RuntimeSettings) -> None:
    """Bring the log to our state, however late its servers find each other. Else: Unavailable."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_SECONDS
    while True:
        try:
            await declare(connection, settings)
        except Unavailable as error:
            if loop.time() > deadline:
                raise
            log.warning("the log is not ready yet: %s", error)
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return


if __name__ == "__main__":
    asyncio.run(main(load(RuntimeSettings)))
