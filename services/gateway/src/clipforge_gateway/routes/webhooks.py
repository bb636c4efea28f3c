"""Webhooks of a tenant: saved, tried out, and what was delivered to them. Nothing is sent here."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import WebhookDeleted, WebhookSaved
from clipforge_catalog.queries import webhooks
from clipforge_catalog.tables import Webhook
from clipforge_contracts import ids
from clipforge_contracts.webhooks import Keyring, shown, valid
from clipforge_gateway import cursors, etags, rows, schemas, webhook_views
from clipforge_gateway.auth import Caller
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import CallerDep, Parts, PartsDep, SeedDep
from clipforge_gateway.problems import CHANGED, CONFLICT, INVALID, NOT_FOUND, Problem, documented
from clipforge_gateway.webhook_schemas import (
    CreateWebhook,
    NewWebhookView,
    UpdateWebhook,
    WebhookView,
    is_private,
)
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

OVERLAP: Final = timedelta(hours=24)  # in which a former secret is signed with, too
SECRETS: Final = 5  # valid at a time: rotated more often than that, the oldest ends early

WebhookId = Annotated[str, Path(max_length=64, pattern=r"^whk_[a-z0-9]{26}$")]


@router.post(
    "",
    operation_id="createWebhook",
    summary="Have events sent to an address",
    status_code=201,
    responses=documented(CONFLICT),
)
async def create(
    wanted: CreateWebhook, parts: PartsDep, caller: CallerDep, seed: SeedDep, response: Response
) -> NewWebhookView:
    """The answer has the secret that events are signed with. It cannot be shown again."""
    keyring = _keyring(parts)
    _check(parts, wanted.url)
    most = parts.settings.webhooks_most
    async with parts.sessions() as session:
        if len((await webhooks.of_tenant(session, caller.tenant_id, limit=most)).rows) >= most:
            raise Problem(CONFLICT, f"A tenant has at most {most} webhooks: delete one.")
    fact = WebhookSaved(
        project=tenant(caller),
        webhook_id=seed.id("whk"),
        revision=1,
        **wanted.model_dump(),
        secrets=[keyring.newest(1)],
    )
    await _state(parts, fact)  # under one Idempotency-Key it is one, and made once
    response.headers["Location"] = f"/v1/webhooks/{fact.webhook_id}"
    return _with_secret(keyring, fact, webhook_views.to_come(fact, datetime.now(UTC)))


@router.get("", operation_id="listWebhooks", summary="Webhooks", responses=documented())
async def list_webhooks(
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[WebhookView]:
    """Newest first. Secrets are not among what is shown."""
    async with parts.sessions() as session:
        page = await webhooks.of_tenant(
            session, caller.tenant_id, after=cursors.read(cursor), limit=limit
        )
    return schemas.PageView(
        items=[webhook_views.webhook(row) for row in page.rows], next=cursors.write(page.next)
    )


@router.get(
    "/{webhook_id}",
    operation_id="getWebhook",
    summary="A webhook",
    responses=documented(NOT_FOUND),
)
async def get(
    webhook_id: WebhookId, parts: PartsDep, caller: CallerDep, response: Response
) -> WebhookView:
    """Its `ETag` is the `If-Match` of a change."""
    return _tagged(await row_of(parts, caller, webhook_id), response)


@router.patch(
    "/{webhook_id}",
    operation_id="updateWebhook",
    summary="Change a webhook",
    responses=documented(NOT_FOUND, CONFLICT),
)
async def update(
    webhook_id: WebhookId,
    wanted: UpdateWebhook,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    if_match: etags.IfMatch = "",
) -> WebhookView:
    """What is still to be delivered goes to the new address."""
    row = await row_of(parts, caller, webhook_id)
    etags.require_version(if_match, row.revision)
    _check(parts, wanted.url or row.url)
    fact = saved(caller, row, **wanted.model_dump(exclude_unset=True))
    if not await _state(parts, fact):
        raise Problem(CHANGED, "Another request was first: read the webhook again.")
    return _tagged(webhook_views.changed(row, fact, datetime.now(UTC)), response)


@router.delete(
    "/{webhook_id}",
    operation_id="deleteWebhook",
    summary="Delete a webhook",
    status_code=204,
    responses=documented(NOT_FOUND),
)
async def delete(webhook_id: WebhookId, parts: PartsDep, caller: CallerDep) -> None:
    """Its delivery log goes with it. What is being sent just now may still arrive."""
    await row_of(parts, caller, webhook_id)
    fact = WebhookDeleted(project=tenant(caller), webhook_id=webhook_id)
    stated = await parts.log.state(
        fact,
        fact_id=ids.derive("evt", webhook_id, "deleted"),
        headers=trace_headers(),
        once=True,
    )
    await rows.caught_up(parts, stated.sequence)


@router.post(
    "/{webhook_id}/rotate",
    operation_id="rotateWebhookSecret",
    summary="Give a webhook a new secret",
    responses=documented(NOT_FOUND, CONFLICT),
)
async def rotate(webhook_id: WebhookId, parts: PartsDep, caller: CallerDep) -> NewWebhookView:
    """For 24 hours events are signed with both, so that receivers can change over."""
    keyring = _keyring(parts)
    row = await row_of(parts, caller, webhook_id)
    now = datetime.now(UTC)
    former = valid(webhook_views.secrets(row), at=now)
    for secret in former:
        secret.valid_until_ms = secret.valid_until_ms or int((now + OVERLAP).timestamp() * 1000)
    newest = keyring.newest(1 + max(one.version for one in former))
    fact = saved(caller, row, secrets=[newest, *former][:SECRETS])
    if not await _state(parts, fact):
        raise Problem(CONFLICT, "Another request was first. Read the webhook and try again.")
    return _with_secret(keyring, fact, webhook_views.changed(row, fact, now))


async def row_of(parts: Parts, caller: Caller, webhook_id: str) -> Webhook:
    """The endpoint; where its row is to come, as the log has it."""
    async with parts.sessions() as session:
        row = await webhooks.get(session, caller.tenant_id, webhook_id)
    if row is not None:
        return row
    about: dict[str, Any] = {"tenant": caller.tenant_id, "project": "", "about": webhook_id}
    entry = await parts.log.last(WebhookSaved, **about)
    fact = entry.fact if entry else None
    deleted = entry and await parts.log.last(WebhookDeleted, **about)
    if entry and isinstance(fact, WebhookSaved) and not deleted:
        return webhook_views.to_come(fact, entry.time)
    raise Problem(NOT_FOUND, "There is no webhook of this id.")


def saved(caller: Caller, row: Webhook, **changes: Any) -> WebhookSaved:
    """The endpoint with some changes, as one more revision of it."""
    known: dict[str, Any] = {
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "enabled": row.enabled,
        "secrets": webhook_views.secrets(row),
        "revision": row.revision + 1,
    }
    return WebhookSaved(project=tenant(caller), webhook_id=row.id, **known | changes)


def _tagged(row: Webhook, response: Response) -> WebhookView:
    view = webhook_views.webhook(row)
    response.headers["ETag"] = etags.of_version(row.revision, view.model_dump_json())
    return view


async def _state(parts: Parts, fact: WebhookSaved) -> bool:
    """Whether this revision is a new one."""
    stated = await parts.log.state(
        fact,
        fact_id=ids.derive("evt", fact.webhook_id, "saved", fact.revision),
        headers=trace_headers(),
    )
    await rows.caught_up(parts, stated.sequence)
    return stated.fresh


def _keyring(parts: Parts) -> Keyring:
    if (keyring := parts.settings.keyring) is None:
        raise Problem(
            CONFLICT,
            "Webhooks are not set up here: the operator sets CLIPFORGE_WEBHOOKS_SECRET_KEYS.",
        )
    return keyring


def _check(parts: Parts, url: str) -> None:
    """What would be refused when it is sent to, as far as that can be seen now."""
    address = urlsplit(url)
    host = address.hostname or ""
    port = address.port or {"http": 80, "https": 443}[address.scheme]
    if (host, port) in parts.settings.webhooks_allowed:
        return
    if address.scheme != "https":
        raise Problem(INVALID, "Webhooks are sent over https only: give an https address.")
    if is_private(host):
        raise Problem(INVALID, f"The address {host} is not public. Give one that is.")


def _with_secret(keyring: Keyring, fact: WebhookSaved, row: Webhook) -> NewWebhookView:
    secret = keyring.reveal(fact.webhook_id, fact.secrets[0])
    return NewWebhookView(**webhook_views.webhook(row).model_dump(), secret=shown(secret))


def tenant(caller: Caller) -> ProjectRef:
    return ProjectRef(tenant_id=caller.tenant_id, plan=caller.plan.wire)
