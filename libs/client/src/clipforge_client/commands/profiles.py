"""`clipforge login` and `clipforge profiles`: the ClipForges that this user knows, by name."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from clipforge_client import profiles as kept
from clipforge_client.client import Client
from clipforge_client.commands.completion import profile_names
from clipforge_client.commands.options import AsJson
from clipforge_client.endings import CANCELLED
from clipforge_client.profiles import LOCAL, Profile
from clipforge_client.terminal import print_done, print_json, print_table

profiles = typer.Typer(help="The ClipForges that you know, by name.", no_args_is_help=True)


def _nameable(name: str) -> str:
    if name == LOCAL:
        raise typer.BadParameter(f"{LOCAL} means the ClipForge of this machine.")
    if not kept.is_name(name):
        raise typer.BadParameter("A name has up to 64 letters, digits, - and _.")
    return name


NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help=f"Of a profile; {LOCAL}: `clipforge up` here.",
        autocompletion=profile_names,
    ),
]


def login(
    url: Annotated[str, typer.Argument(metavar="ADDRESS", help="Such as https://clips.example.")],
    name: Annotated[
        str,
        typer.Option(
            "--profile", metavar="NAME", callback=_nameable, help="What it is to be called."
        ),
    ] = "default",
    as_json: AsJson = False,
) -> None:
    """Keep the address and the key of a ClipForge, and use it from now on.

    The key is asked for, or read from stdin. It is tried before it is kept.
    """
    if sys.stdin.isatty():
        try:
            key = str(typer.prompt("API key", hide_input=True, err=True)).strip()
        except typer.Abort:  # Ctrl-C or Ctrl-D
            raise typer.Exit(CANCELLED) from None
    else:
        key = sys.stdin.readline().strip()
    if not key:
        raise typer.BadParameter("give the API key on stdin.", param_hint="key")
    with Client(url, key) as client:
        next(client.projects(limit=1), None)
        profile = Profile(url=client.url, api_key=key)
    known = kept.read()
    kept.write(replace(known, default=name, by_name={**known.by_name, name: profile}))
    told = f"{name} is in use: {profile.url}. Another one: clipforge profiles use NAME"
    print_done(told, as_json=as_json, name=name, url=profile.url, in_use=True)


@profiles.command("list")
def list_profiles(as_json: AsJson = False) -> None:
    """List them, without their keys."""
    known = kept.read()
    in_use = known.default or LOCAL
    rows = [(name, one.url) for name, one in known.by_name.items()]
    rows.append((LOCAL, "clipforge up"))
    if as_json:
        print_json(
            [{"name": name, "url": url, "in_use": name == in_use} for name, url in rows[:-1]]
        )
        return
    print_table(
        ("profile", "", "address"),
        ((name, "in use" if name == in_use else "", url) for name, url in rows),
        nothing="There are no profiles: clipforge login ADDRESS",
    )


@profiles.command("use")
def use_profile(name: NameArgument, as_json: AsJson = False) -> None:
    """Use a profile from now on, where nothing else is named."""
    known = kept.read()
    if name != LOCAL:
        known.find(name)
    kept.write(replace(known, default="" if name == LOCAL else name))
    print_done(f"{name} is in use.", as_json=as_json, name=name, in_use=True)


@profiles.command("remove")
def remove_profile(name: NameArgument, as_json: AsJson = False) -> None:
    """Forget a profile and its key. The key stays good: clipforge keys revoke."""
    known = kept.read()
    known.find(name)
    left = {other: one for other, one in known.by_name.items() if other != name}
    kept.write(replace(known, default=known.default if known.default in left else "", by_name=left))
    print_done(f"{name} is forgotten.", as_json=as_json, name=name, deleted=True)
