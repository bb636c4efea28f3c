"""A cancel ends what runs in each step of each stage, with its scratch, and drops what waits.

What is cancelled here would never end by itself, so that no clock needs to be asked.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge.v1.common_pb2 import Source, UploadSource
from clipforge_clip_detection import handler as detection
from clipforge_clip_detection import interest
from clipforge_contracts import ids, keys
from clipforge_contracts.documents import to_json
from clipforge_contracts.facts import Fact, project_of
from clipforge_contracts.pipeline import EXPORT, PIPELINE, Stage
from clipforge_export import handler as exporting
from clipforge_export import rendering
from clipforge_export.looking import Stopped as StoppedLooking
from clipforge_import import handler as importing
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import ObjectStore
from clipforge_runtime.strain import strain
from clipforge_runtime.testing import FolderStore
from clipforge_runtime.transfer import Stopped
from detecting import talk
from exporting import make, request, spoken, stored
from films import Films
from samples import TENANT, every_fact, imported
from standstill import Held, NeverStores, StandingFfmpeg
from workshop import PATIENCE, Workshop, eventually, submission

pytestmark = pytest.mark.integration


def quiet(_percent: float, _step: str) -> None:
    """Progress that nobody watches."""


async def cancelled(work: Awaitable[object], begun: Awaitable[object]) -> None:
    """Begin the work, and cancel it as soon as it has come so far."""
    job = asyncio.ensure_future(work)
    await begun
    assert not job.done(), job
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(job, PATIENCE)


async def export(
    film: Path, store: ObjectStore, scratch: Path, progress: Report = quiet
) -> facts.ClipExported:
    [made] = await exporting.export_clip(
        request(film, 0, 2000), store=store, progress=progress, scratch=scratch, strain=strain
    )
    return made


async def import_film(
    film: Path, store: FolderStore, scratch: Path, progress: Report = quiet
) -> facts.VideoImported:
    upload = ids.derive("upl", film.name)
    key = keys.upload(TENANT, upload)
    await store.write(key, film.read_bytes(), content_type="application/octet-stream")
    fact = submission(film.name)
    fact.source.CopyFrom(
        Source(upload=UploadSource(upload_id=upload, object_key=key, file_name=film.name))
    )
    return await importing.import_video(
        fact,
        store=store,
        progress=progress,
        allowed=frozenset(),
        scratch=scratch,
        strain=strain,
    )


@pytest.mark.parametrize("nth", [1, 2, 3], ids=["loudness", "encode", "thumbnail"])
async def test_a_cancelled_export_kills_its_ffmpeg_and_leaves_no_scratch(
    nth: int, store: FolderStore, scratch: Path, films: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = films("plain.mp4")
    await stored(store, film, spoken("Hello there"))
    process = StandingFfmpeg(scratch.parent, nth, monkeypatch)

    await cancelled(export(film, store, scratch), eventually(process.stands))

    assert process.gone()
    assert list(scratch.iterdir()) == []


async def test_an_export_that_is_cancelled_while_it_looks_for_faces_stops_looking(
    store: FolderStore, scratch: Path, films: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, held = films("plain.mp4"), Held()
    await stored(store, film, spoken("Hello there"))
    ends = watched(monkeypatch, rendering, "look")

    await cancelled(export(film, store, scratch, in_threads(held)), held.begun())

    assert list(scratch.iterdir()) == []  # while the thread is still there
    held.let_go()
    assert isinstance(await ends(), StoppedLooking)
    assert held.calls == 1


async def test_an_export_that_is_cancelled_while_it_is_stored_leaves_no_scratch(
    store: FolderStore, scratch: Path, films: Films, tmp_path: Path
) -> None:
    film, never = films("plain.mp4"), NeverStores(tmp_path / "store")
    await stored(store, film, spoken("Hello there"))

    await cancelled(export(film, never, scratch), never.begun.wait())

    assert list(scratch.iterdir()) == []
    assert [stat.key for stat in await store.find("tenants/") if "/exports/" in stat.key] == []


@pytest.mark.parametrize("nth", [1, 2, 3], ids=["sound", "poster", "thumbnails"])
async def test_a_cancelled_import_kills_its_ffmpeg_and_leaves_no_scratch(
    nth: int, store: FolderStore, scratch: Path, films: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = StandingFfmpeg(scratch.parent, nth, monkeypatch)

    await cancelled(import_film(films("plain.mp4"), store, scratch), eventually(process.stands))

    assert process.gone()
    assert list(scratch.iterdir()) == []
    assert await store.find("tenants/") == []


async def test_an_import_that_is_cancelled_while_it_probes_does_not_wait_for_it(
    store: FolderStore, scratch: Path, films: Films, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    monkeypatch.setattr(importing, "probe", held)

    await cancelled(import_film(films("plain.mp4"), store, scratch), held.begun())

    assert list(scratch.iterdir()) == []
    held.let_go()
    assert await store.find("tenants/") == []


async def test_an_import_that_is_cancelled_while_it_hashes_stops_at_its_next_block(
    store: FolderStore, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make(
        scratch.parent / "large.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=10:duration=2"),
        *("-f", "lavfi", "-i", "sine=duration=2", "-vf", "noise=alls=60:allf=t"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-qp", "1", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac"),
    )
    assert film.stat().st_size > 2 * importing.HASH_BLOCK
    held, ends = Held(), watched(monkeypatch, importing, "_sha256")

    await cancelled(import_film(film, store, scratch, in_threads(held)), held.begun())

    assert list(scratch.iterdir()) == []
    held.let_go()
    assert isinstance(await ends(), Stopped)
    assert held.calls == 1


async def test_an_import_that_is_cancelled_while_it_is_stored_leaves_no_scratch(
    scratch: Path, films: Films, tmp_path: Path
) -> None:
    never = NeverStores(tmp_path / "store")

    await cancelled(import_film(films("plain.mp4"), never, scratch), never.begun.wait())

    assert list(scratch.iterdir()) == []
    assert await never.find("tenants/") == []


async def test_a_clip_detection_that_is_cancelled_stores_nothing(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = facts.VideoTranscribed(film=imported(), transcript_key=f"tenants/{TENANT}/said.json")
    await store.write(film.transcript_key, to_json(talk(1)), content_type="text/json")
    held = Held()
    monkeypatch.setattr(detection, "detect", held)

    await cancelled(
        detection.detect_clips(film, store=store, progress=quiet, interest=interest.load()),
        held.begun(),
    )

    held.let_go()
    assert [stat.key for stat in await store.find("tenants/")] == [film.transcript_key]


F = TypeVar("F", bound=Fact)
WORK = [(stage, kind) for stage in PIPELINE for kind in stage.consumes if not stage.exclusive]


@pytest.mark.parametrize(
    ("stage", "kind"), WORK, ids=[f"{stage.name}-{kind.__name__}" for stage, kind in WORK]
)
async def test_what_waits_for_a_stage_is_dropped_when_its_turn_comes(
    stage: Stage, kind: type[Fact], workshop: Workshop
) -> None:
    begun: asyncio.Queue[str] = asyncio.Queue()

    async def work(cause: Fact) -> None:
        begun.put_nowait(project_of(cause).project_id)

    unwanted, wanted = work_of(kind, "unwanted"), work_of(kind, "wanted")
    for fact in (unwanted, wanted):
        await state(workshop, fact)
    cancel = facts.ProjectCancelled(project=project_of(unwanted))
    await state(workshop, cancel)

    async with workshop.working(work, stage=stage):
        await workshop.idle(stage)

    assert begun.get_nowait() == project_of(wanted).project_id
    assert begun.empty()


async def test_an_export_that_waits_is_dropped_when_it_is_cancelled_itself(
    workshop: Workshop,
) -> None:
    begun: asyncio.Queue[str] = asyncio.Queue()

    async def work(cause: facts.ExportRequested) -> None:
        begun.put_nowait(cause.export_id)

    unwanted, wanted = (facts.ExportRequested() for _ in "12")
    for fact, name in ((unwanted, "unwanted"), (wanted, "wanted")):
        fact.CopyFrom(work_of(facts.ExportRequested, "film"))
        fact.export_id = ids.derive("exp", name)
        await state(workshop, fact)
    await state(
        workshop,
        facts.ExportCancelled(project=unwanted.project, export_id=unwanted.export_id),
    )

    async with workshop.working(work, stage=EXPORT):
        await workshop.idle(EXPORT)

    assert begun.get_nowait() == wanted.export_id
    assert begun.empty()


def work_of(kind: type[F], name: str) -> F:
    """A sample of a fact, of a project of its own."""
    [fact] = [fact for fact in every_fact() if isinstance(fact, kind)]
    project_of(fact).project_id = ids.derive("prj", name)
    return fact


async def state(workshop: Workshop, fact: Fact) -> None:
    """State it, as who may."""
    user = next((stage.name for stage in PIPELINE if isinstance(fact, stage.states)), "gateway")
    async with workshop.connected(user) as bus:
        await bus.state(fact, fact_id=ids.new("evt"))


def in_threads(held: Held) -> Report:
    """Progress that holds whoever reports from a thread."""

    def progress(_percent: float, _step: str) -> None:
        if threading.current_thread() is not threading.main_thread():
            held()

    return progress


def watched(
    patch: pytest.MonkeyPatch, module: object, name: str
) -> Callable[[], Awaitable[BaseException | None]]:
    """Have a function of a module tell how it ends."""
    real, ended = getattr(module, name), queue.SimpleQueue[BaseException | None]()

    def call(*arguments: Any, **more: Any) -> Any:
        try:
            found = real(*arguments, **more)
        except BaseException as error:
            ended.put(error)
            raise
        ended.put(None)
        return found

    async def end() -> BaseException | None:
        return await asyncio.to_thread(ended.get, True, PATIENCE)

    patch.setattr(module, name, call)
    return end
