"""Files of a brand: uploaded like films, looked at by a worker, then ready for brand kits."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import BrandAssetDeleted, BrandAssetSubmitted
from clipforge_catalog.queries import brand_assets
from clipforge_catalog.tables import BrandAsset, BrandAssetState
from clipforge_contracts import ids, keys, subjects
from clipforge_gateway import cursors, rows, schemas
from clipforge_gateway.admission import Admitted
from clipforge_gateway.auth import Caller
from clipforge_gateway.brand_schemas import BrandAssetView, CreateBrandAsset
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.downloads import link
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import (
    BACKLOG,
    CONFLICT,
    INVALID,
    NO_ROOM,
    NOT_FOUND,
    Problem,
    documented,
)
from clipforge_gateway.routes import uploads
from clipforge_gateway.waiting import Wait, until_over
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/brand-assets", tags=["brands"])

MOST: Final = 500  # a tenant

AssetId = Annotated[str, Path(max_length=64, pattern=r"^bas_[a-z0-9]{26}$")]


@router.post(
    "",
    operation_id="createBrandAsset",
    summary="Take a file of your brand in",
    status_code=202,
    responses=documented(CONFLICT, BACKLOG, NO_ROOM),
    dependencies=[Admitted],
)
async def create(
    body: CreateBrandAsset, parts: PartsDep, caller: CallerDep, response: Response
) -> BrandAssetView:
    """A worker looks whether it is what it is to be. The same upload is taken in once."""
    name = await _upload(parts, caller, body.upload_id)
    async with parts.sessions() as session:
        if await brand_assets.count(session, caller.tenant_id) >= MOST:
            raise Problem(CONFLICT, f"A tenant has at most {MOST} of these: delete some.")
    asset_id = ids.derive("bas", caller.tenant_id, body.upload_id, body.kind)
    fact = BrandAssetSubmitted(
        project=_ref(caller),
        asset_id=asset_id,
        kind=body.kind,
        object_key=keys.upload(caller.tenant_id, body.upload_id),
        file_name=name,
    )
    async with parts.submissions.of(caller.tenant_id) as submission:
        stated = await parts.log.state(
            fact,
            fact_id=ids.derive("evt", asset_id, "submitted"),
            lane=submission.lane,
            headers=trace_headers(),
            once=True,
        )
        submission.sequence = stated.sequence
    await rows.caught_up(parts, stated.sequence)
    view = await _found(parts, caller, asset_id)
    if view is None:
        raise Problem(
            CONFLICT, "This upload was taken in and has been deleted since: upload the file again."
        )
    response.headers["Location"] = f"/v1/brand-assets/{asset_id}"
    return view


@router.get(
    "",
    operation_id="listBrandAssets",
    summary="Files of your brand, newest first",
    responses=documented(),
)
async def list_assets(
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[BrandAssetView]:
    async with parts.sessions() as session:
        page = await brand_assets.of_tenant(
            session, caller.tenant_id, after=cursors.read(cursor), limit=limit
        )
    return schemas.PageView(
        items=[await _shown(parts, row) for row in page.rows], next=cursors.write(page.next)
    )


@router.get(
    "/{asset_id}",
    operation_id="getBrandAsset",
    summary="A file of your brand",
    responses=documented(NOT_FOUND),
)
async def get(
    asset_id: AssetId, parts: PartsDep, caller: CallerDep, wait: Wait = 0
) -> BrandAssetView:
    """What it is; with `wait`, as soon as it has been looked at."""
    return await until_over(
        parts,
        subjects.NOTHING,
        partial(_view, parts, caller, asset_id),
        over=lambda view: view.state != BrandAssetState.CHECKING,
        wait=wait,
    )


@router.delete(
    "/{asset_id}",
    operation_id="deleteBrandAsset",
    summary="Delete a file of your brand",
    status_code=204,
    responses=documented(NOT_FOUND, CONFLICT),
)
async def delete(asset_id: AssetId, parts: PartsDep, caller: CallerDep) -> None:
    """Not while a brand kit shows it. Clips that were rendered with it stay."""
    await _view(parts, caller, asset_id)
    async with parts.sessions() as session:
        kit = await brand_assets.kit_with(session, caller.tenant_id, asset_id)
    if kit is not None:
        raise Problem(
            CONFLICT, f"The brand kit {kit.body['name']} ({kit.id}) shows this file: change it."
        )
    stated = await parts.log.state(
        BrandAssetDeleted(project=_ref(caller), asset_id=asset_id),
        fact_id=ids.derive("evt", asset_id, "deleted"),
        once=True,
    )
    await rows.caught_up(parts, stated.sequence)


async def _upload(parts: Parts, caller: Caller, upload_id: str) -> str:
    """The name of a completed upload's file."""
    if not ids.is_id(upload_id, "upl"):
        raise Problem(INVALID, "`upload_id` is not the id of an upload.")
    # First, so that a removal of old uploads leaves it alone from now on.
    known = await uploads.renew(parts, caller, upload_id)
    if await parts.store.stat(keys.upload(caller.tenant_id, upload_id)) is None:
        raise Problem(CONFLICT, "This upload is not complete: upload its parts, then complete it.")
    return known.file_name if known else ""


async def _view(parts: Parts, caller: Caller, asset_id: str) -> BrandAssetView:
    view = await _found(parts, caller, asset_id)
    if view is None:
        raise Problem(NOT_FOUND, "There is no file of this id in your brand.")
    return view


async def _found(parts: Parts, caller: Caller, asset_id: str) -> BrandAssetView | None:
    """By its row, or by what has been stated of it; None where it was deleted, or never there."""
    async with parts.sessions() as session:
        row = await brand_assets.get(session, caller.tenant_id, asset_id)
    if row is not None:
        return await _shown(parts, row)
    about = {"tenant": caller.tenant_id, "project": subjects.NOTHING, "about": asset_id}
    entry = await parts.log.last(BrandAssetSubmitted, **about)
    gone = await parts.log.last(BrandAssetDeleted, **about)
    if entry is None or gone is not None or not isinstance(entry.fact, BrandAssetSubmitted):
        return None
    return BrandAssetView(
        id=asset_id,
        kind=entry.fact.kind,
        state=BrandAssetState.CHECKING,
        name=entry.fact.file_name,
        created_at=entry.time,
    )


async def _shown(parts: Parts, row: BrandAsset) -> BrandAssetView:
    view = BrandAssetView(
        id=row.id,
        kind=row.kind,
        state=BrandAssetState(row.state),
        name=row.asset.get("name", "") or row.file_name,
        created_at=row.created_at,
    )
    if row.failure_reason:
        view.failure = schemas.Failure(
            stage="export", reason=row.failure_reason, sentence=row.failure_sentence or ""
        )
    if row.asset:
        view.bytes = int(row.asset["bytes"])
        for name in ("width", "height", "duration_ms"):
            setattr(view, name, row.asset.get(name) or None)
        view.url = await link(parts, row.asset["key"], file_name=row.file_name)
    return view


def _ref(caller: Caller) -> ProjectRef:
    return ProjectRef(
        tenant_id=caller.tenant_id, project_id=subjects.NOTHING, plan=caller.plan.wire
    )
