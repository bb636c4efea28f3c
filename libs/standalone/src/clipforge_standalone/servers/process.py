"""One child process: its start, its log, its end."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.05
LAST_BYTES: Final = 500  # of a log, to show
LOG_BYTES: Final = 10 * 1024 * 1024  # of a log before it is put aside; one former log is kept
STACK: Final = "STACK_OF_CLIPFORGE"  # says to a child, and to its own, whose they are
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class DidNotStart(Exception):
    """A server of the stack did not come up; the text says which, and where its log is."""


@dataclass
class Child:
    """A program that lives no longer than we do."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None  # None: ours
    cwd: Path | None = None
    user: str | None = None  # drop to this one; for root only
    stop_signal: signal.Signals = signal.SIGTERM
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """0 where it does not run."""
        return self._process.pid if self._process is not None and self.running else 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        """Start it in a process group of its own, with its output in the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                list(self.argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**(os.environ if self.env is None else self.env), STACK: str(self.log.parent)},
                cwd=self.cwd,
                user=self.user,
                group=_group_of(self.user),
                extra_groups=[] if self.user else None,
                start_new_session=True,
                preexec_fn=die_with_parent,  # one prctl call, safe after a fork
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return once `ready`. DidNotStart where it exits or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise DidNotStart(self._end())
            if time.monotonic() > deadline:
                raise DidNotStart(f"{self.name} is not ready after {seconds:g} s: see {self.log}")
            time.sleep(POLL_SECONDS)

    def finish(self, seconds: float) -> None:
        """Return once it has ended well. DidNotStart where it fails or the time is over."""
        assert self._process is not None  # noqa: S101  (it was started)
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise DidNotStart(
                f"{self.name} takes longer than {seconds:g} s: see {self.log}"
            ) from error
        if code != 0:
            raise DidNotStart(self._end())

    def _end(self) -> str:
        """How it ended, with the last line that it wrote."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - LAST_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return (
            f"{self.name} exited with {self.exit_code}: see {self.log}\n{said[:LAST_BYTES]}".strip()
        )

    def stop(self, seconds: float = 15) -> None:
        """Ask it to end, and kill its group where it does not."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and its children at once."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # gone already, which is what we want
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(5)


def die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    return pwd.getpwnam(user).pw_gid
