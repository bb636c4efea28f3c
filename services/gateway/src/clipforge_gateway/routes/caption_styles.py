"""Caption styles: the built-in ones, and a tenant's own, in versions."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import CaptionStyle
from clipforge.v1.facts_pb2 import CaptionStyleSaved
from clipforge_catalog.tables import LookVersion
from clipforge_contracts.styles import STYLES
from clipforge_gateway import cursors, looks, previews, schemas
from clipforge_gateway.auth import Caller
from clipforge_gateway.brand_schemas import (
    BuiltInStyleView,
    CaptionStyleVersionView,
    CaptionStyleView,
    Colours,
    SaveCaptionStyle,
)
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.etags import IfMatch
from clipforge_gateway.kits import colours_of
from clipforge_gateway.looks import Found
from clipforge_gateway.parts import CallerDep, PartsDep, SeedDep
from clipforge_gateway.problems import (
    CHANGED,
    CONFLICT,
    NOT_FOUND,
    UNCONDITIONAL,
    documented,
)

router = APIRouter(prefix="/v1/caption-styles", tags=["brands"])

StyleId = Annotated[str, Path(max_length=64, pattern=r"^sty_[a-z0-9]{26}$")]


@router.get(
    "/built-in",
    operation_id="listBuiltInStyles",
    summary="The caption styles that everybody has",
    responses=documented(),
)
async def list_built_in(parts: PartsDep, caller: CallerDep) -> schemas.PageView[BuiltInStyleView]:
    """With what each is made of. A style of your own begins with one of them."""
    pictures = await previews.links(parts, caller, [CaptionStyle(base=name) for name in STYLES])
    return schemas.PageView(
        items=[
            BuiltInStyleView(
                name=name,
                font=style.file.partition(".")[0],
                size=style.size,
                animation=style.effect,
                colours=Colours(
                    text=style.base, highlight=style.active, background=style.box or style.edge
                ),
                words=style.words,
                lines=style.lines,
                upper_case=style.upper,
                preview_url=picture,
            )
            for (name, style), picture in zip(STYLES.items(), pictures, strict=True)
        ]
    )


@router.post(
    "",
    operation_id="createCaptionStyle",
    summary="Make a caption style of your own",
    status_code=201,
    responses=documented(CONFLICT),
)
async def create(
    body: SaveCaptionStyle, parts: PartsDep, caller: CallerDep, response: Response, seed: SeedDep
) -> CaptionStyleView:
    """A built-in style with changes. Exports name it as their `style`."""
    fact = _fact(caller, body, seed.id("sty"), 1)
    response.headers["Location"] = f"/v1/caption-styles/{fact.style.style_id}"
    return _view(await looks.create(parts, caller, "style", fact, response))


@router.get(
    "",
    operation_id="listCaptionStyles",
    summary="Caption styles of your own, newest first",
    responses=documented(),
)
async def list_styles(
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[CaptionStyleView]:
    page = await looks.page(parts, caller, "style", after=cursors.read(cursor), limit=limit)
    return schemas.PageView(
        items=[_view(looks.of_row(row)) for row in page.rows], next=cursors.write(page.next)
    )


@router.get(
    "/{style_id}",
    operation_id="getCaptionStyle",
    summary="A caption style of your own",
    responses=documented(NOT_FOUND),
)
async def get(
    style_id: StyleId, parts: PartsDep, caller: CallerDep, response: Response
) -> CaptionStyleView:
    """With its picture, as soon as one has been rendered."""
    found = await looks.find(parts, caller, "style", style_id)
    looks.tag(parts, response, found.sequence)
    [picture] = await previews.links(parts, caller, [found.body])
    return _view(found).model_copy(update={"preview_url": picture})


@router.get(
    "/{style_id}/versions",
    operation_id="listCaptionStyleVersions",
    summary="What a caption style was, newest first",
    responses=documented(NOT_FOUND),
)
async def list_versions(
    style_id: StyleId,
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[CaptionStyleVersionView]:
    page = await looks.versions(
        parts, caller, "style", style_id, after=cursors.read(cursor), limit=limit
    )
    return schemas.PageView(
        items=[_version(row) for row in page.rows], next=cursors.write(page.next)
    )


@router.put(
    "/{style_id}",
    operation_id="updateCaptionStyle",
    summary="Change a caption style of your own",
    responses=documented(NOT_FOUND, CHANGED, UNCONDITIONAL),
)
async def update(  # the whole style, as GET shows it
    style_id: StyleId,
    body: SaveCaptionStyle,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    if_match: IfMatch = "",
) -> CaptionStyleView:
    """Another version. What was asked for before is rendered as the style was then."""
    found = await looks.find(parts, caller, "style", style_id)
    fact = _fact(caller, body, style_id, found.body.version + 1)
    return _view(
        await looks.update(parts, caller, found, fact, if_match=if_match, response=response)
    )


@router.delete(
    "/{style_id}",
    operation_id="deleteCaptionStyle",
    summary="Delete a caption style of your own",
    status_code=204,
    responses=documented(NOT_FOUND, CHANGED),
)
async def delete(
    style_id: StyleId, parts: PartsDep, caller: CallerDep, if_match: IfMatch = ""
) -> None:
    """Clips that were rendered with it stay."""
    found = await looks.find(parts, caller, "style", style_id)
    fact = CaptionStyleSaved(project=looks.owner(caller), style=found.body)
    await looks.delete(parts, caller, found, fact, if_match)


def _fact(caller: Caller, body: SaveCaptionStyle, style_id: str, version: int) -> CaptionStyleSaved:
    return CaptionStyleSaved(
        project=looks.owner(caller),
        style=CaptionStyle(
            style_id=style_id,
            version=version,
            name=body.name,
            base=body.base,
            text_colour=body.colours.text or "",
            highlight_colour=body.colours.highlight or "",
            background_colour=body.colours.background or "",
            size=body.size or 0,
            animation=body.animation or "",
            position=body.position or "",
        ),
    )


def _shown(style: CaptionStyle) -> dict[str, Any]:
    """The fields of a SaveCaptionStyle."""
    return {
        "name": style.name,
        "base": style.base,
        "colours": colours_of(style),
        "size": style.size or None,
        "animation": style.animation or None,
        "position": style.position or None,
    }


def _view(found: Found) -> CaptionStyleView:
    style: CaptionStyle = found.body
    return CaptionStyleView(
        id=style.style_id,
        version=style.version,
        created_at=found.created_at,
        updated_at=found.updated_at,
        **_shown(style),
    )


def _version(row: LookVersion) -> CaptionStyleVersionView:
    style = SaveCaptionStyle(**_shown(looks.message(row)))
    return CaptionStyleVersionView(version=row.version, saved_at=row.saved_at, style=style)
