"""`clipforge assets`: films by the hash of their bytes."""

from itertools import islice
from typing import Annotated

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import asset_ids
from clipforge_client.commands.options import AsJson, LimitOption
from clipforge_client.terminal import clock, mebibytes, print_json, print_list, say

assets = typer.Typer(
    help="Films by the hash of their bytes: each once, however many projects are made of it.",
    no_args_is_help=True,
)


@assets.command("list")
def list_assets(
    limit: LimitOption = 20,
    as_json: AsJson = False,
) -> None:
    """List films, newest first."""
    with Client() as client:
        found = list(islice(client.assets(limit=min(limit, 100)), limit))
    print_list(
        found,
        ("id", "length", "size", "MiB", "projects", "kept"),
        lambda one: (
            one.id,
            clock(one.media.duration_ms),
            f"{one.media.width}x{one.media.height}",
            mebibytes(one.media.bytes),
            str(one.project_count),
            "yes" if one.kept else "no",
        ),
        nothing="There are no films yet: clipforge projects create talk.mp4",
        as_json=as_json,
    )


@assets.command("show")
def show_asset(
    asset_id: Annotated[
        str,
        typer.Argument(metavar="ASSET", help="Id, such as ast_01h...", autocompletion=asset_ids),
    ],
    as_json: AsJson = False,
) -> None:
    """Show one film, its pictures, and the projects that are made of it."""
    with Client() as client:
        asset = client.asset(asset_id)
    if as_json:
        print_json(asset.model_dump(mode="json"))
        return
    media = asset.media
    say(f"{clock(media.duration_ms)}, {media.width}x{media.height}, {media.frame_rate:.2f} fps")
    known = [
        ("codecs", f"{media.video_codec or 'no picture'}, {media.audio_codec or 'no sound'}"),
        ("bytes", media.bytes),
        ("sha256", asset.sha256),
        ("film", "is kept" if asset.kept else "is not kept any more"),
        *asset.files.items(),
        *(("project", project) for project in asset.project_ids),
    ]
    for name, value in known:
        say(f"  {name:<12}{value}")
