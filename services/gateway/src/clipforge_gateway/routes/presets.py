"""Presets: what platforms take, and a tenant's own ways to ask for an export, in versions."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import Preset
from clipforge.v1.facts_pb2 import PresetSaved
from clipforge_catalog.tables import LookVersion
from clipforge_contracts.presets import PLATFORMS
from clipforge_gateway import cursors, looks, schemas, wishes
from clipforge_gateway.auth import Caller
from clipforge_gateway.brand_schemas import (
    MarginsView,
    PlatformPresetView,
    PresetVersionView,
    PresetView,
    SavePreset,
)
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.etags import IfMatch
from clipforge_gateway.looks import Found
from clipforge_gateway.parts import CallerDep, PartsDep, SeedDep
from clipforge_gateway.problems import (
    CHANGED,
    CONFLICT,
    NOT_FOUND,
    UNCONDITIONAL,
    documented,
)

router = APIRouter(prefix="/v1/presets", tags=["brands"])

PresetId = Annotated[str, Path(max_length=64, pattern=r"^pst_[a-z0-9]{26}$")]


@router.get(
    "/built-in",
    operation_id="listBuiltInPresets",
    summary="What the platforms take",
    responses=documented(),
)
async def list_built_in(parts: PartsDep, caller: CallerDep) -> schemas.PageView[PlatformPresetView]:
    """Exports name one as their `preset`; what they say themselves goes before it."""
    return schemas.PageView(
        items=[
            PlatformPresetView(
                preset=name,
                name=platform.title,
                aspect=platform.aspect,
                style=platform.style,
                quality=platform.quality,
                height=platform.height,
                max_clip_ms=platform.max_clip_ms,
                target_lufs=platform.target_lufs,
                margins=MarginsView(**vars(platform.margins)),
            )
            for name, platform in PLATFORMS.items()
        ]
    )


@router.post(
    "",
    operation_id="createPreset",
    summary="Make a preset of your own",
    status_code=201,
    responses=documented(CONFLICT),
)
async def create(
    body: SavePreset, parts: PartsDep, caller: CallerDep, response: Response, seed: SeedDep
) -> PresetView:
    """Exports name it as their `preset`."""
    fact = await _fact(parts, caller, body, seed.id("pst"), 1)
    response.headers["Location"] = f"/v1/presets/{fact.preset.preset_id}"
    return _view(await looks.create(parts, caller, "preset", fact, response))


@router.get(
    "",
    operation_id="listPresets",
    summary="Presets of your own, newest first",
    responses=documented(),
)
async def list_presets(
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[PresetView]:
    page = await looks.page(parts, caller, "preset", after=cursors.read(cursor), limit=limit)
    return schemas.PageView(
        items=[_view(looks.of_row(row)) for row in page.rows], next=cursors.write(page.next)
    )


@router.get(
    "/{preset_id}",
    operation_id="getPreset",
    summary="A preset of your own",
    responses=documented(NOT_FOUND),
)
async def get(
    preset_id: PresetId, parts: PartsDep, caller: CallerDep, response: Response
) -> PresetView:
    found = await looks.find(parts, caller, "preset", preset_id)
    looks.tag(parts, response, found.sequence)
    return _view(found)


@router.get(
    "/{preset_id}/versions",
    operation_id="listPresetVersions",
    summary="What a preset was, newest first",
    responses=documented(NOT_FOUND),
)
async def list_versions(
    preset_id: PresetId,
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[PresetVersionView]:
    page = await looks.versions(
        parts, caller, "preset", preset_id, after=cursors.read(cursor), limit=limit
    )
    return schemas.PageView(
        items=[_version(row) for row in page.rows], next=cursors.write(page.next)
    )


@router.put(
    "/{preset_id}",
    operation_id="updatePreset",
    summary="Change a preset of your own",
    responses=documented(NOT_FOUND, CHANGED, UNCONDITIONAL),
)
async def update(  # the whole preset, as GET shows it
    preset_id: PresetId,
    body: SavePreset,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    if_match: IfMatch = "",
) -> PresetView:
    """Another version, for what is asked for from now on."""
    found = await looks.find(parts, caller, "preset", preset_id)
    fact = await _fact(parts, caller, body, preset_id, found.body.version + 1)
    return _view(
        await looks.update(parts, caller, found, fact, if_match=if_match, response=response)
    )


@router.delete(
    "/{preset_id}",
    operation_id="deletePreset",
    summary="Delete a preset of your own",
    status_code=204,
    responses=documented(NOT_FOUND, CHANGED),
)
async def delete(
    preset_id: PresetId, parts: PartsDep, caller: CallerDep, if_match: IfMatch = ""
) -> None:
    found = await looks.find(parts, caller, "preset", preset_id)
    fact = PresetSaved(project=looks.owner(caller), preset=found.body)
    await looks.delete(parts, caller, found, fact, if_match)


async def _fact(
    parts: PartsDep, caller: Caller, body: SavePreset, preset_id: str, version: int
) -> PresetSaved:
    look = schemas.RenderOptions(style=body.style, brand_kit_id=body.brand_kit_id or "")
    await wishes.render_options(parts, caller, look)  # that its style and its kit are there
    return PresetSaved(
        project=looks.owner(caller),
        preset=Preset(
            preset_id=preset_id,
            version=version,
            name=body.name,
            aspect=body.aspect,
            style=body.style,
            quality=body.quality,
            height=body.height,
            kit_id=body.brand_kit_id or "",
            max_clip_ms=body.max_clip_ms,
            target_lufs=body.target_lufs,
        ),
    )


def _shown(preset: Preset) -> dict[str, Any]:
    """The fields of a SavePreset."""
    return {
        "name": preset.name,
        "aspect": preset.aspect,
        "style": preset.style,
        "quality": preset.quality,
        "height": preset.height,
        "brand_kit_id": preset.kit_id or None,
        "max_clip_ms": preset.max_clip_ms,
        "target_lufs": round(preset.target_lufs, 1),
    }


def _view(found: Found) -> PresetView:
    preset: Preset = found.body
    return PresetView(
        id=preset.preset_id,
        version=preset.version,
        created_at=found.created_at,
        updated_at=found.updated_at,
        **_shown(preset),
    )


def _version(row: LookVersion) -> PresetVersionView:
    preset = SavePreset(**_shown(looks.message(row)))
    return PresetVersionView(version=row.version, saved_at=row.saved_at, preset=preset)
