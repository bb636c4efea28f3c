"""The log's server as the rounds want it: one, or three of them."""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from clipforge_contracts.permissions import users
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.nats import NatsServer


@dataclass
class Lone:
    """One server."""

    server: NatsServer
    replicas: int = 1

    @classmethod
    def within(cls, folder: Path, *, max_file: str = "1GB") -> "Lone":
        passwords = {user: uuid4().hex for user in users()}
        server = NatsServer(folder / "nats", ports.free(), ports.free(), passwords, max_file)
        return cls(server)

    def url(self, user: str) -> str:
        return self.server.url(user)

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()
