"""A stack for tests that block: it runs, and is watched, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from clipforge_standalone.stack import Stack


@contextmanager
def running(folder: Path, say: Callable[[str], None] = print) -> Iterator[Stack]:
    """A stack in a thread of its own, so that tests can block while it is watched."""
    started: Future[tuple[Stack, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def live() -> None:
        stop = asyncio.Event()
        async with Stack.start(folder, say=say) as stack:
            started.set_result((stack, asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="stack")
    thread.start()
    stack, loop, stop = started.result()
    try:
        yield stack
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
