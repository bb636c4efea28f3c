"""`clipforge retention`: what is to go next by the clock, and when."""

from itertools import islice
from typing import Annotated, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.options import AsJson
from clipforge_client.terminal import mebibytes, print_json, print_list, say

retention = typer.Typer(
    help="What is to go next by the clock. Nothing goes for being asked about.",
    no_args_is_help=True,
)


@retention.command("list")
def list_expiring(
    kind: Annotated[
        Literal["film", "export"],
        typer.Option(metavar="KIND", help="film, or export: files of rendered clips."),
    ] = "film",
    within: Annotated[float, typer.Option(min=0, metavar="HOURS", help="From now.")] = 24,
    tenant: Annotated[
        str, typer.Option(metavar="TENANT", help="For operators: another one, or all.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what is to go within some hours, the next first."""
    with Client() as client:
        pages = client.expiring(
            kind=kind, within_hours=within, tenant=tenant, limit=min(limit, 100)
        )
        found = list(islice(pages, limit))
    print_list(
        found,
        ("goes at", "id", "MiB", "title"),
        lambda one: (
            f"{one.expires_at:%Y-%m-%d %H:%M}",
            one.export_id or one.project_id,
            mebibytes(one.bytes),
            one.title,
        ),
        nothing=f"Nothing goes within {within:g} hours.",
        as_json=as_json,
    )


@retention.command("backlog")
def show_backlog(as_json: AsJson = False) -> None:
    """Tell what is due in each step of letting go, and not done. For operators."""
    with Client() as client:
        found = client.retention_backlog()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    say(f"films to give up     {found.films}")
    say(f"exports to give up   {found.exports}")
    say(f"objects to remove    {found.removals}, of which {found.removals_requested} are asked for")
    if found.oldest_removal_at:
        say(f"the oldest of them   {found.oldest_removal_at:%Y-%m-%d %H:%M}")
    for plan, hours in found.kept_hours.items():
        say(f"kept with {plan:<11}{hours:g} h")
