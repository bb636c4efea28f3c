"""`python -m clipforge_webhooks`: deliver what is due until asked to stop."""

import asyncio
from functools import partial

from clipforge_contracts.pipeline import WEBHOOKS
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.main import work_stage
from clipforge_runtime.progress import report
from clipforge_runtime.settings import load
from clipforge_runtime.worker import Handler
from clipforge_webhooks.handler import deliver
from clipforge_webhooks.sending import Sender
from clipforge_webhooks.settings import Settings


async def run(settings: Settings) -> None:
    """Work, on connections that are closed at the end."""
    sender = Sender(settings.allowed, at_once=settings.webhooks_concurrency)

    def on(log: JetStream) -> Handler:
        return partial(deliver, log=log, post=sender, keyring=settings.keyring, progress=report)

    try:
        await work_stage(WEBHOOKS, on, settings, settings.webhooks_concurrency, settings.limits)
    finally:
        await sender.close()


if __name__ == "__main__":
    asyncio.run(run(load(Settings)))
