"""The gateway that a run works with on this machine: of a running stack, or of one of its own."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipforge_client.terminal import err, note
from clipforge_standalone import folder as folders
from clipforge_standalone.folder import AlreadyRunning
from clipforge_standalone.servers.nats import answers
from clipforge_standalone.servers.process import DidNotStart
from clipforge_standalone.stack import Stack

OTHER_SECONDS: Final = 240  # the longest that another stack may take to start or to stop
LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Gateway:
    """Where it is, and whether it ends with us."""

    url: str
    api_key: str
    folder: Path
    own: bool


@asynccontextmanager
async def gateway(folder: Path) -> AsyncGenerator[Gateway]:
    """The gateway of the stack in this folder, which is started unless it runs.

    Raises DidNotStart, and Unusable of the folder.
    """
    async with AsyncExitStack() as opened:
        with err.status("starting ClipForge ..."):
            if not err.is_terminal:
                note("starting ClipForge ...")
            found = await _find(folder, opened)
        yield found


async def _find(folder: Path, opened: AsyncExitStack) -> Gateway:
    try:
        async with asyncio.timeout(OTHER_SECONDS):
            while True:
                try:
                    stack = await opened.enter_async_context(Stack.start(folder, say=_trouble))
                    return Gateway(stack.url, stack.api_key, folder, own=True)
                except AlreadyRunning:
                    running = _running(folder)
                    if running is not None and await asyncio.to_thread(_ready, running):
                        return running
                await asyncio.sleep(LOOK_SECONDS)  # it starts or stops; nothing announces either
    except TimeoutError as error:
        raise DidNotStart(
            f"Another ClipForge has the folder {folder}, and does not answer. Stop it."
        ) from error


def _ready(gateway: Gateway) -> bool:
    return answers(f"{gateway.url}/health/ready")


def _running(folder: Path) -> Gateway | None:
    """The stack of this folder, once it has chosen its port."""
    try:
        ports = json.loads((folder / "ports.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    port = os.environ.get("CLIPFORGE_PORT") or ports.get("gateway")
    key = folders.load_secrets(folder)["api_key"]
    return Gateway(f"http://127.0.0.1:{port}", key, folder, own=False) if port else None


def _trouble(text: str) -> None:
    """Of what a stack says, what a person who waits for clips wants to hear."""
    if not text.startswith("starting "):
        note(text, style="dim")
