"""Whether a task has been asked to end, where errors on its way out hide that."""

import asyncio


def asked_to_end() -> bool:
    """Whether the current task is being cancelled.

    A task group whose children fail while it is cancelled raises their errors, and the cancellation
    is gone: who catches those errors and tries again has to look here first, or never ends.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
