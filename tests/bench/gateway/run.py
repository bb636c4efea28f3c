"""`make bench-gateway`: answers at 1,000 users, and 10,000 open event streams.

Beside the gateway runs the bare web server that it stands on: same machine, same rate, same users.
A thousand users who ask every ten seconds are a hundred requests a second. Lists come out of ten
thousand projects of the tenant's. Ratios are the gateway's over the bare server's.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
from sqlalchemy import text

from bench.gateway.asking import Ask, Connection, Times, at_a_rate
from clipforge_catalog.database import open_database
from clipforge_standalone.servers import ports
from clipforge_standalone.stack import Stack
from stacks import running
from workshop import eventually

USERS = 1000
RATE = 100.0  # requests a second
SECONDS = 30.0
PROJECTS = 10_000
STREAMS = 10_000
REPLICAS = 2
OPENED_AT_ONCE = 100
HEAR_SECONDS = 60.0
LIST_BYTES = 12_000  # of a page of twenty projects
KIB, MIB = 2**10, 2**20
LOOPBACK = "127.0.0.1"
# One project that was made by the API, many times.
COPY = """
INSERT INTO projects SELECT (jsonb_populate_record(p, jsonb_build_object(
  'id', 'prj_' || lpad(n::text, 26, '0'), 'sequence', -n, 'title', 'film ' || n))).*
FROM projects p, generate_series(1, :number) n WHERE p.id = :project
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--streams", type=int, default=STREAMS)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a stream is a file at both ends
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as nobody, where we are root
        measure(Path(folder), seconds=given.seconds, number=given.streams)


def measure(folder: Path, *, seconds: float, number: int) -> None:
    with running(folder, lambda _: None) as stack:
        project = asyncio.run(prepare(stack))
        ratios = answers(stack, project, seconds)
        held = streams(stack, project, number)
    print(f"bench-gateway: {ratios} {held}")


async def prepare(stack: Stack) -> str:
    """A project of the API, and ten thousand more in the tables; its id."""
    async with httpx.AsyncClient(base_url=stack.url, headers=key(stack), timeout=60) as http:
        body = {"source": {"type": "url", "url": "https://example.invalid/film.mp4"}}
        made = (await http.post("/v1/projects", json=body)).raise_for_status().json()

        async def over() -> bool:  # nothing changes any more
            found = await http.get(f"/v1/projects/{made['id']}")
            return bool(found.json()["state"] == "failed")

        await eventually(over)
    url = environment(stack)["CLIPFORGE_DATABASE_URL"]
    async with open_database(url) as sessions, sessions() as session, session.begin():
        await session.execute(text(COPY), {"number": PROJECTS, "project": made["id"]})
        await session.execute(text("ANALYZE projects"))
    return str(made["id"])


def answers(stack: Stack, project: str, seconds: float) -> str:
    """Print a line for each kind of request; the ratios."""
    kinds = [
        Ask("list", "GET", "/v1/projects"),
        Ask("detail", "GET", f"/v1/projects/{project}"),
        Ask("health", "GET", "/health/ready"),
        Ask("upload", "POST", "/v1/uploads", b'{"file_name":"a.mp4","bytes":1000}'),
    ]
    json_body = {"Content-Type": "application/json"}
    with bare(LIST_BYTES) as (url, pid):
        floor, floor_cpu = asyncio.run(asked(url, {}, [Ask("bare", "GET", "/")], pid, seconds))
    print(f"{'':8} {'p50':>8} {'p95':>8} {'p99':>8} ms   refused")
    show("bare", floor["bare"])
    gateway = stack.processes["gateway"]
    every: dict[str, Times] = {}
    cpu: dict[str, float] = {}
    for kind in kinds:
        found, cpu[kind.name] = asyncio.run(
            asked(stack.url, {**key(stack), **json_body}, [kind], gateway, seconds)
        )
        every |= found
        show(kind.name, found[kind.name])
        print(f"{'':8} {1e6 * cpu[kind.name]:8.0f} us of CPU a request")
    least = floor["bare"].percentile(95)
    return " ".join(
        f"{name}_p95={times.percentile(95) / least:.1f}x {name}_cpu={cpu[name] / floor_cpu:.1f}x"
        for name, times in every.items()
    )


