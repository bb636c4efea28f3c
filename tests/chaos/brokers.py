"""The log's servers as the rounds want them: one, one on a small disk, or three."""

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

from chaos.mounts import Disk, can_mount
from chaos.proxy import Proxy
from clipforge_contracts import subjects
from clipforge_contracts.permissions import Permissions, users
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer, user_line

Kind = Literal["lone", "disk", "three"]

OURS: Final = "chaos"  # a user who may do everything: garble, fill, state again
EVERYTHING: Final = Permissions(publish=(">",), subscribe=(">",))
MAX_FILE_BYTES: Final = 64 * 1024 * 1024  # small enough to be filled
READY_SECONDS: Final = 60.0
LAST_LINES: Final = 5


@dataclass
class Node(NatsServer):
    """One server, of several or not."""

    name: str = "clipforge"
    cluster: str = ""  # block of the configuration

    def configuration(self) -> str:
        ours = user_line(OURS, self.passwords[OURS], EVERYTHING)
        named = (
            super().configuration().replace("server_name: clipforge", f"server_name: {self.name}")
        )
        return named.replace("  users: [", f"  users: [\n{ours}") + self.cluster


@dataclass
class Broker:
    """The log's servers."""

    kind: Kind
    nodes: list[Node]
    disk: Disk | None = None  # of the first
    routes: dict[tuple[int, int], Proxy] = field(default_factory=dict)  # from one node to another

    @classmethod
    @asynccontextmanager
    async def running(cls, kind: Kind, folder: Path) -> AsyncIterator["Broker"]:
        """Started, and gone at the end of the block."""
        passwords = {user: uuid4().hex for user in (*users(), OURS)}
        async with AsyncExitStack() as stack:
            small = kind != "lone" and can_mount()
            disk = stack.enter_context(Disk.mounted(folder / "disk")) if small else None
            count = 3 if kind == "three" else 1
            homes = [folder / f"n{n}" for n in range(count)]
            if disk:
                homes[0] = disk.root
            nodes = [
                Node(
                    home / "nats",
                    ports.free(),
                    ports.free(),
                    passwords,
                    str(MAX_FILE_BYTES),
                    f"n{n}",
                )
                for n, home in enumerate(homes)
            ]
            broker = cls(kind, nodes, disk)
            if count > 1:
                await broker._connect(stack)
            for node in nodes:
                stack.callback(node.child.kill)
            await broker.start()
            yield broker

    @property
    def replicas(self) -> int:
        return len(self.nodes)

    def url(self, user: str) -> str:
        return self.nodes[-1].url(user)

    async def start(self) -> None:
        """Start what does not run, and return when all are ready.

        One that ends is started again: its port was free when it was chosen, and somebody's
        connection may have it for a moment since.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not await asyncio.to_thread(self._ready):
            for node in self.nodes:
                if not node.child.running:
                    node.launch()
            assert time.monotonic() < deadline, f"the log is not ready: {self._last_words()}"
            await asyncio.sleep(0.2)

    def _last_words(self) -> dict[str, list[str]]:
        """What each server said last: its log is gone with the round."""
        return {
            node.name: node.child.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
            for node in self.nodes
        }

    def kill(self) -> None:
        """Every server, at once."""
        for node in self.nodes:
            node.child.kill()

    def leader(self) -> Node:
        """Who leads the stream; the first where nobody says."""
        for node in self.nodes:
            for account in jsz(node).get("account_details", ()):
                for stream in account.get("stream_detail", ()):
                    leader = stream.get("cluster", {}).get("leader")
                    if stream["name"] == subjects.STREAM and leader:
                        return next(one for one in self.nodes if one.name == leader)
        return self.nodes[0]

    def _ready(self) -> bool:
        """All answer, and where there are several, their leader sees all of them."""
        if not all(node.ready() for node in self.nodes):
            return False
        if len(self.nodes) == 1:
            return True
        for node in self.nodes:
            cluster = jsz(node).get("meta_cluster", {})
            if cluster.get("leader") == node.name:
                peers = cluster.get("replicas", ())
                here = [one for one in peers if one.get("current") and not one.get("offline")]
                return len(here) == len(self.nodes) - 1
        return False

    def part(self, node: Node) -> None:
        """Nothing passes between this server and the others."""
        n = self.nodes.index(node)
        for pair, route in self.routes.items():
            if n in pair:
                route.mood = "refusing"
                route.cut()

    def join(self) -> None:
        for route in self.routes.values():
            route.mood = "well"

    async def _connect(self, stack: AsyncExitStack) -> None:
        """Routes between servers pass through proxies, one for each direction of each pair."""
        listens = [ports.free() for _ in self.nodes]
        for one in range(len(self.nodes)):
            for other in range(len(self.nodes)):
                if one != other:
                    route = await stack.enter_async_context(Proxy.to(listens[other]))
                    self.routes[one, other] = route
        for n, node in enumerate(self.nodes):
            ways = [
                f"nats-route://127.0.0.1:{r.port}" for (a, _), r in self.routes.items() if a == n
            ]
            node.cluster = "\n".join(
                [
                    "cluster {",
                    "  name: chaos",
                    f"  listen: 127.0.0.1:{listens[n]}",
                    "  advertise: 127.0.0.1:9",  # nobody there: the ways above are the only ones
                    "  pool_size: -1",
                    f"  routes: {json.dumps(ways)}",
                    "}",
                    "",
                ]
            )


def jsz(node: Node, *, consumers: bool = False) -> dict[str, Any]:
    """What a server says of its part of JetStream; nothing where it does not answer."""
    more = "&consumers=1" if consumers else ""
    address = f"http://127.0.0.1:{node.monitor_port}/jsz?streams=1{more}"
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except OSError:
        return {}
