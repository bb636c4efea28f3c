"""What it saves to keep near what was read lately: a gateway that does, beside one that does not.

Transactions are the database's own count, less what the stack makes of them while nobody asks.
"""

import asyncio
import time
from dataclasses import dataclass

from sqlalchemy import text

from bench.gateway.asking import Ask, Connection
from bench.gateway.filling import Filled
from bench.gateway.places import Place, cpu_seconds, environment, key, replica
from clipforge_catalog.database import open_database
from clipforge_standalone.stack import Stack

COUNTED = """
SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()
"""
FLUSH_SECONDS = 11.0  # until the servers behind idle connections have told what they did
ASKED = {"detail": 200, "clips": 200, "words": 10}  # one after the other


@dataclass(frozen=True)
class Cost:
    """Of a request."""

    transactions: float
    cpu_us: float


def near(stack: Stack, filled: Filled) -> str:
    """Print a line for each kind of request, without and with; the costs."""
    project = f"/v1/projects/{filled.film}"
    kinds = [
        Ask("detail", "GET", project),
        Ask("clips", "GET", f"{project}/clips"),
        Ask("words", "GET", f"{project}/transcript/words?limit=100"),
    ]
    told = []
    with replica(stack, CLIPFORGE_NEAR_BYTES="0") as far, replica(stack) as close:
        idle = asyncio.run(_idle(stack))
        for kind in kinds:
            without = asyncio.run(_cost(stack, far, kind, idle))
            with_ = asyncio.run(_cost(stack, close, kind, idle))
            told.append(
                f"{kind.name}_transactions={without.transactions:.1f}->{with_.transactions:.1f} "
                f"{kind.name}_cpu_us={without.cpu_us:.0f}->{with_.cpu_us:.0f}"
            )
            print(told[-1], flush=True)
    return " ".join(told)


async def _cost(stack: Stack, place: Place, kind: Ask, idle: float) -> Cost:
    number = ASKED[kind.name]
    user = Connection(place.url, key(stack))
    await user.ask(kind)  # what is made once: the connection, what is near
    before, began = await _transactions(stack), time.perf_counter()
    spent = cpu_seconds(place.pid)
    statuses = {await user.ask(kind) for _ in range(number)}
    spent = cpu_seconds(place.pid) - spent
    made = await _transactions(stack) - before - idle * (time.perf_counter() - began)
    user.close()
    if statuses != {200}:
        raise AssertionError(f"{kind.path} was answered {statuses}")
    return Cost(max(0.0, made) / number, 1e6 * spent / number)


async def _idle(stack: Stack) -> float:
    """Transactions a second while nobody asks."""
    before, began = await _transactions(stack), time.perf_counter()
    await asyncio.sleep(10)
    return (await _transactions(stack) - before) / (time.perf_counter() - began)


async def _transactions(stack: Stack) -> int:
    await asyncio.sleep(FLUSH_SECONDS)
    url = environment(stack)["CLIPFORGE_DATABASE_URL"]
    async with open_database(url, pool_size=1) as sessions, sessions() as session:
        found: int = (await (await session.connection()).execute(text(COUNTED))).scalar_one()
        return found
