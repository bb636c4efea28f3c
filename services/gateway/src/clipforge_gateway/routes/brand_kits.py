"""Brand kits: what every export of a brand has in common, in versions."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import BrandKit
from clipforge.v1.facts_pb2 import BrandKitSaved
from clipforge_catalog.tables import LookVersion
from clipforge_gateway import cursors, looks, schemas
from clipforge_gateway.brand_schemas import (
    BrandKitVersionView,
    BrandKitView,
    SaveBrandKit,
)
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.etags import IfMatch
from clipforge_gateway.kits import kit_of, shown
from clipforge_gateway.looks import Found
from clipforge_gateway.parts import CallerDep, PartsDep, SeedDep
from clipforge_gateway.problems import (
    CHANGED,
    CONFLICT,
    NOT_FOUND,
    UNCONDITIONAL,
    documented,
)

router = APIRouter(prefix="/v1/brand-kits", tags=["brands"])

KitId = Annotated[str, Path(max_length=64, pattern=r"^kit_[a-z0-9]{26}$")]


@router.post(
    "",
    operation_id="createBrandKit",
    summary="Make a brand kit",
    status_code=201,
    responses=documented(CONFLICT),
)
async def create(
    body: SaveBrandKit, parts: PartsDep, caller: CallerDep, response: Response, seed: SeedDep
) -> BrandKitView:
    """Its files have to be ready. Exports name it by `brand_kit_id`."""
    kit = await kit_of(parts, caller, body, seed.id("kit"), 1)
    fact = BrandKitSaved(project=looks.owner(caller), kit_id=kit.kit_id, name=kit.name, kit=kit)
    response.headers["Location"] = f"/v1/brand-kits/{kit.kit_id}"
    return _view(await looks.create(parts, caller, "kit", fact, response))


@router.get(
    "", operation_id="listBrandKits", summary="Brand kits, newest first", responses=documented()
)
async def list_kits(
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[BrandKitView]:
    page = await looks.page(parts, caller, "kit", after=cursors.read(cursor), limit=limit)
    return schemas.PageView(
        items=[_view(looks.of_row(row)) for row in page.rows], next=cursors.write(page.next)
    )


@router.get(
    "/{kit_id}", operation_id="getBrandKit", summary="A brand kit", responses=documented(NOT_FOUND)
)
async def get(
    kit_id: KitId, parts: PartsDep, caller: CallerDep, response: Response
) -> BrandKitView:
    found = await looks.find(parts, caller, "kit", kit_id)
    looks.tag(parts, response, found.sequence)
    return _view(found)


@router.get(
    "/{kit_id}/versions",
    operation_id="listBrandKitVersions",
    summary="What a brand kit was, newest first",
    responses=documented(NOT_FOUND),
)
async def list_versions(
    kit_id: KitId,
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[BrandKitVersionView]:
    page = await looks.versions(
        parts, caller, "kit", kit_id, after=cursors.read(cursor), limit=limit
    )
    return schemas.PageView(
        items=[_version(row) for row in page.rows], next=cursors.write(page.next)
    )


@router.put(
    "/{kit_id}",
    operation_id="updateBrandKit",
    summary="Change a brand kit",
    responses=documented(NOT_FOUND, CONFLICT, CHANGED, UNCONDITIONAL),
)
async def update(  # the whole kit, as GET shows it
    kit_id: KitId,
    body: SaveBrandKit,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    if_match: IfMatch = "",
) -> BrandKitView:
    """Another version. What was asked for before is rendered with the kit as it was then."""
    found = await looks.find(parts, caller, "kit", kit_id)
    kit = await kit_of(parts, caller, body, kit_id, found.body.version + 1)
    fact = BrandKitSaved(project=looks.owner(caller), kit_id=kit_id, name=kit.name, kit=kit)
    return _view(
        await looks.update(parts, caller, found, fact, if_match=if_match, response=response)
    )


@router.delete(
    "/{kit_id}",
    operation_id="deleteBrandKit",
    summary="Delete a brand kit",
    status_code=204,
    responses=documented(NOT_FOUND, CHANGED),
)
async def delete(kit_id: KitId, parts: PartsDep, caller: CallerDep, if_match: IfMatch = "") -> None:
    """Its files stay, for other kits. Clips that were rendered with it stay, too."""
    found = await looks.find(parts, caller, "kit", kit_id)
    kit: BrandKit = found.body
    fact = BrandKitSaved(project=looks.owner(caller), kit_id=kit_id, name=kit.name, kit=kit)
    await looks.delete(parts, caller, found, fact, if_match)


def _view(found: Found) -> BrandKitView:
    kit: BrandKit = found.body
    return BrandKitView(
        id=kit.kit_id,
        version=kit.version,
        created_at=found.created_at,
        updated_at=found.updated_at,
        **shown(kit),
    )


def _version(row: LookVersion) -> BrandKitVersionView:
    kit = SaveBrandKit(**shown(looks.message(row)))
    return BrandKitVersionView(version=row.version, saved_at=row.saved_at, kit=kit)
