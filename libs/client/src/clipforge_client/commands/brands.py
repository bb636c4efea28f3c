"""`clipforge brand`: brand kits, and the files that they show."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import brand_file_ids, kit_ids
from clipforge_client.commands.looks import ColourOption, Position, colours_of, print_versions
from clipforge_client.commands.options import AsJson
from clipforge_client.errors import ClientError
from clipforge_client.models import BrandKit
from clipforge_client.terminal import note, print_done, print_json, print_list, say

brand = typer.Typer(help="Brand kits, and the files that they show.", no_args_is_help=True)
KitArgument = Annotated[
    str,
    typer.Argument(metavar="KIT", help="Id, such as kit_01h...", autocompletion=kit_ids),
]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
FAINT: Final = {"opacity": 50, "scale": 10}  # percent: how a watermark is shown
FileOption = Annotated[Path | None, typer.Option(metavar="FILE")]


@brand.command("create")
def create_kit(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the kit.")],
    logo: FileOption = None,
    logo_corner: Annotated[Corner, typer.Option(metavar="CORNER")] = "top-left",
    watermark: FileOption = None,
    watermark_corner: Annotated[Corner, typer.Option(metavar="CORNER")] = "top-right",
    font: FileOption = None,
    intro: FileOption = None,
    outro: FileOption = None,
    text: ColourOption = None,
    highlight: ColourOption = None,
    background: ColourOption = None,
    captions: Annotated[Position | None, typer.Option(metavar="top|middle|bottom")] = None,
    as_json: AsJson = False,
) -> None:
    """Upload the files of a brand, and make a kit of them."""
    with Client() as client:
        kit: dict[str, Any] = {
            "colours": colours_of({}, text=text, highlight=highlight, background=background),
            "caption_position": captions,
        }
        if logo:
            kit["logo"] = {"asset_id": take(client, logo, "picture"), "corner": logo_corner}
        if watermark:
            taken = take(client, watermark, "picture")
            kit["watermark"] = {**FAINT, "asset_id": taken, "corner": watermark_corner}
        for field, file, kind in (
            ("font_id", font, "font"),
            ("intro_id", intro, "film"),
            ("outro_id", outro, "film"),
        ):
            if file:
                kit[field] = take(client, file, kind)
        made = client.create_brand_kit(name, **kit)
    show_made(made, as_json=as_json)


@brand.command("list")
def list_kits(as_json: AsJson = False) -> None:
    """List the brand kits."""
    with Client() as client:
        found = list(client.brand_kits())
    print_list(
        found,
        ("id", "version", "name"),
        lambda one: (one.id, str(one.version), one.name),
        nothing="There are no brand kits.",
        as_json=as_json,
    )


@brand.command("show")
def show_kit(kit_id: KitArgument, _: AsJson = False) -> None:
    """Print a brand kit as JSON."""
    with Client() as client:
        print_json(client.brand_kit(kit_id).model_dump(mode="json"))


@brand.command("versions")
def list_versions(kit_id: KitArgument, as_json: AsJson = False) -> None:
    """List what a brand kit was, newest first."""
    with Client() as client:
        found = list(client.brand_kit_versions(kit_id))
    print_versions(found, as_json=as_json)


@brand.command("delete")
def delete_kit(kit_id: KitArgument, as_json: AsJson = False) -> None:
    """Forget a brand kit. Its files stay, for other kits."""
    with Client() as client:
        client.delete_brand_kit(kit_id)
    print_done(f"{kit_id} is deleted.", as_json=as_json, id=kit_id, deleted=True)


@brand.command("files")
def list_files(as_json: AsJson = False) -> None:
    """List the files of the brand."""
    with Client() as client:
        found = list(client.brand_assets())
    print_list(
        found,
        ("id", "kind", "state", "name"),
        lambda one: (one.id, one.kind, one.state, one.name),
        nothing="There are no files.",
        as_json=as_json,
    )


@brand.command("delete-file")
def delete_file(
    asset_id: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Id, such as bas_01h...", autocompletion=brand_file_ids
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Forget a file that no brand kit shows."""
    with Client() as client:
        client.delete_brand_asset(asset_id)
    print_done(f"{asset_id} is deleted.", as_json=as_json, id=asset_id, deleted=True)


def take(client: Client, file: Path, kind: str) -> str:
    """Upload a file and wait until a worker has looked at it; its id."""
    upload = client.upload(file)
    asset = client.create_brand_asset(kind, upload.id)
    asset = client.wait_for_brand_asset(asset.id)
    if asset.failure:
        raise ClientError(f"{file}: {asset.failure.sentence}")
    return asset.id


def show_made(kit: BrandKit, *, as_json: bool) -> None:
    """The id, for exports with it."""
    if as_json:
        print_json(kit.model_dump(mode="json"))
    else:
        say(kit.id)
        note(f"Export with it: clipforge export CLIP --kit {kit.id}")
