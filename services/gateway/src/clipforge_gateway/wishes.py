"""How an export is to look: from what a request says to what is frozen in its fact."""

from dataclasses import dataclass
from typing import Any

from clipforge.v1.common_pb2 import Preset, RenderOptions
from clipforge_contracts.presets import PLATFORMS
from clipforge_gateway import looks, schemas
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import INVALID, NOT_FOUND, Problem

USUAL_LUFS = -14.0  # said by nobody, it is left out, and the export's id is what it always was


@dataclass(frozen=True)
class Wish:
    """A look, and how long a clip may be that is to have it."""

    render: RenderOptions
    max_clip_ms: int = 0  # 0: any length
    preset: str = ""

    def check(self, clip_ms: int) -> None:
        """A Problem where the clip is too long for it."""
        if self.max_clip_ms and clip_ms > self.max_clip_ms:
            raise Problem(
                INVALID,
                f"The preset {self.preset} takes clips of at most {self.max_clip_ms} ms, and this "
                f"one has {clip_ms}. Make the clip shorter.",
            )


async def wish_of(
    parts: Parts, caller: Caller, body: schemas.PresetOptions, *, usual_kit: str = ""
) -> Wish:
    """What a request says itself goes before what its preset says."""
    if not body.preset:
        return Wish(await render_options(parts, caller, body, usual_kit=usual_kit))
    preset = await _preset(parts, caller, body.preset)
    usual = {
        "aspect": preset.aspect,
        "style": preset.style,
        "quality": preset.quality,
        "height": preset.height,
        **({"brand_kit_id": preset.kit_id} if preset.kit_id else {}),
    }
    said = {name: getattr(body, name) for name in body.model_fields_set if name in _LOOK}
    look = schemas.RenderOptions.model_validate(usual | said)
    render = await render_options(parts, caller, look, usual_kit=usual_kit)
    if round(preset.target_lufs, 1) != USUAL_LUFS:
        render.target_lufs = preset.target_lufs
    return Wish(render, preset.max_clip_ms, body.preset)


async def render_options(
    parts: Parts, caller: Caller, body: schemas.RenderOptions, *, usual_kit: str = ""
) -> RenderOptions:
    """With the kit and the style as they are now. `usual_kit`: where the request names none."""
    style, caption = body.style, None
    if style.startswith("sty_"):
        caption = await _named(parts, caller, "style", style)
        style = caption.base
    kit = None
    if kit_id := usual_kit if body.brand_kit_id is None else body.brand_kit_id:
        usual = body.brand_kit_id is None
        kit = await _named(parts, caller, "kit", kit_id, missing_is_fine=usual)
    return RenderOptions(
        aspect=body.aspect,
        style=style,
        quality=body.quality,
        height=body.height,
        kit=kit,
        caption=caption,
    )


_LOOK = tuple(schemas.RenderOptions.model_fields)


async def _preset(parts: Parts, caller: Caller, name: str) -> Preset:
    platform = PLATFORMS.get(name)
    if platform is None:
        found: Preset = await _named(parts, caller, "preset", name)
        return found
    return Preset(
        name=platform.title,
        aspect=platform.aspect,
        style=platform.style,
        quality=platform.quality,
        height=platform.height,
        max_clip_ms=platform.max_clip_ms,
        target_lufs=platform.target_lufs,
    )


async def _named(
    parts: Parts, caller: Caller, kind: looks.Kind, id_: str, *, missing_is_fine: bool = False
) -> Any:
    try:
        return (await looks.find(parts, caller, kind, id_)).body
    except Problem as problem:
        if problem.kind is not NOT_FOUND:
            raise
        if missing_is_fine:
            return None
        raise Problem(INVALID, f"You have no {looks.CALLED[kind]} {id_}.") from problem
