"""The slots of a worker: fetch while one is free, and at the end finish or hand back."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from datetime import timedelta
from typing import Any, Final, TypeVar

from clipforge_runtime import telemetry
from clipforge_runtime.bus import Delivery
from clipforge_runtime.jetstream.pulling import Pulls
from clipforge_runtime.worker import Worker

log = logging.getLogger(__name__)

T = TypeVar("T")

DRAIN_SHARE: Final = 0.6  # of the grace period for finishing; the rest is for handing back


class Slots:
    """Feeds a worker with as many deliveries at once as it has slots."""

    def __init__(
        self, worker: Worker, *, concurrency: int, grace: timedelta = timedelta(seconds=25)
    ) -> None:
        self._worker = worker
        self._concurrency = concurrency
        self._grace = grace.total_seconds()
        self._lives: set[asyncio.Task[None]] = set()
        self._returns: set[asyncio.Task[None]] = set()

    async def work(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish or hand back what is in hand."""
        worker = self._worker
        telemetry.SLOTS.labels(worker.stage.name).set(self._concurrency)
        async with worker.bus.pulls(worker.stage) as pulls, worker.wanted.listen(worker.drop):
            while not stop.is_set():
                if len(self._lives) >= self._concurrency:
                    await self._wait_for_a_slot(pulls, stop)
                elif delivery := await _unless(stop, pulls.next()):
                    self._take(delivery, stop)
            worker.stop()
            for late in await pulls.close():
                self._return(late)
            await self._drain()

    def _take(self, delivery: Delivery, stop: asyncio.Event) -> None:
        if stop.is_set():  # it came in the very moment
            self._return(delivery)
            return
        life = asyncio.create_task(self._worker.live(delivery))
        self._lives.add(life)
        life.add_done_callback(self._lives.discard)

    def _return(self, delivery: Delivery) -> None:
        giving = asyncio.create_task(self._worker.hand_back(delivery))
        self._returns.add(giving)
        giving.add_done_callback(self._returns.discard)

    async def _wait_for_a_slot(self, pulls: Pulls, stop: asyncio.Event) -> None:
        """What an open poll brings meanwhile goes to whoever is free."""
        others = [asyncio.create_task(stop.wait()), asyncio.create_task(pulls.late())]
        await asyncio.wait({*self._lives, *others}, return_when=asyncio.FIRST_COMPLETED)
        await _cancel(others)
        if len(self._lives) >= self._concurrency:
            for late in pulls.surplus():
                self._return(late)

    async def _drain(self) -> None:
        if self._lives:
            log.info("stopping: finishing %d deliveries", len(self._lives))
            await asyncio.wait(self._lives, timeout=self._grace * DRAIN_SHARE)
        self._worker.stop_running()
        if left := self._lives | self._returns:
            _, stuck = await asyncio.wait(left, timeout=self._grace * (1 - DRAIN_SHARE))
            if stuck:
                log.error("stopping: leaving %d deliveries to their lease", len(stuck))
                await _cancel(stuck)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` gives, or None where `stop` is set first."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        await _cancel([stopping])
        return working.result()
    await _cancel([working])
    return None


async def _cancel(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """End them, and wait until they have."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
