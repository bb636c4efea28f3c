"""What a thousand users wait at once, from one gateway and from two, and where the knee is.

A user asks every ten seconds, and each tenth of them has an event stream open. Costs stand beside
those of what is below: a bare route of the same framework, and a page of projects by Starlette,
psycopg and `json` alone. All that answers and all that asks shares this machine.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import urlsplit

import httpx
import psutil

from bench.gateway.asking import Ask, Connection, Times, at_a_rate
from bench.gateway.filling import Filled
from bench.gateway.mix import Mix
from bench.gateway.places import (
    Place,
    below,
    cpu_seconds,
    environment,
    key,
    memory,
    replica,
)
from clipforge_contracts.pipeline import IMPORT
from clipforge_standalone.stack import Stack

USERS = 1000
RATE = 100.0  # requests a second
STREAMS = 100
WARM_SECONDS = 5.0  # for what is made once: connections, compiled code, what is near
TARGETS = {"list": 100, "detail": 200, "create": 500, "health": 50}  # p95 in ms (product.md S8)
STEPS = (25, 50, 75, 100, 150, 200, 300, 400)  # requests a second
STEP_SECONDS = 8.0
MIB = 2**20
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answered:
    """What came of the requests of some seconds."""

    times: dict[str, Times]
    cpu_us: float  # of all processes, a request
    mib: float  # of the largest process
    connections: int  # to the database, of the process that has most

    @property
    def good(self) -> bool:
        """Whether all was answered, and each class as quickly as it is to be."""
        return not any(times.refused for times in self.times.values()) and all(
            self.times[name].percentile(95) < most for name, most in TARGETS.items()
        )


def load(stack: Stack, filled: Filled, seconds: float) -> str:
    """Print what was seen; the figures of one gateway."""
    # What is submitted waits: this is about those who ask, not about films.
    paused = httpx.post(
        f"{stack.url}/v1/queues/{IMPORT.queue}/pause", headers=key(stack), timeout=10
    )
    paused.raise_for_status()
    _beside_what_is_below(stack, seconds)
    mix = Mix(filled)
    with replica(stack) as one:
        first = asyncio.run(_asked([one], stack, mix, RATE, seconds, filled))
        _show(f"1 gateway, {RATE:.0f} a second", first)
        _knee([one], stack, mix, filled)
    with ExitStack() as opened:
        two = [opened.enter_context(replica(stack)) for _ in range(2)]
        _show(
            f"2 gateways, {RATE:.0f} a second",
            asyncio.run(_asked(two, stack, mix, RATE, seconds, filled)),
        )
        _knee(two, stack, mix, filled)
    p95 = " ".join(f"{name}_p95_ms={first.times[name].percentile(95):.0f}" for name in TARGETS)
    return f"{p95} rss_mb={first.mib:.0f} db_connections={first.connections}"


def _beside_what_is_below(stack: Stack, seconds: float) -> None:
    """Print the CPU of a page of projects, beside the same without a gateway."""
    with below(stack) as place:
        bare = asyncio.run(_alone(place, {}, "/", seconds))
        rows = asyncio.run(_alone(place, {}, "/rows", seconds))
    with replica(stack) as place:
        ours = asyncio.run(_alone(place, key(stack), "/v1/projects", seconds))
    print(
        f"CPU of a page of projects: {ours:.0f} us; Starlette and psycopg {rows:.0f} us "
        f"({ours / rows:.1f}x), a bare FastAPI route {bare:.0f} us ({ours / bare:.1f}x)",
        flush=True,
    )


async def _alone(place: Place, headers: dict[str, str], path: str, seconds: float) -> float:
    """Microseconds of CPU a request, at half the usual rate."""
    users = [Connection(place.url, headers) for _ in range(USERS // 10)]
    ask = Ask("page", "GET", path)
    await at_a_rate(users, lambda: ask, rate=RATE / 2, seconds=WARM_SECONDS)
    before = cpu_seconds(place.pid)
    times = await at_a_rate(users, lambda: ask, rate=RATE / 2, seconds=seconds)
    spent = cpu_seconds(place.pid) - before
    for user in users:
        user.close()
    return 1e6 * spent / len(times["page"].seconds)


async def _asked(
    places: Sequence[Place],
    stack: Stack,
    mix: Callable[[], Ask],
    rate: float,
    seconds: float,
    filled: Filled,
) -> Answered:
    headers = {**key(stack), **JSON}
    users = [Connection(places[n % len(places)].url, headers) for n in range(USERS)]
    streams = [Connection(places[n % len(places)].url, headers) for n in range(STREAMS)]
    listening = [
        asyncio.create_task(_listen(stream, filled.project(n))) for n, stream in enumerate(streams)
    ]
    await at_a_rate(users, mix, rate=rate, seconds=WARM_SECONDS)
    before = sum(cpu_seconds(place.pid) for place in places)
    times = await at_a_rate(users, mix, rate=rate, seconds=seconds)
    spent = sum(cpu_seconds(place.pid) for place in places) - before
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    found = Answered(
        times,
        1e6 * spent / (rate * seconds),
        max(memory(place.pid) for place in places) / MIB,
        max(_connections(place, stack) for place in places),
    )
    for connection in (*users, *streams):
        connection.close()
    return found


async def _listen(stream: Connection, project: str) -> None:
    reader = await stream.stream(f"/v1/projects/{project}/events", {})
    while await reader.readline():
        pass


def _knee(places: Sequence[Place], stack: Stack, mix: Callable[[], Ask], filled: Filled) -> None:
    """Print up to which rate everything is as quick as it is to be."""

    def answered(rate: int) -> bool:
        found = asyncio.run(_asked(places, stack, mix, rate, STEP_SECONDS, filled))
        print(f"  {rate:4} a second: {_p95(found)}", flush=True)
        return found.good

    good = list(takewhile(answered, STEPS))
    print(f"  the knee is past {good[-1] if good else 0} requests a second", flush=True)


def _p95(found: Answered) -> str:
    return ", ".join(
        f"{name} {found.times[name].percentile(95):.0f} ms" for name in sorted(found.times)
    )


def _show(title: str, found: Answered) -> None:
    print(f"{title:24} {'p50':>8} {'p95':>8} {'p99':>8} ms   refused")
    for name, times in sorted(found.times.items()):
        figures = " ".join(f"{times.percentile(each):8.1f}" for each in (50, 95, 99))
        print(f"  {name:22} {figures}      {dict(times.refused) or 'none'}")
    print(
        f"  {found.cpu_us:.0f} us of CPU a request, {found.mib:.0f} MiB, "
        f"{found.connections} connections to the database",
        flush=True,
    )


def _connections(place: Place, stack: Stack) -> int:
    port = urlsplit(environment(stack)["CLIPFORGE_DATABASE_URL"]).port
    there = psutil.Process(place.pid).net_connections("tcp")
    return sum(bool(each.raddr) and each.raddr.port == port for each in there)
