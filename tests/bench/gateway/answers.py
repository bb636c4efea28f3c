"""How long answers take at a thousand users, beside the bare web server under the gateway."""

import asyncio
from collections.abc import Mapping

from bench.gateway.asking import Ask, Connection, Times, at_a_rate
from bench.gateway.places import Place, bare, cpu_seconds, key, replica
from clipforge_standalone.stack import Stack

USERS = 1000
RATE = 100.0  # requests a second: a thousand users who ask every ten seconds
LIST_BYTES = 12_000  # of a page of twenty projects
JSON = {"Content-Type": "application/json"}


def answers(stack: Stack, film: str, seconds: float) -> str:
    """Print a line for each kind of request; the ratios to the bare server."""
    kinds = [
        Ask("list", "GET", "/v1/projects"),
        Ask("detail", "GET", f"/v1/projects/{film}"),
        Ask("health", "GET", "/health/ready"),
        Ask("upload", "POST", "/v1/uploads", b'{"file_name":"a.mp4","bytes":1000}'),
    ]
    with bare(LIST_BYTES) as place:
        floor, floor_cpu = asyncio.run(asked(place, {}, Ask("bare", "GET", "/"), seconds))
    print(f"{'':8} {'p50':>8} {'p95':>8} {'p99':>8} ms   refused")
    show("bare", floor)
    ratios = []
    with replica(stack) as place:
        for kind in kinds:
            headers = {**key(stack), **JSON}
            times, cpu = asyncio.run(asked(place, headers, kind, seconds))
            show(kind.name, times)
            print(f"{'':8} {1e6 * cpu:8.0f} us of CPU a request")
            slower = times.percentile(95) / floor.percentile(95)
            ratios.append(f"{kind.name}_p95={slower:.1f}x {kind.name}_cpu={cpu / floor_cpu:.1f}x")
    return " ".join(ratios)


async def asked(
    place: Place, headers: Mapping[str, str], kind: Ask, seconds: float
) -> tuple[Times, float]:
    """The times, and CPU seconds of the process a request."""
    users = [Connection(place.url, headers) for _ in range(USERS)]
    # First for what is made once: connections, compiled code, what is near.
    await at_a_rate(users, [kind], rate=RATE, seconds=min(5.0, seconds))
    before = cpu_seconds(place.pid)
    times = await at_a_rate(users, [kind], rate=RATE, seconds=seconds)
    spent = cpu_seconds(place.pid) - before
    for user in users:
        user.close()
    return times[kind.name], spent / (RATE * seconds)


def show(name: str, times: Times) -> None:
    figures = " ".join(f"{times.percentile(each):8.1f}" for each in (50, 95, 99))
    print(f"{name:8} {figures}      {dict(times.refused) or 'none'}", flush=True)
