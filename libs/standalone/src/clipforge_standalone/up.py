"""`clipforge up`: the stack in the foreground."""

import asyncio
from typing import Annotated

import typer

from clipforge_client import local_stack
from clipforge_client.errors import ClientError
from clipforge_client.terminal import note
from clipforge_standalone import folder
from clipforge_standalone.folder import AlreadyRunning, Unusable
from clipforge_standalone.servers.process import DidNotStart
from clipforge_standalone.signals import on_stop
from clipforge_standalone.stack import Stack


def register(app: typer.Typer) -> None:
    """Add the command to `clipforge`."""
    app.command(name="up")(up)


def up(
    quiet: Annotated[bool, typer.Option("--quiet", help="Say only where it is.")] = False,
) -> None:
    """Run ClipForge on this machine, until Ctrl-C.

    What is unfinished then goes on at the next start. CLIPFORGE_DATA_DIR says where its data lie,
    CLIPFORGE_PORT on which port it answers.
    """
    try:
        asyncio.run(_up(quiet))
    except (AlreadyRunning, Unusable, DidNotStart) as error:
        raise ClientError(str(error)) from error
    except asyncio.CancelledError:  # asked to stop while it started
        note("stopped")


async def _up(quiet: bool) -> None:
    def say(text: str) -> None:
        if not quiet or not text.startswith("starting "):
            note(text, style="dim")

    stop = asyncio.Event()
    starting = asyncio.current_task()
    on_stop(lambda: starting.cancel() if starting else None)
    async with Stack.start(folder.default(), say=say) as stack:
        on_stop(stop.set)
        note(
            f"\nClipForge is running.\n\n"
            f"  gateway   {stack.url}\n"
            f"  API page  {stack.url}/docs\n"
            f"  API key   {stack.api_key}\n"
            f"  data      {stack.folder}\n"
            f"  logs      {stack.folder / 'logs'}\n\n"
            f"  clipforge projects create talk.mp4 --wait   (commands here find it by themselves)\n"
            f"  export CLIPFORGE_URL={stack.url} CLIPFORGE_API_KEY={stack.api_key}\n\n"
            "Ctrl-C stops it; what is unfinished goes on at the next start."
        )
        with local_stack.announced(stack.url, stack.api_key):
            await stop.wait()
        note("stopping ...")
