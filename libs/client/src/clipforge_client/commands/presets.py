"""`clipforge presets`: what platforms take, and looks of your own under a name."""

from typing import Annotated, Any

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import kit_ids, preset_ids, style_ids
from clipforge_client.commands.listing import Listing
from clipforge_client.commands.looks import NameOption, amended, or_gone, print_versions
from clipforge_client.commands.options import AsJson, Aspect, Quality, milliseconds
from clipforge_client.models import Preset
from clipforge_client.terminal import note, print_done, print_json, print_table, say

presets = typer.Typer(
    help="List presets: those of platforms, and your own. Make and change your own.",
    cls=Listing,
    invoke_without_command=True,
)
PresetArgument = Annotated[
    str,
    typer.Argument(metavar="PRESET", help="Id, such as pst_01h...", autocompletion=preset_ids),
]


def _option(metavar: str, help_: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, metavar=metavar, show_default=False, help=help_, **more)


AspectOption = Annotated[Aspect | None, _option("SHAPE", "9:16, 1:1, 4:5 or 16:9.")]
StyleOption = Annotated[
    str | None, _option("STYLE", "Of captions: see clipforge styles.", autocompletion=style_ids)
]
QualityOption = Annotated[Quality | None, _option("QUALITY", "draft or standard.")]
HeightOption = Annotated[
    int | None, _option("PIXELS", "Short side; 0: the best of the plan.", min=0, max=2160)
]
LongestOption = Annotated[
    float | None, _option("SECONDS", "Longer clips are refused; 0: any.", "--max", min=0, max=600)
]
LoudnessOption = Annotated[
    float | None, _option("LUFS", "Such as -14 (EBU R 128).", "--loudness", min=-30, max=-8)
]


@presets.callback()
def list_presets(context: typer.Context, as_json: AsJson = False) -> None:
    """List presets: those of platforms, and your own. Make and change your own."""
    if context.invoked_subcommand:
        return
    with Client() as client:
        platforms, own = client.built_in_presets(), list(client.presets())
    if as_json:
        print_json([one.model_dump(mode="json") for one in (*platforms, *own)])
        return
    rows = [(one.preset, one.name, one.aspect, one.style) for one in platforms]
    rows += [(one.id, one.name, one.aspect, one.style) for one in own]
    print_table(("preset", "name", "shape", "style"), rows, nothing="")


@presets.command("create")
def create_preset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the preset.")],
    aspect: AspectOption = None,
    style: StyleOption = None,
    quality: QualityOption = None,
    height: HeightOption = None,
    kit: Annotated[str | None, _option("KIT", "Brand kit.", autocompletion=kit_ids)] = None,
    longest: LongestOption = None,
    loudness: LoudnessOption = None,
    as_json: AsJson = False,
) -> None:
    """Keep a look under a name, and print its id."""
    asked = _fields(aspect, style, quality, height, kit, longest, loudness)
    said = {field: value for field, value in asked.items() if value is not None}
    with Client() as client:
        made = client.create_preset(name, **said)
    _print_made(made, as_json=as_json)


@presets.command("show")
def show_preset(preset_id: PresetArgument, _: AsJson = False) -> None:
    """Print a preset of your own as JSON."""
    with Client() as client:
        print_json(client.preset(preset_id).model_dump(mode="json"))


@presets.command("edit")
def edit_preset(
    preset_id: PresetArgument,
    name: NameOption = None,
    aspect: AspectOption = None,
    style: StyleOption = None,
    quality: QualityOption = None,
    height: HeightOption = None,
    kit: Annotated[
        str | None, _option("KIT", "Brand kit, or none.", autocompletion=kit_ids)
    ] = None,
    longest: LongestOption = None,
    loudness: LoudnessOption = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of a preset; the rest stays."""
    asked = _fields(aspect, style, quality, height, or_gone(kit), longest, loudness)
    with Client() as client:
        preset = client.preset(preset_id)
        made = client.update_preset(preset, **amended(preset, name=name, **asked))
    _print_made(made, as_json=as_json)


@presets.command("versions")
def list_versions(preset_id: PresetArgument, as_json: AsJson = False) -> None:
    """List what a preset of your own was, newest first."""
    with Client() as client:
        found = list(client.preset_versions(preset_id))
    print_versions(found, as_json=as_json)


@presets.command("delete")
def delete_preset(preset_id: PresetArgument, as_json: AsJson = False) -> None:
    """Forget a preset of your own. What was exported with it stays."""
    with Client() as client:
        client.delete_preset(preset_id)
    print_done(f"{preset_id} is deleted.", as_json=as_json, id=preset_id, deleted=True)


def _fields(
    aspect: str | None,
    style: str | None,
    quality: str | None,
    height: int | None,
    kit: Any,
    longest: float | None,
    loudness: float | None,
) -> dict[str, Any]:
    """As the API names them."""
    return {
        "aspect": aspect,
        "style": style,
        "quality": quality,
        "height": height,
        "brand_kit_id": kit,
        "max_clip_ms": milliseconds(longest),
        "target_lufs": loudness,
    }


def _print_made(preset: Preset, *, as_json: bool) -> None:
    if as_json:
        print_json(preset.model_dump(mode="json"))
    else:
        say(preset.id)
        note(f"Export with it: clipforge export CLIP --preset {preset.id}")
