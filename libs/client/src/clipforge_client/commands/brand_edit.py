"""`clipforge brand edit`: another version of a kit, with what is named changed."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from clipforge_client.client import Client
from clipforge_client.commands.brands import FAINT, Corner, KitArgument, brand, show_made, take
from clipforge_client.commands.looks import (
    GONE,
    NONE,
    ColourOption,
    NameOption,
    PositionOrNone,
    amended,
    colours_of,
    or_gone,
)
from clipforge_client.commands.options import AsJson

__all__ = ["brand", "edit_kit"]

FILES: Final = {"font_id": "font", "intro_id": "film", "outro_id": "film"}
NOTHING: Final = Path(NONE)
FileOrNone = Annotated[
    Path | None, typer.Option(metavar="FILE", show_default=False, help="Another one, or none.")
]
CornerOption = Annotated[Corner | None, typer.Option(metavar="CORNER", show_default=False)]


@brand.command("edit")
def edit_kit(
    kit_id: KitArgument,
    name: NameOption = None,
    logo: FileOrNone = None,
    logo_corner: CornerOption = None,
    watermark: FileOrNone = None,
    watermark_corner: CornerOption = None,
    font: FileOrNone = None,
    intro: FileOrNone = None,
    outro: FileOrNone = None,
    text: ColourOption = None,
    highlight: ColourOption = None,
    background: ColourOption = None,
    captions: Annotated[
        PositionOrNone | None, typer.Option(metavar="top|middle|bottom|none", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of a brand kit; the rest stays. `none` takes something away."""
    with Client() as client:
        kit = client.brand_kit(kit_id)
        colours = colours_of(kit.colours, text=text, highlight=highlight, background=background)
        changes: dict[str, Any] = {
            "name": name,
            "logo": _picture(client, kit.logo, logo, logo_corner, {}),
            "watermark": _picture(client, kit.watermark, watermark, watermark_corner, FAINT),
            "colours": colours if colours != kit.colours else None,
            "caption_position": or_gone(captions),
        }
        for (field, kind), file in zip(FILES.items(), (font, intro, outro), strict=True):
            changes[field] = _file(client, file, kind)
        made = client.update_brand_kit(kit, **amended(kit, **changes))
    show_made(made, as_json=as_json)


def _file(client: Client, file: Path | None, kind: str) -> Any:
    """The id of another file, as `amended` takes it."""
    if file is None or file == NOTHING:
        return file and GONE
    return take(client, file, kind)


def _picture(
    client: Client,
    known: dict[str, Any] | None,
    file: Path | None,
    corner: str | None,
    fresh: dict[str, Any],
) -> Any:
    """The same of a picture, which keeps its place where only the file is another one."""
    if file == NOTHING:
        return GONE
    if file is None and corner is None:
        return None
    if file is None and known is None:
        raise typer.BadParameter("There is no picture to move there: name its file, too.")
    placed = {**(known or {"corner": "top-left", **fresh})}
    if corner:
        placed["corner"] = corner
    return {**placed, "asset_id": take(client, file, "picture")} if file else placed
