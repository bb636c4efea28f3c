"""How each fault is brought about, and taken back. Each is `(house, victim, seconds)`.

Those of the log are in log_strikes.py.
"""

import asyncio
import random
import time
from signal import SIGCONT, SIGSTOP, SIGTERM
from typing import Final

from chaos.effects import KILL_AT_RETRY
from chaos.house import House
from receivers import answer

DUE_SECONDS: Final = 15.0  # to wait for a retry to become due
JUMP_SECONDS: Final = 20.0


async def kill(house: House, victim: str, seconds: float) -> None:
    """kill -9; the supervisor starts it again when the time is over."""
    with house.held_down(victim):
        house.processes[victim].kill()
        await asyncio.sleep(seconds)


async def kill_both(house: House, victim: str, seconds: float) -> None:
    """Every worker of a stage at once."""
    await asyncio.gather(*(kill(house, f"{victim}-{n}", seconds) for n in range(2)))


async def endpoint_away(house: House, victim: str, seconds: float) -> None:
    """What stands before the users' server says that it is not there."""
    house.receiver.answers(house.endpoint, answer(503))
    try:
        await asyncio.sleep(seconds)
    finally:
        house.receiver.answers(house.endpoint, answer(204))


async def freeze(house: House, victim: str, seconds: float) -> None:
    """Longer than its lease: others take over, and then it wakes up and goes on."""
    process = house.processes[victim]
    process.send(SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        process.send(SIGCONT)


async def kill_at_retry(house: House, victim: str, seconds: float) -> None:
    """Whoever gets the next retry of a film dies of it, as the handlers find this order."""
    order = house.effects / KILL_AT_RETRY
    order.touch()
    deadline = time.monotonic() + DUE_SECONDS
    while order.exists() and time.monotonic() < deadline:  # noqa: ASYNC110  (a file tells nobody)
        await asyncio.sleep(0.1)
    order.unlink(missing_ok=True)


async def stop(house: House, victim: str, seconds: float) -> None:
    """Asked to stop, as in a rollout: it finishes or hands back."""
    with house.held_down(victim):
        house.processes[victim].send(SIGTERM)
        await house.processes[victim].ended(30)
        await asyncio.sleep(seconds)


async def database_kill(house: House, victim: str, seconds: float) -> None:
    """kill -9 of the postmaster."""
    house.servers.postgres.child.kill()
    await asyncio.sleep(seconds)
    await house.servers.start(house.servers.postgres)


async def database_refuses(house: House, victim: str, seconds: float) -> None:
    house.database_proxy.mood = "refusing"
    house.database_proxy.cut()
    await asyncio.sleep(seconds)
    house.database_proxy.mood = "well"


async def store_kill(house: House, victim: str, seconds: float) -> None:
    house.servers.s3.child.kill()
    await asyncio.sleep(seconds)
    await house.servers.start(house.servers.s3)


async def store_slow(house: House, victim: str, seconds: float) -> None:
    house.store_proxy.mood = "slow"
    await asyncio.sleep(seconds)
    house.store_proxy.mood = "well"


async def store_refuses(house: House, victim: str, seconds: float) -> None:
    house.store_proxy.mood = "refusing"
    house.store_proxy.cut()
    await asyncio.sleep(seconds)
    house.store_proxy.mood = "well"


async def store_declines(house: House, victim: str, seconds: float) -> None:
    """It is up, and answers 503 SlowDown to whatever it is asked."""
    house.store_proxy.mood = "declining"
    house.store_proxy.cut()
    await asyncio.sleep(seconds)
    house.store_proxy.mood = "well"


async def store_cuts(house: House, victim: str, seconds: float) -> None:
    """In the middle of a transfer."""
    house.store_proxy.mood = "cutting"
    await asyncio.sleep(seconds)
    house.store_proxy.mood = "well"


async def clock(house: House, victim: str, seconds: float) -> None:
    """A process's clock jumps ahead or back, and later to the right time again."""
    jump = house.effects / f"clock-{victim}"
    jump.write_text(str(chance(seconds).choice((-JUMP_SECONDS, JUMP_SECONDS))))
    await asyncio.sleep(seconds)
    jump.unlink()


async def poison(house: House, victim: str, seconds: float) -> None:
    """Nothing to do: one of the round's films kills every process that works on it."""


def chance(seconds: float) -> random.Random:
    """The same for the same fault, so that a seed replays it."""
    return random.Random(seconds)
