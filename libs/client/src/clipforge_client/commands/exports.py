"""`clipforge exports`: clips being rendered, or rendered. `clipforge export` asks for one."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from clipforge_client.client import Client
from clipforge_client.commands.clips import download, stem_of
from clipforge_client.commands.completion import export_ids, project_ids
from clipforge_client.commands.options import AsJson, LimitOption
from clipforge_client.models import Export
from clipforge_client.terminal import clock, mebibytes, note, print_json, print_list, say

exports = typer.Typer(help="Clips being rendered, or rendered.", no_args_is_help=True)
State = Literal["waiting", "active", "completed", "failed", "cancelled"]
ExportArgument = Annotated[
    str,
    typer.Argument(metavar="EXPORT", help="Id, such as exp_01h...", autocompletion=export_ids),
]


@exports.command("list")
def list_exports(
    project_id: Annotated[
        str,
        typer.Option(
            "--project", metavar="PROJECT", help="Of one project.", autocompletion=project_ids
        ),
    ] = "",
    clip_id: Annotated[str, typer.Option("--clip", metavar="CLIP", help="Of one clip.")] = "",
    batch_id: Annotated[str, typer.Option("--batch", metavar="BATCH", help="Of one batch.")] = "",
    state: Annotated[
        State | None, typer.Option(metavar="STATE", help=f"{', '.join(get_args(State))}.")
    ] = None,
    limit: LimitOption = 20,
    as_json: AsJson = False,
) -> None:
    """List exports, newest first: all, or those of a project, a clip or a batch."""
    with Client() as client:
        pages = client.exports(
            project_id=project_id,
            clip_id=clip_id,
            batch_id=batch_id,
            state=state or "",
            limit=min(limit, 100),
        )
        found = list(islice(pages, limit))
    print_list(
        found,
        ("id", "state", "done", "shape", "style", "clip"),
        lambda one: (
            one.id,
            one.state,
            f"{one.progress.percent:.0f} %",
            one.aspect,
            one.style,
            one.clip_id,
        ),
        nothing="There are no such exports.",
        as_json=as_json,
    )


@exports.command("show")
def show_export(
    export_id: ExportArgument,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Download the files there. Default: print links."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one export: its state, its files, and where it failed, why."""
    with Client() as client:
        export = client.export(export_id)
        files = {}
        if out is not None and export.state == "completed":
            files = download(
                client, export, out, stem_of(client.clip(export.clip_id), export.aspect)
            )
    places = {name: str(file) for name, file in files.items()}
    if as_json:
        print_json({**export.model_dump(mode="json"), "downloaded": places})
    else:
        _print(export, places or export.files)


@exports.command("cancel")
def cancel_export(export_id: ExportArgument, as_json: AsJson = False) -> None:
    """Stop a rendering."""
    with Client() as client:
        export = client.cancel_export(export_id)
    if as_json:
        print_json(export.model_dump(mode="json"))
    else:
        note(f"{export.id} is being stopped.")


def _print(export: Export, places: dict[str, str]) -> None:
    say(f"{export.id}: {export.state}")
    if not export.over:
        say(f"  {export.progress.percent:.0f} %  {export.progress.step}")
    say(f"  clip      {export.clip_id}")
    say(f"  look      {export.aspect}, {export.style}, {export.quality}")
    if export.duration_ms and export.bytes:
        size = f"{export.width}x{export.height}, {mebibytes(export.bytes)} MiB"
        say(f"  made      {clock(export.duration_ms)}, {size}")
    if export.failure:
        say(f"  failed    {export.failure.sentence} ({export.failure.reason})")
    for name, place in places.items():
        say(f"  {name:<10}{place}")
