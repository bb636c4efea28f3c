"""Running ffmpeg: progress, output, ends of every kind, and nothing left behind."""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from clipforge_media import ffmpeg, inputs
from films import Films

MINUTE = timedelta(minutes=1)
# Reads its own input at the speed of a clock, so that it is certain to be running.
ENDLESS = ("-re", "-f", "lavfi", "-i", "sine=frequency=440", "-f", "null", "-")


async def test_progress_counts_the_seconds_of_output_up_to_the_end(
    films: Films, tmp_path: Path
) -> None:
    seen: list[float] = []

    await ffmpeg.run(
        [*inputs.local(str(films("long.mp4"))), "-c", "copy", str(tmp_path / "copy.mp4")],
        limit=MINUTE,
        on_progress=seen.append,
    )

    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(20, abs=0.3)


async def test_progress_is_a_sign_of_life_also_while_nothing_is_written(tmp_path: Path) -> None:
    signs: list[float] = []
    nothing_until_its_end = ("-vf", "tile=10x10", "-frames:v", "1", str(tmp_path / "sprite.jpg"))

    await ffmpeg.run(
        ["-re", "-f", "lavfi", "-i", "testsrc=size=32x32:duration=3", *nothing_until_its_end],
        limit=MINUTE,
        on_progress=signs.append,
    )

    assert signs.count(0.0) >= 2


async def test_what_it_writes_to_stdout_arrives_whole(films: Films) -> None:
    heard = bytearray()

    await ffmpeg.run(
        [
            *inputs.local(str(films("plain.mp4"))),
            "-ar",
            "16000",
            "-ac",
            "1",
            "-f",
            "s16le",
            "pipe:1",
        ],
        limit=MINUTE,
        on_output=heard.extend,
    )

    assert len(heard) / 32_000 == pytest.approx(3, abs=0.1)


async def test_a_failure_carries_the_end_of_what_was_said() -> None:
    with pytest.raises(ffmpeg.FfmpegFailed, match="No such file") as failure:
        await ffmpeg.run([*inputs.local("/nowhere.mp4"), "-f", "null", "-"], limit=MINUTE)

    assert not failure.value.killed
    assert "nowhere.mp4" in failure.value.tail


async def test_a_full_disk_is_told_from_a_bad_film(films: Films) -> None:
    with pytest.raises(ffmpeg.FfmpegFailed) as failure:
        await ffmpeg.run(
            [*inputs.local(str(films("plain.mp4"))), "-f", "wav", "/dev/full"], limit=MINUTE
        )

    assert failure.value.no_room


async def test_what_is_kept_of_a_chatty_run_is_bounded() -> None:
    chatty = ["-v", "trace", "-f", "lavfi", "-i", "testsrc=duration=20", "-f", "null", "-"]

    said = await ffmpeg.run(chatty, limit=MINUTE)

    assert 1000 < len(said) <= ffmpeg.TAIL_BYTES


async def test_a_run_that_takes_too_long_is_killed() -> None:
    with pytest.raises(ffmpeg.FfmpegTimedOut) as failure:
        await ffmpeg.run(ENDLESS, limit=timedelta(seconds=0.5))

    assert failure.value.killed
    assert running() == []


async def test_cancelling_kills_the_whole_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = wrapper(tmp_path, f'{ffmpeg.find()} "$@" & wait')
    use(parent, monkeypatch)
    begun = asyncio.Event()
    run = asyncio.create_task(ffmpeg.run(ENDLESS, limit=MINUTE, on_progress=lambda _: begun.set()))
    await begun.wait()
    assert len(running()) == 2  # the shell and its ffmpeg

    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert running() == []


async def test_a_crash_of_ffmpeg_is_the_films_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(wrapper(tmp_path, "kill -SEGV $$"), monkeypatch)

    with pytest.raises(ffmpeg.FfmpegFailed) as failure:
        await ffmpeg.run(["-version"], limit=MINUTE)

    assert not failure.value.killed


async def test_being_killed_from_outside_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(wrapper(tmp_path, "kill -KILL $$"), monkeypatch)

    with pytest.raises(ffmpeg.FfmpegFailed) as failure:
        await ffmpeg.run(["-version"], limit=MINUTE)

    assert failure.value.killed


@pytest.mark.parametrize(
    "said",
    [
        "https://store/film.mp4?X-Amz-Credential=SECRET&X-Amz-Signature=SECRET: 403",
        "https://storage.example/film?X-Goog-Signature=SECRET",
        "http://host/f.mp4?sig=SECRET&x=SECRET' not found",
        "[https @ 0x1] X-Amz-Signature=SECRET",
    ],
)
def test_signatures_never_leave(said: str) -> None:
    assert "SECRET" not in ffmpeg.redact(said)


def test_the_rest_of_an_address_stays() -> None:
    assert ffmpeg.redact("GET https://store/film.mp4?a=b failed") == (
        "GET https://store/film.mp4?*** failed"
    )


async def test_a_playlist_is_never_followed(films: Films) -> None:
    for name in ("playlist.mp4", "concat.mp4"):
        with pytest.raises(ffmpeg.FfmpegFailed, match="Error opening input"):
            await ffmpeg.run(
                ["-v", "error", *inputs.local(str(films(name))), "-f", "null", "-"], limit=MINUTE
            )


def wrapper(folder: Path, command: str) -> Path:
    script = folder / "ffmpeg"
    script.write_text(f"#!/bin/sh\n{command}\n")
    script.chmod(0o755)
    return script


def use(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Callable[[], Path] = lambda: program  # noqa: E731
    monkeypatch.setattr(ffmpeg, "find", found)


def running() -> list[psutil.Process]:
    """What runs ENDLESS: other tests' servers are children of this process, too."""
    return [
        child
        for child in psutil.Process(os.getpid()).children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and set(ENDLESS) <= set(child.cmdline())
    ]
