"""API keys of a tenant: made, listed and revoked by its admins. A key is shown once."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ApiKeySaved
from clipforge_catalog.queries import keys
from clipforge_catalog.tables import ApiKey
from clipforge_contracts import ids
from clipforge_gateway import cursors, rows, schemas
from clipforge_gateway.auth import Caller, key_hash
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import AdminDep, Parts, PartsDep, SeedDep
from clipforge_gateway.problems import (
    CONFLICT,
    FORBIDDEN,
    NOT_FOUND,
    NOT_REPEATABLE,
    Problem,
    documented,
)
from clipforge_runtime.bus import Contradicted
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/keys", tags=["keys"])

PREFIX: Final = "cf_"  # by which scanners and our own logs know a key that leaked
RANDOM_BYTES: Final = 32  # nothing to guess, so no slow hash is needed
MOST: Final = 100  # keys in use a tenant

KeyId = Annotated[str, Path(max_length=64, pattern=r"^key_[a-z0-9]{26}$")]


@router.post(
    "",
    operation_id="createKey",
    summary="Make an API key",
    status_code=201,
    responses=documented(FORBIDDEN, CONFLICT),
)
async def create(
    body: schemas.CreateKey, parts: PartsDep, caller: AdminDep, seed: SeedDep
) -> schemas.NewApiKeyView:
    """The answer has the key. It is kept nowhere, so it cannot be shown again."""
    async with parts.sessions() as session:
        if len((await keys.of_tenant(session, caller.tenant_id, limit=MOST)).rows) >= MOST:
            raise Problem(CONFLICT, f"A tenant has at most {MOST} keys in use: revoke one.")
        key_id = seed.id("key")
        if seed.text and await keys.get(session, caller.tenant_id, key_id):
            raise _made_before()
    key = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    hash_ = key_hash(key)
    fact = ApiKeySaved(
        project=_tenant(caller),
        key_id=key_id,
        name=body.name,
        role=body.role,
        hash=hash_,
    )
    if not await _state(parts, fact, ids.derive("evt", key_id, hash_.hex()), once=True):
        raise _made_before()
    return schemas.NewApiKeyView(
        id=key_id,
        name=body.name,
        role=body.role,
        revoked=False,
        created_at=datetime.now(UTC),
        key=key,
    )


@router.get("", operation_id="listKeys", summary="API keys", responses=documented(FORBIDDEN))
async def list_keys(
    parts: PartsDep, caller: AdminDep, cursor: After = "", limit: Limit = 20
) -> schemas.PageView[schemas.ApiKeyView]:
    """Those in use, oldest first. What was revoked is not listed."""
    after = cursors.read(cursor)
    async with parts.sessions() as session:
        page = await keys.of_tenant(session, caller.tenant_id, after=after, limit=limit)
    return schemas.PageView(items=[_view(row) for row in page.rows], next=cursors.write(page.next))


@router.delete(
    "/{key_id}",
    operation_id="revokeKey",
    summary="Revoke an API key",
    responses=documented(FORBIDDEN, NOT_FOUND, CONFLICT),
)
async def revoke(key_id: KeyId, parts: PartsDep, caller: AdminDep) -> schemas.ApiKeyView:
    """It works nowhere a moment later, and never again. Revoking twice is no error."""
    async with parts.sessions() as session:
        row = await keys.get(session, caller.tenant_id, key_id)
    if row is None:
        raise Problem(NOT_FOUND, "There is no key of this id.")
    if parts.authenticator.is_first(row.hash):
        raise Problem(
            CONFLICT, "The first key is a setting of the gateway: change it there, and start anew."
        )
    fact = ApiKeySaved(
        project=_tenant(caller),
        key_id=key_id,
        name=row.name,
        role=row.role,
        hash=row.hash,
        revoked=True,
    )
    await _state(parts, fact, ids.derive("evt", key_id, "revoked"))
    parts.authenticator.hear(fact)  # the others hear it from the log
    return _view(row).model_copy(update={"revoked": True})


def _tenant(caller: Caller) -> ProjectRef:
    return ProjectRef(tenant_id=caller.tenant_id, plan=caller.plan.wire)


async def _state(parts: Parts, fact: ApiKeySaved, fact_id: str, *, once: bool = False) -> bool:
    """Whether it was stated, and not another in its place."""
    try:
        stated = await parts.log.state(fact, fact_id=fact_id, headers=trace_headers(), once=once)
    except Contradicted:
        return False
    await rows.caught_up(parts, stated.sequence)
    return True


def _made_before() -> Problem:
    return Problem(
        NOT_REPEATABLE,
        "A key was made under this Idempotency-Key, and shown that once: revoke it, and make "
        "another one with a new Idempotency-Key.",
    )


def _view(row: ApiKey) -> schemas.ApiKeyView:
    return schemas.ApiKeyView(
        id=row.id,
        name=row.name,
        role=row.role,
        revoked=row.revoked,
        created_at=row.created_at,
    )
