"""The stage around the renderer: twice, cancelled, served again, by ranges, in words."""

import asyncio
import importlib.util
import os
import re
import signal
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clipforge.v1.documents_pb2 import ExportRecord
from clipforge.v1.facts_pb2 import ClipExported, ExportRequested, RemovalRequested
from clipforge_contracts import ids
from clipforge_contracts.documents import from_json
from clipforge_export.handler import export_clip
from clipforge_maintenance.handler import remove_objects
from clipforge_media import ffmpeg
from clipforge_runtime.errors import Permanent
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.storage import ObjectStore
from clipforge_runtime.strain import current, strain
from clipforge_runtime.testing import FolderStore
from exporting import make, request, spoken, stored
from films import Films
from samples import nobody
from web_server import WebServer
from workshop import PATIENCE

pytestmark = pytest.mark.integration


def quiet(_percent: float, _step: str) -> None:
    """Progress that nobody watches."""


async def export(wish: ExportRequested, store: ObjectStore, scratch: Path) -> ClipExported:
    [made] = await export_clip(wish, store=store, progress=quiet, scratch=scratch, strain=strain)
    return made


async def test_a_clip_is_rendered_once_and_then_served(
    store: FolderStore, scratch: Path, films: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = films("plain.mp4")
    await stored(store, film, spoken("Hello there"))
    wish = request(film, 0, 1000)
    first = await export(wish, store, scratch)
    monkeypatch.setattr(ffmpeg, "find", lambda: Path("/there/is/no/ffmpeg"))

    second = await export(wish, store, scratch)

    assert (first.cached, second.cached) == (False, True)
    assert first.record == second.record
    with pytest.raises(FileNotFoundError):  # another look is another clip
        await export(request(film, 0, 1000, style="bar"), store, scratch)


@pytest.mark.parametrize(
    ("strained", "threads", "preset"),
    [(0, [], "superfast"), (1, ["1", "1"], "superfast"), (2, ["1", "1"], "ultrafast")],
)
async def test_what_was_too_much_for_a_machine_is_rendered_with_less(
    strained: int,
    threads: list[str],
    preset: str,
    store: FolderStore,
    scratch: Path,
    films: Films,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands: list[list[str]] = []
    run = ffmpeg.run

    async def noted(arguments: Sequence[str], **options: Any) -> str:
        commands.append(list(arguments))
        return await run(arguments, **options)

    film = films("plain.mp4")
    await stored(store, film, spoken("Hello there"))
    monkeypatch.setattr(ffmpeg, "run", noted)
    token = current.set(strained)  # as the worker does that is handed it after a crash
    wish = request(film, 0, 1000)
    wish.render.quality = "standard"
    made = await export(wish, store, scratch)
    current.reset(token)

    [render] = [command for command in commands if "libx264" in command]
    assert [after for one, after in pairwise(render) if one == "-threads"] == threads
    assert [after for one, after in pairwise(render) if one == "-preset"][-1] == preset
    assert made.record.duration_ms > 0


async def test_a_clip_that_is_served_again_stays_though_its_removal_had_been_asked_for(
    s3_settings: RuntimeSettings, scratch: Path, films: Films
) -> None:
    store, film = S3Store(s3_settings), films("plain.mp4")
    await stored(store, film, spoken("Hello there"))
    made = await export(request(film, 0, 1000), store, scratch)
    folder = made.record.objects.clip_key.rpartition("/")[0] + "/"
    newest = max(stat.modified for stat in await store.find(folder))
    due = RemovalRequested(
        project=nobody(),
        removal_id=ids.new("rmv"),
        keys=[folder],
        decided_at_ms=int(newest.timestamp() * 1000) + 1,
    )

    again = await export(request(film, 0, 1000), store, scratch)
    done = await remove_objects(due, store=store, progress=quiet)

    assert again.cached
    assert (done.objects, list(done.kept_keys)) == (0, [folder])


async def test_a_clip_of_which_only_the_record_is_left_is_rendered_again(
    store: FolderStore, scratch: Path, films: Films
) -> None:
    film = films("plain.mp4")
    await stored(store, film, spoken("Hello there"))
    made = await export(request(film, 0, 1000), store, scratch)
    await store.delete([made.record.objects.clip_key])

    again = await export(request(film, 0, 1000), store, scratch)

    assert not again.cached
    assert await store.stat(again.record.objects.clip_key) is not None


async def test_the_same_wish_twice_at_once_gives_one_and_the_same_clip(
    store: FolderStore, scratch: Path, films: Films
) -> None:
    film = films("plain.mp4")
    await stored(store, film, spoken("Hello there"))

    one, two = await asyncio.gather(
        *(export(request(film, 0, 1000), store, scratch) for _ in range(2))
    )

    assert one.record.objects == two.record.objects
    assert list(scratch.iterdir()) == []


async def test_captions_and_a_picture_lie_beside_the_clip_and_the_record_says_so(
    store: FolderStore, scratch: Path, films: Films
) -> None:
    film = films("plain.mp4")
    await stored(store, film, spoken("never before here and after", every_ms=500, held_ms=400))

    record = (await export(request(film, 1000, 2000), store, scratch)).record

    srt = (await store.read(record.objects.srt_key)).decode()
    vtt = (await store.read(record.objects.vtt_key)).decode()
    assert "00:00:00,000 --> " in srt
    assert "here and" in srt
    assert "before" not in srt
    assert vtt.startswith("WEBVTT\n")
    assert (await store.read(record.objects.thumbnail_key)).startswith(b"\xff\xd8")
    clip = await store.read(record.objects.clip_key)
    assert record.bytes == len(clip)
    assert clip.index(b"moov") < clip.index(b"mdat")  # it plays before it is loaded
    folder = record.objects.clip_key.rpartition("/")[0]
    kept = from_json(await store.read(f"{folder}/record.json"), ExportRecord)
    assert kept == record


async def test_a_cancelled_export_ends_its_ffmpeg_and_leaves_no_scratch(
    store: FolderStore, scratch: Path, films: Films
) -> None:
    film = make(
        scratch.parent / "long.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=5:duration=20"),
        *("-f", "lavfi", "-i", "sine=duration=20", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac"),
    )
    await stored(store, film, spoken("Hello there"))
    rendering = asyncio.Event()

    def progress(_percent: float, step: str) -> None:
        if step == "rendering":
            rendering.set()

    wish = request(film, 0, 20_000, aspect="16:9")
    wish.render.height = 720
    job = asyncio.create_task(
        export_clip(wish, store=store, progress=progress, scratch=scratch, strain=strain)
    )
    async with asyncio.timeout(PATIENCE):
        await rendering.wait()
    [process] = _children(scratch)
    os.kill(process, signal.SIGSTOP)  # by itself it would never end

    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(job, PATIENCE)

    assert list(scratch.iterdir()) == []
    assert _children(scratch) == []


async def test_a_clip_outside_of_its_film_is_refused_in_words(
    store: FolderStore, scratch: Path, films: Films
) -> None:
    film = films("plain.mp4")
    await stored(store, film, [])

    with pytest.raises(Permanent, match="outside of its film") as refused:
        await export(request(film, 60_000, 70_000), store, scratch)

    assert refused.value.reason == "outside-of-film"


async def test_a_missing_font_is_said_in_words(
    store: FolderStore, scratch: Path, films: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = films("plain.mp4")
    await stored(store, film, spoken("Hello"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(Permanent, match="font of the caption style bar") as refused:
        await export(request(film, 0, 1000, style="bar", aspect="16:9"), store, scratch)

    assert "install fontpkg-poppins" in str(refused.value.__cause__)


async def test_a_clip_is_made_from_ranges_of_its_film(scratch: Path, tmp_path: Path) -> None:
    film = make(
        tmp_path / "large.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=10:duration=120"),
        *("-f", "lavfi", "-i", "sine=duration=120", "-vf", "noise=alls=60:allf=t"),
        *("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-c:a", "aac"),
        *("-movflags", "+faststart"),
    )
    sent: list[int] = []
    with WebServer([_counted(film, sent)]) as server:
        store = Linked(tmp_path / "store", server.url())
        await stored(store, film, spoken("Hello"))

        await export(request(film, 90_000, 92_000), store, scratch)

    assert sum(sent) < 0.15 * film.stat().st_size  # looked at, listened to, and rendered


async def test_a_clip_is_made_through_the_links_of_a_real_store(
    s3_settings: RuntimeSettings, scratch: Path, films: Films
) -> None:
    film = films("plain.mp4")
    store = S3Store(s3_settings)
    await stored(store, film, spoken("Hello there"))

    made = await export(request(film, 1000, 2000), store, scratch)
    again = await export(request(film, 1000, 2000), store, scratch)

    assert (await store.stat(made.record.objects.clip_key)) is not None
    assert again.cached


class Linked(FolderStore):
    """Its links lead to a web server."""

    def __init__(self, root: Path, link: str) -> None:
        super().__init__(root)
        self._link = link

    async def presign_get(
        self, key: str, *, expires: timedelta, public: bool = False, file_name: str = ""
    ) -> str:
        return self._link


def _counted(film: Path, sent: list[int]) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answers ranges in small blocks, and notes how many bytes were taken."""
    size = film.stat().st_size

    def answer(asked: BaseHTTPRequestHandler) -> None:
        asked.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        first = re.match(r"bytes=(\d+)-(\d*)", asked.headers.get("Range", "bytes=0-"))
        assert first is not None
        start, end = int(first[1]), int(first[2] or size - 1)
        asked.send_response(206)
        asked.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        asked.send_header("Content-Length", str(end - start + 1))
        asked.send_header("Accept-Ranges", "bytes")
        asked.end_headers()
        with film.open("rb") as body:
            body.seek(start)
            left = end - start + 1
            while left and (block := body.read(min(left, 16 * 1024))):
                asked.wfile.write(block)
                sent.append(len(block))
                left -= len(block)

    return answer


def _children(scratch: Path) -> list[int]:
    """Processes whose command line names the scratch folder."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(scratch) in command:
            found.append(int(process.parent.name))
    return found
