"""nats-server from its wheel: JetStream in a folder, one user a service."""

import json
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipforge_contracts.permissions import Permissions, users
from clipforge_standalone.servers.process import Child

# The default syncs every two minutes: a power cut lost everything of a 12-second burst.
SYNC_INTERVAL: Final = "always"
READY_SECONDS: Final = 30
MAX_FILE: Final = 20 * 1024**3  # bytes


@dataclass
class NatsServer:
    """A running nats-server."""

    folder: Path
    port: int
    monitor_port: int
    passwords: Mapping[str, str]  # by user
    max_file: str = str(MAX_FILE)

    def __post_init__(self) -> None:
        self.child = Child("nats", [program("nats-server"), "-c", str(self._config)], self._log)

    def url(self, user: str) -> str:
        """The address of the log for one service."""
        return f"nats://{user}:{self.passwords[user]}@127.0.0.1:{self.port}"

    def start(self) -> None:
        self.launch()
        self.child.wait_until(self.ready, READY_SECONDS)

    def launch(self) -> None:
        """Start it, and do not wait: one of three is not ready before another is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config.touch(mode=0o600)
        self._config.write_text(self.configuration())
        self.child.start()

    def ready(self) -> bool:
        return answers(f"http://127.0.0.1:{self.monitor_port}/healthz")

    def stop(self) -> None:
        self.child.stop()

    @property
    def _config(self) -> Path:
        return self.folder / "nats.conf"

    @property
    def _log(self) -> Path:
        return self.folder.parent / "logs" / "nats.log"

    def configuration(self) -> str:
        """The text of nats.conf."""
        store = json.dumps(str(self.folder / "jetstream"))
        lines = [user_line(name, self.passwords[name], rights) for name, rights in users().items()]
        return "\n".join(
            [
                "server_name: clipforge",
                f"listen: 127.0.0.1:{self.port}",
                f"http: 127.0.0.1:{self.monitor_port}",
                "jetstream {",
                f"  store_dir: {store}",
                "  max_mem: 256MB",
                f"  max_file: {self.max_file}",
                f"  sync_interval: {SYNC_INTERVAL}",
                "}",
                "authorization {",
                "  users: [",
                *lines,
                "  ]",
                "}",
                "",
            ]
        )


def user_line(name: str, password: str, rights: Permissions) -> str:
    """One user in nats.conf."""
    publish = {"allow": list(rights.publish), "deny": list(rights.publish_never)}
    permissions = {"publish": publish, "subscribe": {"allow": list(rights.subscribe)}}
    return "    " + json.dumps({"user": name, "password": password, "permissions": permissions})


def program(name: str) -> str:
    """A program that a wheel has put beside this interpreter."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def answers(url: str) -> bool:
    """Whether an address on loopback answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  (loopback, ours)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
