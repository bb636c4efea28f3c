"""The files of a brand kit, laid into the folder where a clip is rendered."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from clipforge.v1.common_pb2 import BrandAsset, BrandKit, RenderOptions
from clipforge_export.frame import Size
from clipforge_export.graph import FRAME_RATE, Film
from clipforge_export.render import gain
from clipforge_runtime.errors import Permanent
from clipforge_runtime.storage import NotFound, ObjectStore

EXTENSIONS = {"picture": "png", "font": "ttf", "film": "film"}


@dataclass(frozen=True)
class Brand:
    """A kit whose files are here."""

    kit: BrandKit
    font: Path | None = None
    intro: Film | None = None
    outro: Film | None = None


async def fetch(render: RenderOptions, folder: Path, store: ObjectStore) -> Brand:
    """Each file of its kit once, under a name that follows from the asset."""
    kit, target = render.kit, render.target_lufs
    wanted = {
        asset.key: asset
        for asset in (kit.logo.asset, kit.watermark.asset, kit.font, kit.intro, kit.outro)
        if asset.key and not (folder / file_of(asset)).exists()
    }
    try:
        await asyncio.gather(
            *(store.download(key, folder / file_of(asset)) for key, asset in wanted.items())
        )
    except NotFound as error:
        raise Permanent(
            f"A file of the brand kit {kit.name} is no longer stored. Change the kit, then ask for "
            "the export again.",
            reason="brand-file-gone",
        ) from error
    return Brand(
        kit,
        font=folder / file_of(kit.font) if kit.font.key else None,
        intro=_film(kit.intro, target),
        outro=_film(kit.outro, target),
    )


def file_of(asset: BrandAsset) -> str:
    """Its name in the folder."""
    return f"{asset.asset_id}.{EXTENSIONS[asset.kind]}"


def _film(asset: BrandAsset, target: float) -> Film | None:
    if not asset.key:
        return None
    return Film(
        file=file_of(asset),
        seconds=asset.duration_ms * FRAME_RATE // 1000 / FRAME_RATE,
        size=Size(asset.width, asset.height),
        gain_db=gain(asset.loudness_lufs, target),
        sound=asset.sound,
        hdr=asset.hdr,
    )
