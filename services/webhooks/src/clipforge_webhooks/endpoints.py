"""Where an endpoint is by now: it may have changed since its delivery became due."""

from typing import Protocol

from clipforge.v1.facts_pb2 import WebhookDeleted, WebhookDisabled, WebhookDue, WebhookSaved
from clipforge_contracts.facts import Fact
from clipforge_runtime.bus import Entry
from clipforge_runtime.errors import Permanent


class Log(Protocol):
    """What is read of the log."""

    async def last(
        self, kind: type[Fact], *, tenant: str, project: str | None, about: str
    ) -> Entry | None: ...


async def current(due: WebhookDue, log: Log) -> WebhookSaved:
    """The endpoint as it was saved last. Permanent where nothing is to be sent to it.

    The log may have forgotten how it was saved first; what has changed since it became due it
    holds: tries end after three days.
    """
    newest = due.endpoint
    saved = await _last(log, WebhookSaved, due)
    if isinstance(saved, WebhookSaved) and saved.revision > newest.revision:
        newest = saved
    if await _last(log, WebhookDeleted, due):
        raise Permanent("The endpoint was deleted before this was delivered.", reason="deleted")
    disabled = await _last(log, WebhookDisabled, due)
    stopped = isinstance(disabled, WebhookDisabled) and disabled.revision >= newest.revision
    if stopped or not newest.enabled:
        raise Permanent(
            "The endpoint was disabled before this was delivered. "
            "Enable it, then redeliver what it missed.",
            reason="disabled",
        )
    return newest


async def _last(log: Log, kind: type[Fact], due: WebhookDue) -> Fact | None:
    found = await log.last(
        kind, tenant=due.project.tenant_id, project="", about=due.endpoint.webhook_id
    )
    return found.fact if found else None