async def asked(
    url: str, headers: Mapping[str, str], kinds: list[Ask], pid: int, seconds: float
) -> tuple[dict[str, Times], float]:
    """The times, and CPU seconds of the process a request."""
    users = [Connection(url, headers) for _ in range(USERS)]
    await at_a_rate(users, kinds, rate=RATE, seconds=min(5.0, seconds))  # caches, compiled code
    before = cpu_seconds(pid)
    times = await at_a_rate(users, kinds, rate=RATE, seconds=seconds)
    spent = cpu_seconds(pid) - before
    for user in users:
        user.close()
    return times, spent / (RATE * seconds)


def streams(stack: Stack, project: str, number: int) -> str:
    """Open event streams over two replicas, have something happen, count who hears it."""
    with ExitStack() as replicas:
        others = [replicas.enter_context(replica(stack)) for _ in range(REPLICAS - 1)]
        places = [(stack.url, stack.processes["gateway"]), *others]
        before = [memory(pid) for _, pid in places]
        heard = asyncio.run(listening(places, key(stack), project, number))
        grown = sum(memory(pid) - was for (_, pid), was in zip(places, before, strict=True))
        most = max(memory(pid) for _, pid in places)
    print(f"streams: {heard} of {number} heard, {REPLICAS} replicas, largest {most / MIB:.0f} MiB")
    return f"streams={heard} stream_kib={grown / number / KIB:.0f} replica_mib={most / MIB:.0f}"


async def listening(
    places: list[tuple[str, int]], headers: Mapping[str, str], project: str, number: int
) -> int:
    """How many of so many open streams hear that their project is deleted."""
    opening = asyncio.Semaphore(OPENED_AT_ONCE)
    begun = [asyncio.Event() for _ in range(number)]

    async def listen(n: int) -> None:
        url, _ = places[n % len(places)]
        connection = Connection(url, headers)
        try:
            async with opening:
                reader = await connection.stream(f"/v1/projects/{project}/events")
                await reader.readuntil(b"event: stage-failed")  # all that was is told
            begun[n].set()
            await reader.readuntil(b"event: project-deleted")
        finally:
            connection.close()

    async with httpx.AsyncClient(base_url=places[0][0], headers=dict(headers)) as http:
        listeners = [asyncio.create_task(listen(n)) for n in range(number)]
        for each in begun:
            await each.wait()
        (await http.delete(f"/v1/projects/{project}")).raise_for_status()
        done, late = await asyncio.wait(listeners, timeout=HEAR_SECONDS)
    for listener in late:
        listener.cancel()
    return sum(listener.exception() is None for listener in done)


@contextmanager
def bare(size: int) -> Iterator[tuple[str, int]]:
    """The floor, as a process; its address and its id."""
    port = ports.free()
    command = [sys.executable, "-m", "bench.gateway.bare", str(port), str(size)]
    with serving(command, port, "/", dict(os.environ)) as pid:
        yield f"http://{LOOPBACK}:{port}", pid


@contextmanager
def replica(stack: Stack) -> Iterator[tuple[str, int]]:
    """One more gateway of the stack."""
    port, admin = ports.free(), ports.free()
    env = {
        **environment(stack),
        "CLIPFORGE_PORT": str(port),
        "CLIPFORGE_ADMIN_PORT": str(admin),
        # Counted as ever, and never reached: a thousand users of one tenant are none of its plan's.
        "CLIPFORGE_RATE_BUSINESS": str(10**8),
        "CLIPFORGE_HELD_PER_TENANT": str(10**5),
    }
    with serving([sys.executable, "-m", "clipforge_gateway"], port, "/health/live", env) as pid:
        yield f"http://{LOOPBACK}:{port}", pid


@contextmanager
def serving(command: list[str], port: int, path: str, env: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(command, env=env)
    try:

        async def answers_() -> bool:
            async with httpx.AsyncClient() as http:
                try:
                    return (await http.get(f"http://{LOOPBACK}:{port}{path}")).is_success
                except httpx.TransportError:
                    return False

        asyncio.run(eventually(answers_))
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def show(name: str, times: Times) -> None:
    figures = " ".join(f"{times.percentile(each):8.1f}" for each in (50, 95, 99))
    print(f"{name:8} {figures}      {dict(times.refused) or 'none'}", flush=True)


def key(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.api_key}"}


def environment(stack: Stack) -> dict[str, str]:
    """Of the stack's gateway."""
    return dict(psutil.Process(stack.processes["gateway"]).environ())


def cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory(pid: int) -> int:
    """Resident bytes."""
    return int(psutil.Process(pid).memory_info().rss)


if __name__ == "__main__":
    main()
