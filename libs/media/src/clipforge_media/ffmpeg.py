"""Run ffmpeg. The only file that starts it; its arguments are built by pure functions elsewhere."""

import asyncio
import contextlib
import ctypes
import errno
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

import imageio_ffmpeg

TAIL_BYTES: Final = 8 * 1024  # of what ffmpeg says, kept for the operator
SIGN_SECONDS: Final = 1.0  # without a report, before `on_progress` is told that ffmpeg lives
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
# What follows the `?` of an address may be a signature, whoever made it.
_QUERIES: Final = re.compile(r"(?i)(https?://[^\s?'\"]*\?)[^\s'\"]+")
_SIGNATURES: Final = re.compile(r"(?i)((?:X-(?:Amz|Goog)-[a-z-]+|signature|sig|token)=)[^&\s'\"]+")
_STOPPED: Final = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}


class FfmpegFailed(Exception):
    """ffmpeg exited with an error; `tail` is the end of what it said, without signatures."""

    def __init__(self, returncode: int, tail: str) -> None:
        super().__init__(f"ffmpeg exited with {returncode}: {tail[-300:]}")
        self.returncode = returncode
        self.tail = tail

    @property
    def killed(self) -> bool:
        """Ended from outside, as the kernel does when memory runs out. A crash is none of these: it
        comes from the file, and would come again.
        """
        return self.returncode in _STOPPED

    @property
    def no_room(self) -> bool:
        """The disk that it wrote to was full."""
        return os.strerror(errno.ENOSPC) in self.tail


class FfmpegTimedOut(FfmpegFailed):
    """ffmpeg took longer than it was given."""


@cache
def find() -> Path:
    """The ffmpeg to use: $CLIPFORGE_FFMPEG, else the one on PATH, else the wheel's."""
    named = os.environ.get("CLIPFORGE_FFMPEG") or shutil.which("ffmpeg")
    return Path(named or imageio_ffmpeg.get_ffmpeg_exe())


async def run(
    arguments: Sequence[str],
    *,
    limit: timedelta,
    cwd: Path | None = None,
    on_progress: Callable[[float], None] | None = None,
    on_output: Callable[[bytes], None] | None = None,
) -> str:
    """Run ffmpeg to its end; the tail of what it said.

    `on_progress` gets the seconds of output written so far, at least once a second, also while
    none is written: a sign of life. `on_output` gets what it writes to
    stdout, block by block, in constant memory. When this task is cancelled, or `limit` is over, the
    whole process group is killed. Raises FfmpegFailed.
    """
    if on_progress and on_output:
        raise ValueError("stdout carries either progress or output")
    asked = ("-progress", "pipe:1", "-nostats", "-stats_period", "0.5") if on_progress else ()
    process = await asyncio.create_subprocess_exec(
        str(find()),
        *("-hide_banner", "-nostdin", "-y", *asked, *arguments),
        stdin=DEVNULL,
        stdout=PIPE if on_progress or on_output else DEVNULL,
        stderr=PIPE,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )
    tail = bytearray()
    try:
        async with asyncio.timeout(limit.total_seconds()), asyncio.TaskGroup() as readers:
            readers.create_task(_keep_tail(process, tail))
            if on_progress:
                readers.create_task(_read_progress(process, on_progress))
            if on_output:
                readers.create_task(_read_output(process, on_output))
            await process.wait()
    except TimeoutError as error:
        seconds = limit.total_seconds()
        raise FfmpegTimedOut(-signal.SIGKILL, f"no end after {seconds:g} s") from error
    finally:
        await _kill_group(process)
    said = _said(tail)
    if process.returncode != 0:
        raise FfmpegFailed(process.returncode or 0, said)
    return said


def redact(text: str) -> str:
    """The text without the signatures of presigned addresses."""
    return _SIGNATURES.sub(r"\1***", _QUERIES.sub(r"\1***", text))


def _said(tail: bytearray) -> str:
    text = tail.decode(errors="replace")
    if len(tail) >= TAIL_BYTES:  # its first line may be half an address
        text = text.partition("\n")[2]
    return redact(text)


async def _keep_tail(process: Process, tail: bytearray) -> None:
    assert process.stderr is not None  # noqa: S101  (it is piped above)
    while block := await process.stderr.read(4096):
        tail += block
        del tail[:-TAIL_BYTES]


async def _read_progress(process: Process, on_progress: Callable[[float], None]) -> None:
    assert process.stdout is not None  # noqa: S101  (it is piped above)
    seconds = 0.0
    while True:
        try:
            async with asyncio.timeout(SIGN_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:  # it says nothing before the first frame is written
            on_progress(seconds)
            continue
        if not line:
            return
        name, _, value = line.decode(errors="replace").strip().partition("=")
        # out_time_ms is in microseconds too, whatever its name says.
        if name == "out_time_us" and value.lstrip("-").isdigit():
            seconds = max(seconds, int(value) / 1e6)
            on_progress(seconds)


async def _read_output(process: Process, on_output: Callable[[bytes], None]) -> None:
    assert process.stdout is not None  # noqa: S101  (it is piped above)
    while block := await process.stdout.read(64 * 1024):
        on_output(block)


async def _kill_group(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):  # gone already, which is what we want
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())


def _die_with_parent() -> None:
    """A worker that is killed leaves no ffmpeg behind."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
