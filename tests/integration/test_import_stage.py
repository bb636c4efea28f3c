"""Import on a real log and a real store: facts in, facts out, and nothing left behind."""

import threading
from functools import partial
from pathlib import Path

import psutil
import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge.v1.common_pb2 import Source, UploadSource, UrlSource
from clipforge_contracts import ids, keys
from clipforge_contracts.plans import Plan
from clipforge_import.handler import import_video
from clipforge_media import ffmpeg
from clipforge_runtime.progress import report
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.strain import strain
from clipforge_runtime.worker import Handler
from films import Films
from samples import TENANT
from web_server import WebServer, chunked, silence, trickle, whole
from workshop import Workshop, eventually, submission

pytestmark = pytest.mark.integration

Allowed = frozenset[tuple[str, int]]


@pytest.fixture
def store(s3_settings: RuntimeSettings) -> S3Store:
    return S3Store(s3_settings)


def handler(store: S3Store, scratch: Path, allowed: Allowed = frozenset()) -> Handler:
    return partial(
        import_video,
        store=store,
        progress=report,
        allowed=allowed,
        scratch=scratch,
        strain=strain,
    )


async def submit(
    workshop: Workshop, name: str, source: Source, plan: Plan = Plan.BUSINESS
) -> facts.ProjectSubmitted:
    fact = submission(name, plan)
    fact.source.CopyFrom(source)
    await workshop.gateway.state(fact, fact_id=ids.derive("evt", name), once=True)
    return fact


async def uploaded(store: S3Store, film: Path) -> Source:
    key = keys.upload(TENANT, ids.derive("upl", film.name))
    await store.upload(key, film, content_type="application/octet-stream")
    upload = UploadSource(
        upload_id=ids.derive("upl", film.name), object_key=key, file_name=film.name
    )
    return Source(upload=upload)


async def test_an_upload_becomes_a_film_that_is_laid_out(
    workshop: Workshop, store: S3Store, scratch: Path, films: Films
) -> None:
    await submit(workshop, "first", await uploaded(store, films("film.webm")))

    async with workshop.working(handler(store, scratch)):
        [entry] = await workshop.hear(facts.VideoImported)

    film = entry.fact
    assert isinstance(film, facts.VideoImported)
    source = await store.stat(film.objects.source_key)
    assert source is not None
    assert (source.bytes, source.content_type) == (film.media.bytes, "video/webm")
    for key in (film.objects.audio_key, film.objects.poster_key, film.objects.peaks_key):
        assert await store.stat(key)
    assert list(scratch.iterdir()) == []


async def test_the_same_bytes_by_another_way_are_not_processed_again(
    workshop: Workshop, store: S3Store, scratch: Path, films: Films
) -> None:
    film = films("plain.mp4")
    with WebServer([whole(film.read_bytes())]) as server:
        async with workshop.working(handler(store, scratch, server.allowed)):
            await submit(workshop, "first", await uploaded(store, film))
            await workshop.hear(facts.VideoImported)
            before = {one.key: one.modified for one in await store.find("tenants/")}

            await submit(workshop, "second", Source(url=UrlSource(url=server.url())))
            imported = [entry.fact for entry in await workshop.hear(facts.VideoImported, 2)]

    first, second = imported
    assert isinstance(first, facts.VideoImported)
    assert isinstance(second, facts.VideoImported)
    assert (first.reused, second.reused) == (False, True)
    assert first.asset_id == second.asset_id
    after = {one.key: one.modified for one in await store.find("tenants/")}
    changed = [key.rsplit("/", 1)[-1] for key in after if after[key] != before[key]]
    assert after.keys() == before.keys()
    assert changed == ["record.json"]  # written anew, so that no removal under way takes it


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/film.mp4",
        "http://2130706433/film.mp4",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/film.mp4",
    ],
)
async def test_an_address_inside_is_a_failure_that_the_user_reads(
    workshop: Workshop, store: S3Store, scratch: Path, url: str
) -> None:
    await submit(workshop, "inside", Source(url=UrlSource(url=url)))

    async with workshop.working(handler(store, scratch)):
        failure = await workshop.failure()

    assert (failure.stage, failure.reason, failure.attempts) == ("import", "forbidden-address", 1)
    assert "Upload the file instead" in failure.sentence
    assert list(scratch.iterdir()) == []


async def test_a_cancel_in_the_middle_of_a_download_leaves_nothing(
    workshop: Workshop, store: S3Store, scratch: Path
) -> None:
    with WebServer([chunked(lambda: trickle(b"x" * 4096))]) as server:
        async with workshop.working(handler(store, scratch, server.allowed)):
            film = await submit(workshop, "film", Source(url=UrlSource(url=server.url())))
            await eventually(lambda: some_bytes(scratch))

            await cancel(workshop, film)
            await workshop.idle()

    assert list(scratch.iterdir()) == []
    assert await workshop.log("facts.video-imported.>") == []


async def test_a_cancel_in_the_middle_of_decoding_kills_ffmpeg(
    workshop: Workshop,
    store: S3Store,
    scratch: Path,
    films: Films,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = tmp_path / "ffmpeg"  # reads at the speed of a clock
    slow.write_text(f'#!/bin/sh\n{ffmpeg.find()} -readrate 1 "$@" &\nwait\n')
    slow.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "find", lambda: slow)

    async with workshop.working(handler(store, scratch)):
        film = await submit(workshop, "film", await uploaded(store, films("long.mp4")))
        await eventually(lambda: decoding(2))

        await cancel(workshop, film)
        await workshop.idle()
        assert await decoding(0)

    assert list(scratch.iterdir()) == []
    assert await store.find("tenants/") == []


async def test_a_silent_server_is_tried_again_and_the_film_comes(
    workshop: Workshop, store: S3Store, scratch: Path, films: Films
) -> None:
    over = threading.Event()
    over.set()  # it hangs up at once, in the middle
    film = whole(films("plain.mp4").read_bytes())
    with WebServer([silence(over), silence(over), film]) as server:
        await submit(workshop, "film", Source(url=UrlSource(url=server.url())))
        async with workshop.working(handler(store, scratch, server.allowed)):
            [entry] = await workshop.hear(facts.VideoImported)

    assert isinstance(entry.fact, facts.VideoImported)
    assert len(server.asked) == 3
    assert await workshop.log("facts.stage-failed.>") == []


async def cancel(workshop: Workshop, film: facts.ProjectSubmitted) -> None:
    await workshop.gateway.state(
        facts.ProjectCancelled(project=film.project), fact_id=ids.derive("evt", "cancel"), once=True
    )


async def some_bytes(scratch: Path) -> bool:
    return any(file.stat().st_size > 0 for file in scratch.glob("import-*/source"))


async def decoding(processes: int) -> bool:
    """Whether so many children run: a shell and its ffmpeg, or none."""
    alive = [
        child
        for child in psutil.Process().children(recursive=True)
        if "readrate" in " ".join(child.cmdline()) or child.name() == "ffmpeg"
    ]
    return len(alive) == processes
