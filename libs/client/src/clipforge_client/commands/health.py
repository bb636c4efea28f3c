"""`clipforge health`: whether ClipForge works, and what does not."""

import typer

from clipforge_client.client import Client
from clipforge_client.commands.options import AsJson
from clipforge_client.endings import FAILED
from clipforge_client.terminal import mebibytes, print_json, say


def health(as_json: AsJson = False) -> None:
    """Tell whether ClipForge works, and which part of it does not answer. Needs no key."""
    with Client() as client:
        found = client.health()
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        say(f"{found.status}, version {found.version}")
        for name, answers in found.checks.items():
            say(f"  {name:<12}{'answers' if answers else 'does not answer'}")
        say(f"  {'gateway':<12}{found.uptime_seconds:.0f} s, {mebibytes(found.memory_bytes)} MiB")
    if found.status != "ok":
        raise typer.Exit(FAILED)
