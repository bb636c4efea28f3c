"""How the captions of one export look: a named style, as a tenant's own and his kit change it."""

from dataclasses import replace
from typing import Final

from clipforge.v1.common_pb2 import RenderOptions
from clipforge_contracts.styles import STYLES, Style
from clipforge_export.fonts import Metrics

DARK: Final = "#111111"  # a box behind words of a style that has none, unless a colour is given


def style_of(render: RenderOptions) -> Style | None:
    """The style to burn; None where captions are not wanted. The kit's colours win."""
    style = STYLES.get(render.style)
    if style is None:
        return None
    own = render.caption
    if own.size:
        style = replace(style, size=own.size)
    if own.animation:
        style = _animated(style, STYLES[own.animation])
    for change in (own, render.kit):
        style = _coloured(
            style, change.text_colour, change.highlight_colour, change.background_colour
        )
    return style


def position_of(render: RenderOptions) -> str:
    """Where captions stand; empty: where the canvas has them."""
    return render.kit.caption_position or render.caption.position


def in_font(style: Style, own: Metrics, usual: Metrics) -> Style:
    """The style in another font, its letters as large: a font size is the height of the cell."""
    size = style.size * (own.cell / own.units) / (usual.cell / usual.units)
    return replace(style, size=round(size), file="")  # it is as bold as it is


def _coloured(style: Style, text: str, highlight: str, background: str) -> Style:
    return replace(
        style,
        base=text or style.base,
        active=highlight or style.active,
        box=(background or style.box) if style.box else "",
        edge=style.edge if style.box else background or style.edge,
    )


def _animated(style: Style, other: Style) -> Style:
    """With the movement of another style, and what that cannot do without."""
    box = (style.box or DARK) if other.box else ""
    lines = (other.words, other.lines) if other.effect == "single" else (style.words, style.lines)
    return replace(style, effect=other.effect, box=box, words=lines[0], lines=lines[1])
