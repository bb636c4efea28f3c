"""`clipforge styles`: caption styles, those that everybody has and your own."""

from typing import Annotated, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import style_ids
from clipforge_client.commands.listing import Listing
from clipforge_client.commands.looks import (
    ColourOption,
    NameOption,
    Position,
    PositionOrNone,
    amended,
    colours_of,
    or_gone,
    print_versions,
)
from clipforge_client.commands.options import AsJson
from clipforge_client.models import CaptionStyle
from clipforge_client.terminal import note, print_done, print_json, print_table, say

styles = typer.Typer(
    help="List caption styles: the built-in ones, and your own. Make and change your own.",
    cls=Listing,
    invoke_without_command=True,
)
BuiltIn = Literal["pop", "karaoke", "boxed", "single", "build", "neon", "minimal", "bar"]
BuiltInOrNone = Literal[
    "pop", "karaoke", "boxed", "single", "build", "neon", "minimal", "bar", "none"
]
StyleArgument = Annotated[
    str,
    typer.Argument(metavar="STYLE", help="Id, such as sty_01h...", autocompletion=style_ids),
]
SizeOption = Annotated[
    int | None,
    typer.Option(
        min=30,
        max=240,
        metavar="PIXELS",
        show_default=False,
        help="In a clip whose shorter side has 1080.",
    ),
]
ANIMATION = "Moves as this built-in style does."


@styles.callback()
def list_styles(context: typer.Context, as_json: AsJson = False) -> None:
    """List caption styles: the built-in ones, and your own. Make and change your own."""
    if context.invoked_subcommand:
        return
    with Client() as client:
        built_in, own = client.built_in_styles(), list(client.caption_styles())
    if as_json:
        print_json([one.model_dump(mode="json") for one in (*built_in, *own)])
        return
    rows = [(one.name, "", one.font, one.animation) for one in built_in]
    rows += [(one.id, one.name, one.base, one.animation or "") for one in own]
    print_table(("style", "name", "font or base", "animation"), rows, nothing="")


@styles.command("create")
def create_style(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the style.")],
    base: Annotated[BuiltIn, typer.Option(metavar="STYLE", help="What it is made of.")] = "pop",
    text: ColourOption = None,
    highlight: ColourOption = None,
    background: ColourOption = None,
    size: SizeOption = None,
    animation: Annotated[
        BuiltIn | None, typer.Option(metavar="STYLE", show_default=False, help=ANIMATION)
    ] = None,
    position: Annotated[Position | None, typer.Option(metavar="top|middle|bottom")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a style of your own from a built-in one, and print its id."""
    colours = colours_of({}, text=text, highlight=highlight, background=background)
    with Client() as client:
        made = client.create_caption_style(
            name, base, colours=colours, size=size, animation=animation, position=position
        )
    _print_made(made, as_json=as_json)


@styles.command("show")
def show_style(style_id: StyleArgument, _: AsJson = False) -> None:
    """Print a style of your own as JSON."""
    with Client() as client:
        print_json(client.caption_style(style_id).model_dump(mode="json"))


@styles.command("edit")
def edit_style(
    style_id: StyleArgument,
    name: NameOption = None,
    base: Annotated[BuiltIn | None, typer.Option(metavar="STYLE", show_default=False)] = None,
    text: ColourOption = None,
    highlight: ColourOption = None,
    background: ColourOption = None,
    size: SizeOption = None,
    animation: Annotated[
        BuiltInOrNone | None, typer.Option(metavar="STYLE", show_default=False, help=ANIMATION)
    ] = None,
    position: Annotated[
        PositionOrNone | None, typer.Option(metavar="top|middle|bottom|none", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of a style; the rest stays. `none`: as the built-in one has it."""
    with Client() as client:
        style = client.caption_style(style_id)
        colours = colours_of(style.colours, text=text, highlight=highlight, background=background)
        whole = amended(
            style,
            name=name,
            base=base,
            colours=colours if colours != style.colours else None,
            size=size,
            animation=or_gone(animation),
            position=or_gone(position),
        )
        made = client.update_caption_style(style, **whole)
    _print_made(made, as_json=as_json)


@styles.command("versions")
def list_versions(style_id: StyleArgument, as_json: AsJson = False) -> None:
    """List what a style of your own was, newest first."""
    with Client() as client:
        found = list(client.caption_style_versions(style_id))
    print_versions(found, as_json=as_json)


@styles.command("delete")
def delete_style(style_id: StyleArgument, as_json: AsJson = False) -> None:
    """Forget a style of your own. What was exported with it stays."""
    with Client() as client:
        client.delete_caption_style(style_id)
    print_done(f"{style_id} is deleted.", as_json=as_json, id=style_id, deleted=True)


def _print_made(style: CaptionStyle, *, as_json: bool) -> None:
    if as_json:
        print_json(style.model_dump(mode="json"))
    else:
        say(style.id)
        note(f"Export with it: clipforge export CLIP --style {style.id}")
