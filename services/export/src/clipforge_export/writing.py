"""Lays the captions of an output, and their font, into the folder where it is rendered."""

import shutil
from pathlib import Path

from clipforge.v1.common_pb2 import RenderOptions
from clipforge_contracts.styles import Style
from clipforge_export import ass, captions, fonts
from clipforge_export.branding import Brand
from clipforge_export.canvas import CANVASES, Safe
from clipforge_export.captions import Said
from clipforge_export.look import in_font, position_of, style_of
from clipforge_runtime.errors import Permanent


def safe_of(render: RenderOptions) -> Safe:
    """The canvas of an output, with its captions where they are wanted."""
    return CANVASES[render.aspect].at(position_of(render))


def write_captions(
    render: RenderOptions, brand: Brand, spoken: list[Said], file: Path
) -> Style | None:
    """Write the ASS file, and say in which style; None where there is nothing to burn."""
    style = style_of(render)
    if style is None or not spoken:
        return None
    try:
        font = fonts.file(style.font, style.file)
    except FileNotFoundError as error:
        raise Permanent(
            f"The font of the caption style {render.style} is not installed here. "
            "Choose another style, or tell whoever runs this service.",
            reason="font-missing",
        ) from error
    metrics = fonts.metrics(font)
    if brand.font is not None:
        own = fonts.read(brand.font)
        style, metrics, font = in_font(style, own, metrics), own, brand.font
    safe = safe_of(render)
    text = ass.write(captions.cues(spoken, style, metrics, safe), style, metrics, safe)
    file.write_text(text, encoding="utf-8")
    place = file.parent / "fonts"
    place.mkdir(exist_ok=True)
    shutil.copyfile(font, place / font.name)
    return style
