"""Processes that listen end when nobody waits for them, and never make anybody wait for nothing."""

import os
import resource
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clipforge_runtime.errors import Overloaded, Transient
from clipforge_transcription.engines import Cancelled
from clipforge_transcription.listeners import ListenerFailed, Listeners
from clipforge_transcription.samples import RATE
from hearing import listening
from workshop import PATIENCE

NOISE = np.random.default_rng(1).normal(0, 0.1, 60 * RATE).astype(np.float32).tobytes()
ORPHAN = """
from pathlib import Path
from clipforge_transcription.listeners import Listeners
import numpy as np
listeners = Listeners()
listeners.ask("speech", np.zeros(4, np.float32).tobytes(), cancelled=lambda: False)
print("there", flush=True)
input()
"""


@pytest.fixture
def listeners() -> Iterator[Listeners]:
    with closing(Listeners()) as listeners:
        yield listeners


def never() -> bool:
    """It is wanted all the time."""
    return False


def warm(listeners: Listeners) -> int:
    """Its only listener, which has started."""
    assert listeners.ask("speech", bytes(16), cancelled=never) == []
    [pid] = listening(os.getpid())
    return pid


def asked(listeners: Listeners, cancelled: Callable[[], bool] = never) -> "Future[Any]":
    """What becomes of a minute of sound, which a listener is being asked."""
    asking = threading.Event()

    def looked() -> bool:
        asking.set()
        return cancelled()

    answer = ThreadPoolExecutor(1).submit(listeners.ask, "speech", NOISE, cancelled=looked)
    assert asking.wait(PATIENCE)
    return answer


def test_a_step_that_does_not_end_is_killed_when_it_is_cancelled(listeners: Listeners) -> None:
    """It has not even taken the sound: a minute is more than fits on the way to it."""
    pid, cancel = warm(listeners), threading.Event()
    os.kill(pid, signal.SIGSTOP)
    answer = asked(listeners, cancel.is_set)
    cancel.set()

    with pytest.raises(Cancelled):
        answer.result(PATIENCE)

    assert listening(os.getpid()) == set()
    assert warm(listeners) != pid


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_listener_that_is_killed_was_overloaded(listeners: Listeners, by: signal.Signals) -> None:
    """As by the kernel, when memory runs out: it is tried again with less."""
    pid = warm(listeners)
    os.kill(pid, signal.SIGSTOP)
    answer = asked(listeners)
    os.kill(pid, by)
    if by != signal.SIGKILL:  # which does not wait for it
        os.kill(pid, signal.SIGCONT)

    with pytest.raises(Overloaded, match="too much for this machine"):
        answer.result(PATIENCE)


def test_a_listener_that_is_refused_memory_was_overloaded(listeners: Listeners) -> None:
    pid = warm(listeners)
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    size = pages * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size, size))

    with pytest.raises(Overloaded, match="too much for this machine"):
        listeners.ask("speech", 30 * NOISE, cancelled=never)


def test_a_listener_that_crashes_was_not_overloaded(listeners: Listeners) -> None:
    pid = warm(listeners)
    os.kill(pid, signal.SIGSTOP)
    answer = asked(listeners)
    os.kill(pid, signal.SIGSEGV)
    os.kill(pid, signal.SIGCONT)

    with pytest.raises(Transient, match="ended with -11") as crashed:
        answer.result(PATIENCE)

    assert not isinstance(crashed.value, Overloaded)


def test_an_error_of_a_listener_is_told_with_its_traceback(listeners: Listeners) -> None:
    with pytest.raises(ListenerFailed, match=r"(?s)Traceback.*no listener does 'sing'"):
        listeners.ask("sing", cancelled=never)


def test_a_listener_that_died_while_nothing_was_asked_of_it_is_replaced(
    listeners: Listeners,
) -> None:
    pid = warm(listeners)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    assert warm(listeners) != pid


def test_a_listener_is_asked_again_and_another_is_started_only_for_what_comes_at_once(
    listeners: Listeners,
) -> None:
    pid = warm(listeners)
    assert warm(listeners) == pid
    os.kill(pid, signal.SIGSTOP)
    both = [asked(listeners) for _ in range(2)]
    done, held = wait(both, PATIENCE, FIRST_COMPLETED)
    os.kill(pid, signal.SIGCONT)

    assert (len(done), len(held)) == (1, 1)
    assert all(answer.result(PATIENCE) is not None for answer in both)
    assert len(listening(os.getpid())) == 2


def test_a_listener_ends_when_its_service_is_killed() -> None:
    service = subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with service:
        assert service.stdout is not None
        assert service.stdout.readline() == b"there\n"
        [pid] = listening(service.pid)
        gone = os.pidfd_open(pid)
        service.kill()

        assert _ended(gone)


def _ended(process: int) -> bool:
    """Wait until the process of this descriptor has ended."""
    poll = select.poll()
    poll.register(process, select.POLLIN)
    try:
        return bool(poll.poll(PATIENCE * 1000))
    finally:
        os.close(process)


def test_the_service_itself_loads_no_recogniser() -> None:
    """It would be a copy of what the listeners have, and can do nothing with it."""
    heavy = "{'ctranslate2', 'onnxruntime', 'pocketsphinx'} & set(sys.modules)"
    code = f"import sys, clipforge_transcription.__main__; print({heavy})"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert loaded.stdout == b"set()\n"
