"""`clipforge keys` and `usage`: for whoever runs ClipForge."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import key_ids
from clipforge_client.commands.options import AsJson
from clipforge_client.models import ApiKey
from clipforge_client.terminal import mebibytes, note, print_done, print_json, print_list, say

keys = typer.Typer(
    help="API keys of your tenant. These commands need a key of the role admin.",
    no_args_is_help=True,
)
DAY: Final = "%Y-%m-%d"
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Id, such as key_01h...")]
OwnKeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="Id, such as key_01h...", autocompletion=key_ids)
]


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys in use. What they open with is shown nowhere."""
    with Client() as client:
        print_keys(client.keys(), as_json=as_json)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, or what it is for.")],
    role: Annotated[
        Literal["user", "admin"],
        typer.Option(metavar="ROLE", help="user: make clips; admin: keys too."),
    ] = "user",
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. It is shown this once: keep it."""
    with Client() as client:
        made = client.create_key(name, role=role)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        say(made.key)
        note(f"This is the only time it is shown. Revoke it: clipforge keys revoke {made.id}")


@keys.command("revoke")
def revoke_key(key_id: OwnKeyArgument, as_json: AsJson = False) -> None:
    """Make a key useless, for good."""
    with Client() as client:
        client.revoke_key(key_id)
    print_done(f"{key_id} is revoked.", as_json=as_json, id=key_id, revoked=True)


def print_keys(found: Iterable[ApiKey], *, as_json: bool) -> None:
    """Keys, without what they open with."""
    print_list(
        found,
        ("id", "role", "made", "name"),
        lambda one: (one.id, one.role, f"{one.created_at:%Y-%m-%d}", one.name),
        nothing="There are no keys.",
        as_json=as_json,
    )


def usage(
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=[DAY], metavar="DAY", help="Default: 30 days ago."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=[DAY], metavar="DAY", help="Default: today.")
    ] = None,
    tenant: Annotated[str, typer.Option(metavar="TENANT", help="For operators.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell what was used, by day: projects, minutes of film, seconds of clips, bytes stored."""
    with Client() as client:
        found = client.usage(
            first=first.date() if first else None,
            last=last.date() if last else None,
            tenant=tenant,
        )
    print_list(
        found.days,
        ("day", "projects", "film min", "cached", "clips s", "cached", "exports", "stored MiB"),
        lambda one: (
            one.day.isoformat(),
            str(one.projects),
            f"{one.source_minutes:.1f}",
            f"{one.cached_source_minutes:.1f}",
            f"{one.output_seconds:.1f}",
            f"{one.cached_output_seconds:.1f}",
            str(one.exports),
            mebibytes(one.stored_bytes),
        ),
        nothing=f"Nothing was used from {found.first} to {found.last}.",
        as_json=as_json,
    )
