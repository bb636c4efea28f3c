"""What is asked for: each output with its frame, and the content address that follows from it."""

from dataclasses import dataclass
from typing import Any, Final

from clipforge.v1.common_pb2 import BrandKit, BrandPicture, CaptionStyle, RenderOptions
from clipforge.v1.facts_pb2 import ExportRequested
from clipforge_contracts import keys
from clipforge_contracts.documents import as_dict
from clipforge_contracts.plans import Plan
from clipforge_export.frame import Framing, Size, framing
from clipforge_export.graph import FRAME_RATE
from clipforge_runtime.errors import Permanent

RESULT_VERSION: Final = 3
FRAME_MS: Final = 1000 / FRAME_RATE
NAMES: Final = ("kit_id", "style_id", "version", "name")  # of what looks the same by any name


@dataclass(frozen=True)
class Wish:
    """One output."""

    export_id: str
    render: RenderOptions
    frame: Framing
    address: str


def span(request: ExportRequested) -> tuple[int, int]:
    """In and out point in ms, on the frame grid and within the film."""
    start = round(round(request.clip.start_ms / FRAME_MS) * FRAME_MS)
    end = min(request.clip.end_ms, request.media.duration_ms)
    if end - start < FRAME_MS:
        raise Permanent(
            "This clip lies outside of its film. Choose other in and out points.",
            reason="outside-of-film",
        )
    return start, end


def wish(request: ExportRequested, export_id: str, render: RenderOptions) -> Wish:
    """An output of the clip, and where it goes: the same wish, the same address."""
    frame = framing(
        Size(request.media.width, request.media.height),
        render.aspect,
        plan=Plan.read(request.project.plan),
        height=render.height,
    )
    address = keys.address(
        source=request.source_key,
        transcript=request.transcript_key,
        span=[*span(request)],
        look=[render.aspect, render.style, render.quality],
        size=[frame.output.width, frame.output.height],
        result_version=RESULT_VERSION,
        **_own(render),
    )
    return Wish(export_id, render, frame, address)


def _own(render: RenderOptions) -> dict[str, Any]:
    """What a kit and a style of the tenant's own add, without what cannot be seen or heard."""
    found: dict[str, Any] = {"lufs": render.target_lufs} if render.target_lufs else {}
    if render.HasField("caption"):
        found["caption"] = _unnamed(render.caption)
    if render.HasField("kit"):
        kit = render.kit
        found["kit"] = _unnamed(kit) | {
            "logo": _placed(kit.logo),
            "watermark": _placed(kit.watermark),
            "font": kit.font.key,
            "intro": kit.intro.key,
            "outro": kit.outro.key,
        }
    return found


def _unnamed(look: BrandKit | CaptionStyle) -> dict[str, Any]:
    return {name: value for name, value in as_dict(look).items() if name not in NAMES}


def _placed(picture: BrandPicture) -> list[str | int]:
    return [picture.asset.key, picture.corner, picture.opacity, picture.scale]
