"""`clipforge up`: the stack in the foreground."""

import asyncio
import signal
from typing import Annotated

import typer
from rich.console import Console

from clipforge_standalone import folder
from clipforge_standalone.folder import AlreadyRunning
from clipforge_standalone.servers.process import DidNotStart
from clipforge_standalone.stack import Stack

console = Console(stderr=True, highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command to `clipforge`."""
    app.command(name="up")(up)


def up(
    quiet: Annotated[bool, typer.Option("--quiet", help="Say only where it is.")] = False,
) -> None:
    """Start ClipForge on this machine and keep it running until Ctrl-C."""
    try:
        asyncio.run(_up(quiet))
    except (AlreadyRunning, DidNotStart) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error


async def _up(quiet: bool) -> None:
    def say(text: str) -> None:
        if not quiet:
            console.print(f"[dim]{text}[/dim]")

    stop = asyncio.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(asked, stop.set)
    async with Stack.start(folder.default(), say=say) as stack:
        console.print(
            f"\nClipForge is running.\n\n"
            f"  gateway   {stack.url}\n"
            f"  API page  {stack.url}/docs\n"
            f"  API key   {stack.api_key}\n"
            f"  data      {stack.folder}\n"
            f"  logs      {stack.folder / 'logs'}\n\n"
            f"  export CLIPFORGE_URL={stack.url} CLIPFORGE_API_KEY={stack.api_key}\n"
            f"  clipforge run talk.mp4\n\n"
            "Ctrl-C stops it; what is unfinished goes on at the next start.",
            soft_wrap=True,  # the line to copy stays one line on a narrow terminal
        )
        await stop.wait()
        console.print("stopping ...")
