"""Lines come as they were said, however they are cut on their way."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest

from clipforge_transcription.engines import Cancelled
from clipforge_transcription.line import Line
from workshop import PATIENCE


@pytest.fixture
def ends() -> Iterator[tuple[Line, socket.socket]]:
    ours, theirs = socket.socketpair()
    with closing(Line(ours)) as line, theirs:
        yield line, theirs


def never() -> bool:
    """It is wanted all the time."""
    return False


def test_what_is_said_at_once_is_taken_one_by_one(ends: tuple[Line, socket.socket]) -> None:
    line, theirs = ends
    theirs.sendall(b'["seconds", 1.5]\n["seconds", 2.5]\n["do')
    first, second = line.receive(never), line.receive(never)
    theirs.sendall(b'ne", []]\n')

    assert [first, second] == [["seconds", 1.5], ["seconds", 2.5]]
    assert line.receive(never) == ["done", []]


def test_what_waits_for_a_word_is_cancelled(ends: tuple[Line, socket.socket]) -> None:
    line, theirs = ends
    theirs.sendall(b'["seconds"')
    cancel = Event()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(line.receive, cancel.is_set)
        cancel.set()

        with pytest.raises(Cancelled):
            waiting.result(PATIENCE)


def test_an_end_in_the_middle_of_a_word_is_an_end(ends: tuple[Line, socket.socket]) -> None:
    line, theirs = ends
    theirs.sendall(b'["seconds"')
    theirs.close()

    with pytest.raises(ConnectionError):
        line.receive(never)
