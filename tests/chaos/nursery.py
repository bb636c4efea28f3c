"""Processes of the product in milliseconds: forked from one that has imported everything.

To import what a service needs takes two to five seconds of CPU; a suite that starts processes by
the hundred pays that once. Each child is a process of its own, in a session and group of its own.
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from clipforge_standalone.servers.process import die_with_parent

TESTS: Final = Path(__file__).parents[1]
END_SECONDS: Final = 20.0
READY: Final = b"ready\n"


@dataclass
class Nursery:
    """The process that forks the others."""

    _process: "subprocess.Popen[bytes]"

    @classmethod
    @contextmanager
    def open(cls) -> Iterator["Nursery"]:
        """Its children end with it, and it ends with us."""
        process = subprocess.Popen(
            [sys.executable, "-m", "chaos.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
            preexec_fn=die_with_parent,
        )
        try:
            assert process.stdout
            assert process.stdout.readline() == READY, "the nursery does not start"
            yield cls(process)
        finally:
            process.kill()
            process.communicate()

    def fork(self, role: str, env: Mapping[str, str], log: Path) -> int:
        """Start a process; its number."""
        assert self._process.stdin
        assert self._process.stdout
        wish = {"role": role, "env": dict(env), "log": str(log)}
        self._process.stdin.write(json.dumps(wish).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@dataclass
class Forked:
    """One process of the house, which is started again and again."""

    name: str
    role: str
    env: Mapping[str, str]
    log: Path
    nursery: Nursery
    pid: int = field(default=0, init=False)

    @property
    def running(self) -> bool:
        if not self.pid:
            return False
        try:
            os.kill(self.pid, 0)  # the nursery never leaves a dead child unburied
        except ProcessLookupError:
            return False
        return True

    def start(self) -> None:
        self.pid = self.nursery.fork(self.role, self.env, self.log)

    def send(self, number: signal.Signals) -> None:
        """To the process and its children; nothing where it has ended."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """At once, and return when it is gone."""
        self.send(signal.SIGKILL)
        deadline = time.monotonic() + END_SECONDS
        while self.running:
            assert time.monotonic() < deadline, f"{self.name} does not end"
            time.sleep(0.005)  # a process that is not our child has nothing to await

    async def ended(self, seconds: float) -> None:
        """Wait until it has ended by itself."""
        async with asyncio.timeout(seconds):
            while self.running:  # noqa: ASYNC110  (nor has it here)
                await asyncio.sleep(0.02)


def _main() -> None:
    from chaos import roles

    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    for line in sys.stdin:
        wish = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be(roles.play, wish)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _be(play: Callable[[str], None], wish: dict[str, Any]) -> None:
    """The life of a child, which never returns."""
    os.setsid()
    die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(target, number)
    os.environ.update(wish["env"])
    code = 1
    try:
        play(wish["role"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _main()
