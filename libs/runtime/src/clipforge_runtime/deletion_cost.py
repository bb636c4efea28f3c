"""Which pod goes when there are too many: workers tell how much they have in hand, idle ones go.

The number of replicas that an autoscaler takes away is taken from the pods with the lowest cost. It
is a wish, not a promise: who is stopped all the same finishes, or hands back.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import Counter

from clipforge_runtime.own_pod import Pod, Unheard

log = logging.getLogger(__name__)

ANNOTATION: Final = "controller.kubernetes.io/pod-deletion-cost"
TOLD: Final = Counter(
    "clipforge_deletion_cost_total",
    "Times that a worker told Kubernetes how much it has in hand: told or failed",
    ["outcome"],
)
# Each is a write to the API server. An autoscaler looks every 15 s, and takes who was idle then:
# that a pod has become idle or busy is told before its next look, how busy it is no more often.
LOOK_SECONDS: Final = 3.0
EVERY_SECONDS: Final = 15.0


@asynccontextmanager
async def told_cost(
    pod: Pod | None,
    running: Callable[[], int],
    *,
    look: float = LOOK_SECONDS,
    every: float = EVERY_SECONDS,
) -> AsyncGenerator[None]:
    """While the body runs, the pod's deletion cost is what runs in it; without a pod nothing is."""
    if pod is None:
        yield
        return
    telling = asyncio.create_task(_tell(pod, running, look, every), name="deletion cost")
    try:
        yield
    finally:
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling


async def _tell(pod: Pod, running: Callable[[], int], look: float, every: float) -> None:
    told, heard = None, True
    time = asyncio.get_running_loop().time
    due = time()
    while True:
        cost = running()
        turned = told is not None and (cost == 0) != (told == 0)
        if cost != told and (turned or time() >= due):
            due = time() + every
            try:
                await pod.annotate(ANNOTATION, str(cost))
            except Unheard as error:
                TOLD.labels("failed").inc()
                if heard:  # once, and not every time
                    log.warning("scale-in does not know how busy this pod is: %s", error)
                heard = False
            else:
                TOLD.labels("told").inc()
                told, heard = cost, True
        await asyncio.sleep(look)
