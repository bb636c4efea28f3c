"""Child processes: started, watched, and ended with everything that they started."""

import sys
from pathlib import Path

import psutil
import pytest

from clipforge_standalone.servers import orphans
from clipforge_standalone.servers.process import Child, DidNotStart

WAITS = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)\n"


def python(tmp_path: Path, code: str) -> Child:
    return Child("child", [sys.executable, "-c", code], tmp_path / "child.log")


def test_a_child_that_ends_is_said_to_with_its_log(tmp_path: Path) -> None:
    child = python(tmp_path, "import sys; print('no port'); sys.exit(3)")
    child.start()

    with pytest.raises(DidNotStart, match=r"exited with 3: see .*child\.log"):
        child.wait_until(lambda: False, 20)

    assert "no port" in (tmp_path / "child.log").read_text()


def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    child = python(tmp_path, WAITS)
    child.start()

    with pytest.raises(DidNotStart, match="not ready after"):
        child.wait_until(lambda: False, 0.1)

    child.kill()


def test_a_child_that_will_not_end_is_killed_with_its_own_children(tmp_path: Path) -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {WAITS!r}])\n"
    child = python(tmp_path, code + STUBBORN + "while True: signal.pause()")
    child.start()
    child.wait_until(lambda: bool((tmp_path / "child.log").read_text()), 20)
    family = psutil.Process(child.pid).children()
    assert family

    child.stop(seconds=0.1)

    assert not child.running
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_a_long_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipforge_standalone.servers.process.LOG_BYTES", 10)
    (tmp_path / "child.log").write_text("of former times\n")
    child = python(tmp_path, "print('new')")

    child.start()
    child.stop()

    assert (tmp_path / "child.old.log").read_text() == "of former times\n"
    assert "of former" not in (tmp_path / "child.log").read_text()


def test_what_a_killed_stack_left_is_ended_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mine, other = python(tmp_path / "a", WAITS), python(tmp_path / "b", WAITS)
    mine.start()
    other.start()

    assert orphans.end(tmp_path / "a") == 1

    assert not mine.running
    assert other.running
    assert orphans.end(tmp_path / "a") == 0
    other.kill()


def test_a_step_that_fails_shows_its_last_words(tmp_path: Path) -> None:
    child = python(tmp_path, "import sys; sys.exit('the tables are newer than this program')")
    child.start()

    with pytest.raises(DidNotStart, match="the tables are newer"):
        child.finish(20)


def test_a_step_without_end_is_given_up(tmp_path: Path) -> None:
    child = python(tmp_path, WAITS)
    child.start()

    with pytest.raises(DidNotStart, match="takes longer than"):
        child.finish(0.1)

    assert not child.running
