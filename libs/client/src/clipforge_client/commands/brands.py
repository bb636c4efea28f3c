"""`clipforge brand`, `styles`, `presets` and `batch`: how clips look, and many of them at once."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands import options
from clipforge_client.commands.options import AsJson
from clipforge_client.errors import ClientError
from clipforge_client.models import Batch, BrandKit
from clipforge_client.terminal import (
    bars,
    note,
    print_done,
    print_json,
    print_list,
    print_table,
    say,
)

brand = typer.Typer(help="Brand kits, and the files that they show.", no_args_is_help=True)
KitArgument = Annotated[str, typer.Argument(metavar="KIT", help="Id, such as kit_01h...")]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
Position = Literal["top", "middle", "bottom"]
ColourOption = Annotated[str, typer.Option(metavar="#RRGGBB", help="Of captions.")]
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
    text: ColourOption = "",
    highlight: ColourOption = "",
    background: ColourOption = "",
    captions: Annotated[Position | None, typer.Option(metavar="top|middle|bottom")] = None,
    as_json: AsJson = False,
) -> None:
    """Upload the files of a brand, and make a kit of them."""
    colours = {"text": text, "highlight": highlight, "background": background}
    with Client() as client:
        kit: dict[str, Any] = {
            "colours": {part: colour for part, colour in colours.items() if colour},
            "caption_position": captions,
        }
        if logo:
            kit["logo"] = {"asset_id": _take(client, logo, "picture"), "corner": logo_corner}
        if watermark:
            kit["watermark"] = {
                "asset_id": _take(client, watermark, "picture"),
                "corner": watermark_corner,
                "opacity": 50,
                "scale": 10,
            }
        for field, file, kind in (
            ("font_id", font, "font"),
            ("intro_id", intro, "film"),
            ("outro_id", outro, "film"),
        ):
            if file:
                kit[field] = _take(client, file, kind)
        made = client.create_brand_kit(name, **kit)
    _show(made, as_json=as_json)


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
    asset_id: Annotated[str, typer.Argument(metavar="FILE", help="Id, such as bas_01h...")],
    as_json: AsJson = False,
) -> None:
    """Forget a file that no brand kit shows."""
    with Client() as client:
        client.delete_brand_asset(asset_id)
    print_done(f"{asset_id} is deleted.", as_json=as_json, id=asset_id, deleted=True)


def list_styles(as_json: AsJson = False) -> None:
    """List caption styles: the built-in ones, and your own."""
    with Client() as client:
        built_in, own = client.built_in_styles(), list(client.caption_styles())
    if as_json:
        print_json([one.model_dump(mode="json") for one in (*built_in, *own)])
        return
    rows = [(one.name, "", one.font, one.animation) for one in built_in]
    rows += [(one.id, one.name, one.base, one.animation or "") for one in own]
    print_table(("style", "name", "font or base", "animation"), rows, nothing="")


def list_presets(as_json: AsJson = False) -> None:
    """List presets: those of platforms, and your own."""
    with Client() as client:
        platforms, own = client.built_in_presets(), list(client.presets())
    if as_json:
        print_json([one.model_dump(mode="json") for one in (*platforms, *own)])
        return
    rows = [(one.preset, one.name, one.aspect, one.style) for one in platforms]
    rows += [(one.id, one.name, one.aspect, one.style) for one in own]
    print_table(("preset", "name", "shape", "style"), rows, nothing="")


def batch(
    clip_ids: Annotated[
        list[str], typer.Argument(metavar="CLIP...", help="Ids, such as clip_01h...")
    ],
    aspect: Annotated[list[str] | None, typer.Option(metavar="SHAPE", help="Once or more.")] = None,
    style: Annotated[list[str] | None, typer.Option(metavar="STYLE", help="Once or more.")] = None,
    preset: Annotated[
        list[str] | None, typer.Option(metavar="PRESET", help="In their place, once or more.")
    ] = None,
    quality: options.QualityOption = "standard",
    kit: Annotated[str, typer.Option(metavar="KIT", help="Brand kit.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Return when all is over, or at once.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Render clips in every shape and style, or for every preset."""
    lists = {"aspects": aspect, "styles": style, "presets": preset}
    looks: dict[str, Any] = {name: given for name, given in lists.items() if given}
    if kit:
        looks["brand_kit_id"] = kit
    with Client() as client:
        asked = client.create_batch(clip_ids, quality=quality, **looks)
        if wait:
            asked = _over(client, asked)
        # They come newest first, and were asked for in this order.
        found = list(client.exports(batch_id=asked.id, limit=100))[::-1]
    if as_json:
        print_json(
            {
                **asked.model_dump(mode="json"),
                "exports": [one.model_dump(mode="json") for one in found],
            }
        )
    else:
        note(f"{asked.id}: {', '.join(f'{n} {state}' for state, n in asked.counts.items() if n)}")
        for one in found:
            place = one.files.get("clip") or (one.failure.sentence if one.failure else one.state)
            say(f"{one.id}  {one.aspect:<5} {one.style:<10} {place}")
    if asked.over and asked.counts.get("failed"):
        raise ClientError(f"{asked.counts['failed']} of {len(asked.export_ids)} failed.")


def _over(client: Client, batch: Batch) -> Batch:
    with bars() as shown:
        bar = shown.add_task("exports", total=len(batch.export_ids), step="")

        def on_change(seen: Batch) -> None:
            done = len(seen.export_ids) - seen.counts.get("waiting", 0)
            shown.update(bar, completed=done, step=f"{done} of {len(seen.export_ids)}")

        return client.wait_for_batch(batch.id, on_change)


def _take(client: Client, file: Path, kind: str) -> str:
    """Upload a file and wait until a worker has looked at it; its id."""
    upload = client.upload(file)
    asset = client.create_brand_asset(kind, upload.id)
    asset = client.wait_for_brand_asset(asset.id)
    if asset.failure:
        raise ClientError(f"{file}: {asset.failure.sentence}")
    return asset.id


def _show(kit: BrandKit, *, as_json: bool) -> None:
    if as_json:
        print_json(kit.model_dump(mode="json"))
    else:
        say(kit.id)
        note(f"Export with it: clipforge export CLIP --kit {kit.id}")
