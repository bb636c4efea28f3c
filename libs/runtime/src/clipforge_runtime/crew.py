"""What the workers of a stage tell each other: their slots, and how busy these are.

From that each knows the load of the stage, and all hold back free work in the same steps. It is
said on a subject that nobody stores: what is missed is said again five seconds later.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from clipforge_contracts.pipeline import Stage
from clipforge_runtime import telemetry
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.log import JetStream

log = logging.getLogger(__name__)

BUSY: Final = 0.8  # of the slots of all workers, mean of a minute
MINUTE: Final = timedelta(minutes=1)
SAMPLES: Final = 12  # a minute
SILENT_BEATS: Final = 3  # then a worker is taken for gone


@dataclass(frozen=True)
class Post:
    """What one worker says of itself."""

    worker: str
    slots: int
    running: float  # mean of a minute
    held_for: float = 0.0  # seconds that free work is still held back; clocks may differ


@dataclass
class Crew:
    """One worker among those of its stage."""

    bus: JetStream
    stage: Stage
    worker: str
    slots: int
    running: Callable[[], int]
    minute: timedelta = MINUTE
    _samples: deque[int] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    _heard: dict[str, tuple[float, Post]] = field(default_factory=dict[str, tuple[float, Post]])
    _held_until: float = 0.0

    @property
    def beat(self) -> float:
        """Seconds between two posts."""
        return self.minute.total_seconds() / SAMPLES

    @property
    def load(self) -> float:
        """Running over available slots of the stage: the mean of the last minute."""
        posts = [self._mine(), *(post for _, post in self._heard.values())]
        return sum(post.running for post in posts) / max(1, sum(post.slots for post in posts))

    @asynccontextmanager
    async def together(self, hold: Callable[[bool], None]) -> AsyncGenerator[None]:
        """Listen and tell while the body runs; `hold` is told whether free work is held back."""
        end = await self.bus.connection.subscribe(subject(self.stage), self._hear)
        telling = asyncio.create_task(self._tell(hold))
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            await end()

    async def _tell(self, hold: Callable[[bool], None]) -> None:
        held = False
        while True:
            await asyncio.sleep(self.beat)
            self._samples.append(self.running())
            self._forget_silent()
            self._decide()
            if held != self._holding:
                held = self._holding
                log.info("free work is %s: load %.2f", "deferred" if held else "on", self.load)
            hold(held)
            telemetry.LOAD.labels(self.stage.name).set(self.load)
            telemetry.DEFERRING.labels(self.stage.name).set(held)
            try:
                await self.bus.connection.publish(
                    subject(self.stage), json.dumps(vars(self._mine())).encode()
                )
                if held:
                    await self.bus.say_deferring(self.stage)
            except Unavailable as error:
                log.warning("could not tell the others: %s", error)

    def _decide(self) -> None:
        """At the end of a step, begin another where the stage is still busy."""
        if not self._holding and self.load > BUSY:
            self._held_until = self._now() + self.minute.total_seconds()

    @property
    def _holding(self) -> bool:
        return self._now() < self._held_until

    def _mine(self) -> Post:
        # A young worker has been idle for the rest of the minute.
        mean = sum(self._samples) / SAMPLES
        return Post(self.worker, self.slots, mean, max(0.0, self._held_until - self._now()))

    def _hear(self, message: Message) -> None:
        said = json.loads(message.data)  # a newer version may say more
        post = Post(said["worker"], said["slots"], said["running"], said["held_for"])
        if post.worker == self.worker:
            return
        self._heard[post.worker] = (self._now(), post)
        # A step that one begins is everybody's; later ones of the others end with it.
        if post.held_for and not self._holding:
            self._held_until = self._now() + post.held_for

    def _forget_silent(self) -> None:
        oldest = self._now() - SILENT_BEATS * self.beat
        self._heard = {one: each for one, each in self._heard.items() if each[0] >= oldest}

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def subject(stage: Stage) -> str:
    """Where the workers of a stage tell each other."""
    return f"crew.{stage.name}"
