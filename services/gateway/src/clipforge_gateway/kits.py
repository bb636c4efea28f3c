"""From what a request says of a brand kit to the kit itself, and back."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import ParseDict

from clipforge.v1.common_pb2 import BrandAsset, BrandKit, BrandPicture
from clipforge_catalog.queries import brand_assets
from clipforge_catalog.tables import BrandAsset as Row
from clipforge_catalog.tables import BrandAssetState
from clipforge_gateway.auth import Caller
from clipforge_gateway.brand_schemas import Colours, Picture, SaveBrandKit
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import CONFLICT, INVALID, Problem

KINDS = {"font_id": "font", "intro_id": "film", "outro_id": "film"}


async def kit_of(
    parts: Parts, caller: Caller, body: SaveBrandKit, kit_id: str, version: int
) -> BrandKit:
    """The kit with its files by value. A Problem where one of them is not there, or no good."""
    if body.logo and body.watermark and body.logo.corner == body.watermark.corner:
        raise Problem(INVALID, "`logo` and `watermark` lie in the same corner: move one of them.")
    wanted = {
        "logo": (body.logo.asset_id if body.logo else None, "picture"),
        "watermark": (body.watermark.asset_id if body.watermark else None, "picture"),
        **{name: (getattr(body, name), kind) for name, kind in KINDS.items()},
    }
    async with parts.sessions() as session:
        known = await brand_assets.among(
            session, caller.tenant_id, [id_ for id_, _ in wanted.values() if id_]
        )
    files = {name: _good(known, name, id_, kind) for name, (id_, kind) in wanted.items() if id_}
    return BrandKit(
        kit_id=kit_id,
        version=version,
        name=body.name,
        text_colour=body.colours.text or "",
        highlight_colour=body.colours.highlight or "",
        background_colour=body.colours.background or "",
        logo=_picture(body.logo, files.get("logo")),
        watermark=_picture(body.watermark, files.get("watermark")),
        font=files.get("font_id"),
        intro=files.get("intro_id"),
        outro=files.get("outro_id"),
        caption_position=body.caption_position or "",
    )


def shown(kit: BrandKit) -> dict[str, Any]:
    """The fields of a SaveBrandKit."""
    return {
        "name": kit.name,
        "colours": colours_of(kit),
        "logo": _placed(kit.logo),
        "watermark": _placed(kit.watermark),
        "font_id": kit.font.asset_id or None,
        "intro_id": kit.intro.asset_id or None,
        "outro_id": kit.outro.asset_id or None,
        "caption_position": kit.caption_position or None,
    }


def colours_of(look: Any) -> Colours:
    """Of a kit or a caption style."""
    return Colours(
        text=look.text_colour or None,
        highlight=look.highlight_colour or None,
        background=look.background_colour or None,
    )


def _good(known: Mapping[str, Row], name: str, asset_id: str, kind: str) -> BrandAsset:
    row = known.get(asset_id)
    if row is None:
        raise Problem(INVALID, f"`{name}`: there is no file of this id in your brand.")
    if row.kind != kind:
        raise Problem(INVALID, f"`{name}` takes a {kind}, and this file is a {row.kind}.")
    if row.state == BrandAssetState.CHECKING:
        raise Problem(
            CONFLICT, f"`{name}`: this file is still being looked at. Wait until it is ready."
        )
    if row.state == BrandAssetState.REFUSED:
        raise Problem(CONFLICT, f"`{name}`: this file was refused. {row.failure_sentence}")
    return ParseDict(row.asset, BrandAsset())


def _picture(placed: Picture | None, asset: BrandAsset | None) -> BrandPicture | None:
    if placed is None or asset is None:
        return None
    return BrandPicture(
        asset=asset, corner=placed.corner, opacity=placed.opacity, scale=placed.scale
    )


def _placed(picture: BrandPicture) -> Picture | None:
    if not picture.asset.asset_id:
        return None
    return Picture.model_validate(
        {
            "asset_id": picture.asset.asset_id,
            "corner": picture.corner,
            "opacity": picture.opacity,
            "scale": picture.scale,
        }
    )
