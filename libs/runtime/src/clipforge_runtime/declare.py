"""The installer's step for the log and the bucket: `python -m clipforge_runtime.declare`."""

import asyncio

from clipforge_runtime.jetstream.connection import connect
from clipforge_runtime.jetstream.declare import declare
from clipforge_runtime.logs import configure
from clipforge_runtime.patience import patiently
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings, load


async def main(settings: RuntimeSettings) -> None:
    configure("declare", settings.log_level)
    async with connect(settings.nats_url, "admin") as connection:
        # Servers of a cluster that were started with us may still have to find each other.
        await patiently(lambda: declare(connection, settings))
    await S3Store(settings).ensure_bucket()


if __name__ == "__main__":
    asyncio.run(main(load(RuntimeSettings)))
