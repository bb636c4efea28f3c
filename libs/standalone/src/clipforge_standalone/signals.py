"""Being asked to stop, by Ctrl-C, by `kill`, or by the end of the terminal."""

import asyncio
import signal
from collections.abc import Callable


def on_stop(stop: Callable[[], object]) -> None:
    """Call `stop` at the first wish; further ones cannot hurry what stops in order."""
    wished = False

    def hear() -> None:
        nonlocal wished
        if not wished:
            wished = True
            stop()

    loop = asyncio.get_running_loop()
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(asked, hear)
