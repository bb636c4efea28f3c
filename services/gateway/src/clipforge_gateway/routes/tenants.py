"""Tenants and their keys, for operators: made, listed, renamed, moved to another plan."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import TenantSaved
from clipforge_catalog.queries import tenants
from clipforge_catalog.tables import Tenant
from clipforge_contracts import ids
from clipforge_contracts.plans import Plan
from clipforge_gateway import cursors, etags, rows, schemas
from clipforge_gateway.auth import Caller
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import OperatorDep, Parts, PartsDep, SeedDep
from clipforge_gateway.problems import (
    CHANGED,
    CONFLICT,
    FORBIDDEN,
    KEY_REUSED,
    NOT_FOUND,
    NOT_REPEATABLE,
    Problem,
    documented,
)
from clipforge_gateway.routes import keys
from clipforge_gateway.routes.keys import KeyId
from clipforge_runtime.bus import Contradicted, Stated
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/tenants", tags=["tenants"])

TenantId = Annotated[str, Path(max_length=64, pattern=r"^ten_[a-z0-9]{26}$")]


@router.post(
    "",
    operation_id="createTenant",
    summary="Make a tenant",
    status_code=201,
    responses=documented(FORBIDDEN, KEY_REUSED),
)
async def create(
    body: schemas.CreateTenant,
    parts: PartsDep,
    caller: OperatorDep,
    response: Response,
    seed: SeedDep,
) -> schemas.TenantView:
    """It has no key yet: make one for it."""
    fact = _fact(seed.id("ten"), body.name, Plan(body.plan))
    try:
        stated = await _state(parts, fact, after=0)
    except Contradicted as other:
        raise Problem(KEY_REUSED, "Use a new Idempotency-Key for another tenant.") from other
    response.headers["Location"] = f"/v1/tenants/{fact.project.tenant_id}"
    response.headers["ETag"] = _tag(parts, stated.sequence)
    return _view_of(fact)


@router.get("", operation_id="listTenants", summary="Tenants", responses=documented(FORBIDDEN))
async def list_tenants(
    parts: PartsDep,
    caller: OperatorDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[schemas.TenantView]:
    async with parts.sessions() as session:
        page = await tenants.every(session, after=cursors.read(cursor), limit=limit)
    return schemas.PageView(items=[_view(row) for row in page.rows], next=cursors.write(page.next))


@router.get(
    "/{tenant_id}",
    operation_id="getTenant",
    summary="A tenant",
    responses=documented(FORBIDDEN, NOT_FOUND),
)
async def get(
    tenant_id: TenantId, parts: PartsDep, caller: OperatorDep, response: Response
) -> schemas.TenantView:
    row, sequence = await _tenant(parts, tenant_id)
    response.headers["ETag"] = _tag(parts, sequence)
    return _view(row)


@router.patch(
    "/{tenant_id}",
    operation_id="editTenant",
    summary="Rename a tenant, or move it to another plan",
    responses=documented(FORBIDDEN, NOT_FOUND, CONFLICT),
)
async def edit(
    tenant_id: TenantId,
    body: schemas.EditTenant,
    parts: PartsDep,
    caller: OperatorDep,
    response: Response,
    if_match: etags.IfMatch = "",
) -> schemas.TenantView:
    """Its new requests go by the new plan; what runs goes on as it began."""
    row, sequence = await _tenant(parts, tenant_id)
    etags.require_match(if_match, _tag(parts, sequence))
    plan = Plan(body.plan) if body.plan else Plan(row.plan)
    fact = _fact(tenant_id, body.name or row.name, plan)
    try:
        stated = await _state(parts, fact, after=sequence)
    except Contradicted as other:
        raise Problem(CHANGED, "Another edit was first: read the tenant again.") from other
    response.headers["ETag"] = _tag(parts, stated.sequence)
    return _view_of(fact)


@router.post(
    "/{tenant_id}/keys",
    operation_id="createTenantKey",
    summary="Make an API key for a tenant",
    status_code=201,
    responses=documented(FORBIDDEN, NOT_FOUND, CONFLICT, NOT_REPEATABLE),
)
async def create_key(
    tenant_id: TenantId,
    body: schemas.CreateKey,
    parts: PartsDep,
    caller: OperatorDep,
    seed: SeedDep,
) -> schemas.NewApiKeyView:
    """The answer has the key. It is kept nowhere, so it cannot be shown again."""
    return await keys.create(body, parts, await _as_tenant(parts, tenant_id), seed)


@router.get(
    "/{tenant_id}/keys",
    operation_id="listTenantKeys",
    summary="API keys of a tenant",
    responses=documented(FORBIDDEN, NOT_FOUND),
)
async def list_keys(
    tenant_id: TenantId,
    parts: PartsDep,
    caller: OperatorDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[schemas.ApiKeyView]:
    """Those in use, oldest first."""
    return await keys.list_keys(parts, await _as_tenant(parts, tenant_id), cursor, limit)


@router.delete(
    "/{tenant_id}/keys/{key_id}",
    operation_id="revokeTenantKey",
    summary="Revoke an API key of a tenant",
    responses=documented(FORBIDDEN, NOT_FOUND, CONFLICT),
)
async def revoke_key(
    tenant_id: TenantId, key_id: KeyId, parts: PartsDep, caller: OperatorDep
) -> schemas.ApiKeyView:
    """It works nowhere a moment later. Revoking twice is no error."""
    return await keys.revoke(key_id, parts, await _as_tenant(parts, tenant_id))


async def _as_tenant(parts: Parts, tenant_id: str) -> Caller:
    row, _ = await _tenant(parts, tenant_id)
    return Caller(row.id, Plan(row.plan), "admin")


async def _tenant(parts: Parts, tenant_id: str) -> tuple[Tenant, int]:
    """The row as the newest fact has it, and where that fact lies; 0: the log has none any more."""
    newest = await parts.log.last(TenantSaved, tenant=tenant_id, project="", about=tenant_id)
    sequence = newest.sequence if newest else 0
    await rows.caught_up(parts, sequence)
    async with parts.sessions() as session:
        row = await tenants.get(session, tenant_id)
    if row is None and newest is not None and isinstance(newest.fact, TenantSaved):
        plan = Plan.read(newest.fact.project.plan)
        row = Tenant(id=tenant_id, name=newest.fact.name, plan=plan)
    if row is None:
        raise Problem(NOT_FOUND, "There is no tenant of this id.")
    return row, sequence


async def _state(parts: Parts, fact: TenantSaved, *, after: int) -> Stated:
    stated = await parts.log.state(
        fact,
        fact_id=ids.derive("evt", fact.SerializeToString(deterministic=True).hex(), after),
        headers=trace_headers(),
        after=after,
    )
    await rows.caught_up(parts, stated.sequence)
    return stated


def _fact(tenant_id: str, name: str, plan: Plan) -> TenantSaved:
    return TenantSaved(project=ProjectRef(tenant_id=tenant_id, plan=plan.wire), name=name)


def _tag(parts: Parts, sequence: int) -> str:
    return etags.of_sequence(parts.feed.incarnation, sequence)


def _view(row: Tenant) -> schemas.TenantView:
    return schemas.TenantView(id=row.id, name=row.name, plan=Plan(row.plan).value)


def _view_of(fact: TenantSaved) -> schemas.TenantView:
    plan = Plan.read(fact.project.plan)
    return schemas.TenantView(id=fact.project.tenant_id, name=fact.name, plan=plan.value)
