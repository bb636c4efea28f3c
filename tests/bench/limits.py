"""How a limit is kept over replicas: compare-and-set of an arrival time, or an atomic counter.

`make bench-limits`: three processes ask for one tenant, and for a thousand, as fast as
the log answers. Both ways take together what waits in one process (group commit), so a busy tenant
costs one message at a time a process.
"""

import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from clipforge_contracts.permissions import ADMIN, Permissions, users
from clipforge_runtime.jetstream.connection import ApiError, Connection, connect, raise_error
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer, user_line

GATEWAYS: Final = 3
CALLERS: Final = 32  # at once, a gateway
SECONDS: Final = 4.0
RATE: Final = 200.0  # a second
BURST: Final = 400
EXPECTED: Final = "Nats-Expected-Last-Subject-Sequence"


class Counter:
    """A counter a window of the wall clock: one increment takes for all who wait."""

    stream: Final = {"name": "KV_counts", "subjects": ["counts.>"], "allow_msg_counter": True}

    def __init__(self, connection: Connection, subject: str) -> None:
        self._connection, self._subject = connection, subject

    async def take(self, many: int) -> int:
        """How many of these may go on."""
        window = int(time.time())
        answer = await self._connection.request(
            f"counts.{self._subject}.{window}", headers={"Nats-Incr": f"+{many}"}
        )
        reply = json.loads(answer.data)
        raise_error(reply)
        return max(0, min(many, int(RATE) - (int(reply["val"]) - many)))


class Arrival:
    """The generic cell rate algorithm: the value is the theoretical arrival time, in seconds."""

    stream: Final = {"name": "KV_times", "subjects": ["times.>"]}

    def __init__(self, connection: Connection, subject: str) -> None:
        self._connection, self._subject = connection, f"times.{subject}"
        self._sequence, self._arrival = 0, 0.0

    async def take(self, many: int) -> int:
        """How many of these may go on."""
        while True:
            now = time.time()
            begin = max(now, self._arrival)
            free = int((now + BURST / RATE - begin) * RATE)
            taken = max(0, min(many, free))
            if not taken:
                if not await self._read():
                    return 0
                continue
            answer = await self._connection.request(
                self._subject,
                repr(begin + taken / RATE).encode(),
                headers={EXPECTED: str(self._sequence)},
            )
            reply = json.loads(answer.data)
            try:
                raise_error(reply)
            except ApiError:
                await self._read()
                continue
            self._sequence, self._arrival = int(reply["seq"]), begin + taken / RATE
            return taken

    async def _read(self) -> bool:
        """Whether another has written since."""
        answer = await self._connection.request(f"$JS.API.DIRECT.GET.KV_times.{self._subject}")
        sequence = int(answer.headers.get("Nats-Sequence", 0))
        changed = sequence != self._sequence
        self._sequence, self._arrival = sequence, float(answer.data or 0)
        return changed


class Server(NatsServer):
    """A server whose users may do everything: none of ours writes both streams."""

    def configuration(self) -> str:
        """nats.conf with ADMIN's own permissions widened."""
        everything = user_line(ADMIN, self.passwords[ADMIN], Permissions((">",), (">",)))
        lines = super().configuration().splitlines()
        mine = json.dumps({"user": ADMIN})[:-1]
        return "\n".join(everything if mine in line else line for line in lines)


async def gateway(url: str, way: Callable[..., Any], tenants: int) -> tuple[int, int, list[float]]:
    """Calls, calls that may go on, and the milliseconds of each."""
    async with connect(url, "admin") as connection:
        calls, passed, took = 0, 0, list[float]()
        waiting = [list[asyncio.Future[bool]]() for _ in range(tenants)]
        wake = [asyncio.Event() for _ in range(tenants)]

        async def keeper(n: int) -> None:
            limit = way(connection, f"ten{n}")
            while True:
                await wake[n].wait()
                wake[n].clear()
                batch, waiting[n] = waiting[n], []
                free = await limit.take(len(batch))
                for at, future in enumerate(batch):
                    future.set_result(at < free)

        async def caller(k: int) -> None:
            nonlocal calls, passed
            while time.monotonic() < end:
                k = (k + 1) % tenants
                began = time.perf_counter()
                future = asyncio.get_running_loop().create_future()
                waiting[k].append(future)
                wake[k].set()
                may_go_on = await future
                passed += may_go_on
                calls += 1
                took.append((time.perf_counter() - began) * 1000)

        keepers = [asyncio.create_task(keeper(n)) for n in range(tenants)]
        end = time.monotonic() + SECONDS
        await asyncio.gather(*(caller(k * tenants // CALLERS) for k in range(CALLERS)))
        for one in keepers:
            one.cancel()
        return calls, passed, took


def _process(url: str, way: str, tenants: int, results: Any) -> None:
    results.put(asyncio.run(gateway(url, {"counter": Counter, "arrival": Arrival}[way], tenants)))


async def _declare(url: str) -> None:
    async with connect(url, "admin") as connection:
        for way in (Counter, Arrival):
            config = {
                "storage": "memory",
                "max_msgs_per_subject": 1,
                "allow_direct": True,
                **way.stream,
            }
            await connection.api(f"STREAM.CREATE.{config['name']}", config)


def main() -> None:
    server = Server(
        Path(tempfile.mkdtemp(prefix="clipforge-bench-")) / "nats",
        ports.free(),
        ports.free(),
        {user: uuid4().hex for user in users()},
    )
    server.start()
    try:
        url = server.url("admin")
        asyncio.run(_declare(url))
        for tenants in (1, 1000):
            for way in ("counter", "arrival"):
                results: Any = multiprocessing.Queue()
                each = [
                    multiprocessing.Process(target=_process, args=(url, way, tenants, results))
                    for _ in range(GATEWAYS)
                ]
                for one in each:
                    one.start()
                found = [results.get() for _ in each]
                for one in each:
                    one.join()
                took = sorted(ms for _, _, every in found for ms in every)
                passed, calls = sum(one[1] for one in found), sum(one[0] for one in found)
                print(
                    f"{way} tenants={tenants} calls_per_s={calls / SECONDS:.0f} "
                    f"passed={passed} p50_ms={took[len(took) // 2]:.2f} "
                    f"p99_ms={took[int(len(took) * 0.99)]:.2f}"
                )
    finally:
        server.stop()


if __name__ == "__main__":
    main()
