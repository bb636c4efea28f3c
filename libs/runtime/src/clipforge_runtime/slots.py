"""The slots of a worker: fetch while one is free, and at the end finish or hand back."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from clipforge_contracts.plans import Priority, deferrable
from clipforge_runtime import telemetry
from clipforge_runtime.bus import Delivery
from clipforge_runtime.crew import MINUTE, Crew
from clipforge_runtime.jetstream.pulling import Closed, Pulls
from clipforge_runtime.worker import Worker

log = logging.getLogger(__name__)

DRAIN_SHARE: Final = 0.6  # of the grace period for finishing; the rest is for handing back


class Slots:
    """Feeds a worker with as many deliveries at once as it has slots."""

    def __init__(
        self,
        worker: Worker,
        *,
        concurrency: int,
        grace: timedelta = timedelta(seconds=25),
        minute: timedelta = MINUTE,
    ) -> None:
        self._worker = worker
        self._minute = minute
        self._concurrency = concurrency
        self._grace = grace.total_seconds()
        self._returns: set[asyncio.Task[None]] = set()

    async def work(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish or hand back what is in hand."""
        worker = self._worker
        telemetry.SLOTS.labels(worker.stage.name).set(self._concurrency)
        crew = Crew(
            worker.bus,
            worker.stage,
            worker.owner,
            self._concurrency,
            running=lambda: len(worker.running),
            minute=self._minute,
        )
        free = list(Priority).index(deferrable(worker.stage.name))
        async with (
            worker.bus.pulls(worker.stage, self._return) as pulls,
            worker.wanted.listen(worker.drop),
            crew.together(lambda held: pulls.hold({free} if held else ())),
        ):
            slots = {asyncio.create_task(self._slot(pulls, stop)) for _ in range(self._concurrency)}
            stopping = asyncio.create_task(stop.wait())
            try:
                ended, _ = await asyncio.wait(
                    {stopping, *slots}, return_when=asyncio.FIRST_COMPLETED
                )
                for slot in ended & slots:
                    slot.result()  # none ends before it is asked to, but by a bug of ours
                worker.stop()
                for late in await pulls.close():
                    self._return(late)
                await self._drain(slots)
            finally:
                await _cancel([stopping, *slots])

    async def _slot(self, pulls: Pulls, stop: asyncio.Event) -> None:
        """One delivery after the other."""
        while True:
            try:
                delivery = await pulls.next()
            except Closed:
                return
            if stop.is_set():  # it came in the very moment
                self._return(delivery)
                return
            await self._worker.live(delivery)

    def _return(self, delivery: Delivery) -> None:
        """What came when no slot was free goes to whoever is free."""
        giving = asyncio.create_task(self._worker.hand_back(delivery))
        self._returns.add(giving)
        giving.add_done_callback(self._returns.discard)

    async def _drain(self, slots: set["asyncio.Task[None]"]) -> None:
        running = {slot for slot in slots if not slot.done()}
        if running:
            log.info("stopping: finishing %d deliveries", len(self._worker.running))
            await asyncio.wait(running, timeout=self._grace * DRAIN_SHARE)
        self._worker.stop_running()
        if left := {slot for slot in running if not slot.done()} | self._returns:
            _, stuck = await asyncio.wait(left, timeout=self._grace * (1 - DRAIN_SHARE))
            if stuck:
                log.error("stopping: leaving %d deliveries to their lease", len(stuck))
                await _cancel(stuck)


async def _cancel(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """End them, and wait until they have."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
