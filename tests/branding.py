"""A brand kit in tests: its files, made by ffmpeg, in a store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipforge.v1 import common_pb2 as common
from clipforge_contracts import ids, keys
from clipforge_export import fonts
from clipforge_runtime.storage import ObjectStore
from exporting import loudness, make
from samples import TENANT

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
COLOURS = {"text": "#FFFFFF", "highlight": "#00E5C8", "background": "#102A43"}


@dataclass(frozen=True)
class Files:
    """What a tenant would upload."""

    logo: Path  # green, 200x100
    mark: Path  # white, 100x100
    intro: Path  # red, 640x360 at 24 fps, mono at 22,050 Hz and quieter, 1 s
    outro: Path  # blue, 360x640 at 50 fps, without sound, 0.5 s
    font: Path


def files(folder: Path) -> Files:
    """Make them; none is like the clip that it is joined to."""
    return Files(
        logo=_picture(folder / "logo.png", "0x00FF00", "200x100"),
        mark=_picture(folder / "mark.png", "white", "100x100"),
        intro=make(
            folder / "intro.mp4",
            *("-f", "lavfi", "-i", "color=red:size=640x360:rate=24:duration=1"),
            *("-f", "lavfi", "-i", "sine=frequency=440:duration=1:sample_rate=22050"),
            *("-af", "volume=-9dB", *X264, "-c:a", "aac", "-ac", "1"),
        ),
        outro=make(
            folder / "outro.mp4",
            *("-f", "lavfi", "-i", "color=blue:size=360x640:rate=50:duration=0.5", *X264),
        ),
        font=fonts.file("luckiest_guy", "LuckiestGuy-Regular.ttf"),
    )


async def kit(store: ObjectStore, files: Files) -> common.BrandKit:
    """Everything at once, as a worker has laid it out."""
    intro = await _asset(store, files.intro, "film", width=640, height=360, duration_ms=1000)
    intro.sound, intro.loudness_lufs = True, loudness(files.intro)
    outro = await _asset(store, files.outro, "film", width=360, height=640, duration_ms=500)
    return common.BrandKit(
        kit_id=ids.derive("kit", "sample"),
        version=1,
        name="Ours",
        text_colour=COLOURS["text"],
        highlight_colour=COLOURS["highlight"],
        background_colour=COLOURS["background"],
        logo=common.BrandPicture(
            asset=await _asset(store, files.logo, "picture", width=200, height=100),
            corner="top-left",
            opacity=100,
            scale=20,
        ),
        watermark=common.BrandPicture(
            asset=await _asset(store, files.mark, "picture", width=100, height=100),
            corner="top-right",
            opacity=50,
            scale=10,
        ),
        font=await _asset(store, files.font, "font"),
        intro=intro,
        outro=outro,
    )


async def _asset(store: ObjectStore, file: Path, kind: str, **more: Any) -> common.BrandAsset:
    key = keys.brand(TENANT, keys.address(file=file.name), kind)
    await store.upload(key, file, content_type="application/octet-stream")
    return common.BrandAsset(
        asset_id=ids.derive("bas", file.name),
        kind=kind,
        key=key,
        name=file.stem,
        bytes=file.stat().st_size,
        **more,
    )


def _picture(to: Path, colour: str, size: str) -> Path:
    return make(to, "-f", "lavfi", "-i", f"color={colour}:size={size}", "-frames:v", "1")
