"""`clipforge batch` and `batches`: many outputs at once."""

from typing import Annotated, Any

import typer

from clipforge_client.client import Client
from clipforge_client.commands import options
from clipforge_client.commands.completion import kit_ids, preset_ids, style_ids
from clipforge_client.commands.options import AsJson
from clipforge_client.errors import ClientError
from clipforge_client.models import Batch, Export
from clipforge_client.terminal import bars, note, print_json, say

batches = typer.Typer(help="Renderings that were asked for together.", no_args_is_help=True)
BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="Id, such as bat_01h...")]


def batch(
    clip_ids: Annotated[
        list[str], typer.Argument(metavar="CLIP...", help="Ids, such as clip_01h...")
    ],
    aspect: Annotated[list[str] | None, typer.Option(metavar="SHAPE", help="Once or more.")] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(metavar="STYLE", help="Once or more.", autocompletion=style_ids),
    ] = None,
    preset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PRESET", help="In their place, once or more.", autocompletion=preset_ids
        ),
    ] = None,
    quality: options.QualityOption = "standard",
    kit: Annotated[
        str, typer.Option(metavar="KIT", help="Brand kit.", autocompletion=kit_ids)
    ] = "",
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
        found = _exports(client, asked)
    _print(asked, found, as_json=as_json)
    _end_with(asked)


@batches.command("show")
def show_batch(
    batch_id: BatchArgument,
    wait: Annotated[bool, typer.Option("--wait", help="Return when all is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what has become of a batch, and of each of its exports."""
    with Client() as client:
        batch = client.batch(batch_id)
        if wait:
            batch = _over(client, batch)
        found = _exports(client, batch)
    _print(batch, found, as_json=as_json)
    _end_with(batch)


@batches.command("cancel")
def cancel_batch(batch_id: BatchArgument, as_json: AsJson = False) -> None:
    """Stop what waits and runs of a batch. What is rendered stays."""
    with Client() as client:
        batch = client.cancel_batch(batch_id)
    if as_json:
        print_json(batch.model_dump(mode="json"))
    else:
        note(f"{batch.id} is being stopped: {_counted(batch)}")


def _exports(client: Client, batch: Batch) -> list[Export]:
    # They come newest first, and were asked for in this order.
    return list(client.exports(batch_id=batch.id, limit=100))[::-1]


def _print(batch: Batch, found: list[Export], *, as_json: bool) -> None:
    if as_json:
        exports = [one.model_dump(mode="json") for one in found]
        print_json({**batch.model_dump(mode="json"), "exports": exports})
        return
    note(f"{batch.id}: {_counted(batch)}")
    for one in found:
        place = one.files.get("clip") or (one.failure.sentence if one.failure else one.state)
        say(f"{one.id}  {one.aspect:<5} {one.style:<10} {place}")


def _counted(batch: Batch) -> str:
    return ", ".join(f"{count} {state}" for state, count in batch.counts.items() if count)


def _end_with(batch: Batch) -> None:
    """Failed exports are an error of the command that tells of them."""
    if batch.over and batch.counts.get("failed"):
        raise ClientError(f"{batch.counts['failed']} of {len(batch.export_ids)} failed.")


def _over(client: Client, batch: Batch) -> Batch:
    with bars() as shown:
        bar = shown.add_task("exports", total=len(batch.export_ids), step="")

        def on_change(seen: Batch) -> None:
            done = len(seen.export_ids) - seen.counts.get("waiting", 0)
            shown.update(bar, completed=done, step=f"{done} of {len(seen.export_ids)}")

        return client.wait_for_batch(batch.id, on_change)
