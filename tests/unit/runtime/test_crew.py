"""When the workers of a stage hold back free work, by scripted numbers, in time that leaps."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from clipforge_contracts.pipeline import IMPORT
from clipforge_runtime.crew import Crew
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.client import Message
from leaping import LeapingLoop

BEAT = 5.0  # seconds
Hear = Callable[[Message], None]


@dataclass
class Wire:
    """What the workers tell each other on, and nothing of it is lost."""

    listeners: list[Hear] = field(default_factory=list[Hear])

    async def subscribe(self, subject: str, hear: Hear) -> Callable[[], Awaitable[None]]:
        self.listeners.append(hear)

        async def end() -> None:
            self.listeners.remove(hear)

        return end

    async def publish(self, subject: str, data: bytes) -> None:
        for hear in self.listeners:
            hear(Message(subject, "", data, {}))

    @property
    def bus(self) -> JetStream:
        async def say_deferring(_: object) -> None: ...

        return cast(JetStream, SimpleNamespace(connection=self, say_deferring=say_deferring))


@dataclass
class Colleague:
    """A worker, how many of its slots run at each beat, and when it held free work back."""

    wire: Wire
    name: str
    slots: int
    script: Callable[[float], int]  # running slots by the second
    held: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])

    async def work(self, *, begin: float = 0.0, end: float) -> None:
        await asyncio.sleep(begin)
        loop = asyncio.get_running_loop()
        crew = Crew(
            self.wire.bus, IMPORT, self.name, self.slots, running=lambda: self.script(loop.time())
        )

        def hold(held: bool) -> None:
            if held != (bool(self.held) and self.held[-1][1]):
                self.held.append((loop.time(), held))

        async with crew.together(hold):
            await asyncio.sleep(end - begin)


def pass_time(life: Coroutine[Any, Any, None]) -> None:
    loop = LeapingLoop()
    try:
        loop.run_until_complete(life)
    finally:
        loop.close()


@pytest.mark.parametrize(("running", "defers"), [(79, False), (80, False), (81, True)])
def test_free_work_is_held_back_above_four_fifths_of_the_slots(running: int, defers: bool) -> None:
    worker = Colleague(Wire(), "one", 100, lambda _: running)

    pass_time(worker.work(end=600))

    assert bool(worker.held) is defers


def test_what_counts_is_the_mean_of_a_minute() -> None:
    nine = Colleague(Wire(), "nine beats", 10, lambda at: 10 if at <= 9 * BEAT else 0)
    ten = Colleague(Wire(), "ten beats", 10, lambda at: 10 if at <= 10 * BEAT else 0)

    pass_time(nine.work(end=600))
    pass_time(ten.work(end=600))

    assert nine.held == []  # 9 of 12 beats are 0.75, 10 are 0.83
    assert ten.held[0] == (10 * BEAT, True)


def test_a_step_lasts_a_minute_and_is_followed_by_another_while_it_is_busy() -> None:
    short = Colleague(Wire(), "short", 10, lambda at: 10 if at <= 50 else 0)
    long = Colleague(Wire(), "long", 10, lambda at: 10 if at <= 115 else 0)

    pass_time(short.work(end=600))
    pass_time(long.work(end=600))

    assert short.held == [(50, True), (110, False)]
    assert long.held == [(50, True), (170, False)]


def test_a_second_worker_goes_by_the_step_that_the_first_has_begun() -> None:
    wire = Wire()
    first = Colleague(wire, "first", 10, lambda at: 10 if at <= 50 else 0)
    second = Colleague(wire, "second", 100, lambda _: 0)  # by its own numbers nobody is busy

    async def both() -> None:
        await asyncio.gather(first.work(end=600), second.work(begin=52, end=548))

    pass_time(both())

    assert first.held == [(50, True), (110, False)]
    [(since, _), (until, _)] = second.held
    assert since == 52 + BEAT
    assert 110 <= until < 110 + BEAT
