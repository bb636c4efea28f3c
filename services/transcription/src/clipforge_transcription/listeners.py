"""The processes that listen. The only file that starts one.

A thread cannot be stopped in a step of the recogniser, which takes seconds; a process can. So each
listens to one thing at a time, is kept warm for the next, and killed once nobody waits for it.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

from clipforge_runtime.errors import Overloaded, Transient
from clipforge_transcription.line import Line

NO_MEMORY: Final = 75  # what a listener ends with that is refused memory; EX_TEMPFAIL
# Ends that tell of too little memory: its own word, and signals from outside, as the kernel sends.
_TOO_MUCH: Final = {NO_MEMORY, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}


class ListenerFailed(Exception):
    """What listens raised an error; the text is its traceback."""


class Listeners:
    """Processes that listen, as many as are asked at once.

    Whoever listened last is asked first: its models are loaded, and others stay small.
    """

    def __init__(self) -> None:
        self._idle: list[_Listener] = []

    def ask(
        self,
        do: str,
        sound: bytes = b"",
        *,
        cancelled: Callable[[], bool],
        on_seconds: Callable[[float], None] = lambda _seconds: None,
        **request: Any,
    ) -> Any:
        """What one of them answers. Blocks; may be called in several threads.

        Raises Cancelled as soon as `cancelled()`, Overloaded where its memory did not do or it was
        killed, ListenerFailed, and Transient where it crashed. It is not asked again after any.
        """
        listener = self._free()
        try:
            answer = listener.ask({"do": do, **request}, sound, on_seconds, cancelled)
        except BaseException:
            listener.kill()
            raise
        self._idle.append(listener)
        return answer

    def close(self) -> None:
        """End those that wait for work."""
        while self._idle:
            self._idle.pop().kill()

    def _free(self) -> "_Listener":
        while self._idle:
            listener = self._idle.pop()
            if listener.lives:
                return listener
            listener.kill()
        return _Listener()


class _Listener:
    """One process, and our end of its socket. It ends when ours is closed, as it is if we die."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "clipforge_transcription.listener", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is for us: what it does may be finished
            )

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def ask(
        self,
        request: dict[str, Any],
        sound: bytes,
        on_seconds: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> Any:
        head = json.dumps({**request, "bytes": len(sound)}).encode() + b"\n"
        try:
            self._line.send(head, cancelled)
            self._line.send(sound, cancelled)
            return self._answer(on_seconds, cancelled)
        except ConnectionError:
            raise self._ended() from None

    def kill(self) -> None:
        """End it with all that it started, and wait until it has ended."""
        self._line.close()
        if self.lives:
            with contextlib.suppress(ProcessLookupError):  # gone already, which is what we want
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answer(self, on_seconds: Callable[[float], None], cancelled: Callable[[], bool]) -> Any:
        while True:
            kind, value = self._line.receive(cancelled)
            match kind:
                case "seconds":
                    on_seconds(value)
                case "done":
                    return value
                case _:
                    raise ListenerFailed(value)

    def _ended(self) -> Exception:
        self.kill()
        code = self._process.returncode
        if code in _TOO_MUCH:
            return Overloaded(
                "Listening to this film was too much for this machine. It is tried again with less."
            )
        return Transient(f"The speech recogniser ended with {code}. It is tried again.")
