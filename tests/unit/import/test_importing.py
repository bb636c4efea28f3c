"""What import leaves behind, and that it does so once."""

import io
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from clipforge.v1.common_pb2 import AssetSource, Source
from clipforge.v1.documents_pb2 import MediaRecord
from clipforge.v1.facts_pb2 import VideoImported
from clipforge_contracts import keys
from clipforge_contracts.documents import from_json
from clipforge_contracts.plans import Plan
from clipforge_import.limits import PLANS, Limits
from clipforge_import.sources import uploads
from clipforge_media import ffmpeg
from clipforge_media.probe import probe
from clipforge_runtime.errors import Overloaded, Permanent
from clipforge_runtime.testing import FolderStore
from films import Films
from importing import House
from samples import TENANT
from web_server import WebServer, status, whole

UPLOAD = keys.upload(TENANT, "upl_1")


async def test_sound_pictures_and_the_film_itself_lie_where_the_fact_says(
    films: Films, tmp_path: Path
) -> None:
    house = House(tmp_path)

    imported = await house.upload(films("long.mp4"))

    objects = imported.objects
    assert await house.store.read(objects.source_key) == films("long.mp4").read_bytes()
    with av.open(io.BytesIO(await house.store.read(objects.audio_key))) as heard:
        (sound,) = heard.streams.audio
        assert (heard.format.name, sound.rate, sound.channels) == ("flac", 16_000, 1)
    peaks = await house.store.read(objects.peaks_key)
    assert len(peaks) == pytest.approx(20 * 20, abs=2)
    assert max(peaks) > 20
    poster = await picture(house, objects.poster_key)
    assert (poster.format, poster.size) == ("JPEG", (160, 90))
    sprite = await picture(house, objects.thumbnails_key)
    assert objects.thumbnail_interval_ms == 1000
    assert sprite.size == (160 * objects.thumbnail_columns, 90 * 2)  # 20 tiles
    assert colours(sprite) > 100


async def test_a_film_that_was_too_much_for_a_machine_is_read_with_fewer_threads(
    films: Films, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    run = ffmpeg.run

    async def killed_with_many_threads(arguments: Sequence[str], **more: Any) -> str:
        if any("tile=" in one for one in arguments) and "-threads" not in arguments:
            raise ffmpeg.FfmpegFailed(-signal.SIGKILL, "")
        return await run(arguments, **more)

    monkeypatch.setattr(ffmpeg, "run", killed_with_many_threads)

    with pytest.raises(Overloaded, match="too much for this machine"):
        await house.upload(films("plain.mp4"))
    house.strain = 1
    imported = await house.upload(films("plain.mp4"))

    assert (await picture(house, imported.objects.thumbnails_key)).format == "JPEG"


async def test_the_record_says_the_same_as_the_fact(films: Films, tmp_path: Path) -> None:
    house = House(tmp_path)

    imported = await house.upload(films("plain.mp4"))

    body = await house.store.read(keys.media(TENANT, imported.media.sha256, "record.json"))
    record = from_json(body, MediaRecord)
    assert (record.media, record.objects) == (imported.media, imported.objects)


@pytest.mark.parametrize(
    ("film", "content_type"),
    [
        ("plain.mp4", "video/mp4"),
        ("film.mov", "video/quicktime"),
        ("film.mkv", "video/matroska"),
        ("film.webm", "video/webm"),
        ("film.avi", "video/vnd.avi"),
    ],
)
async def test_the_film_is_stored_as_what_it_is(
    films: Films, tmp_path: Path, film: str, content_type: str
) -> None:
    house = House(tmp_path)

    imported = await house.upload(films(film), name="wrong.mp4")

    stored = await house.store.stat(imported.objects.source_key)
    assert stored is not None
    assert stored.content_type == content_type
    assert stored.key.endswith(f"/source.{Path(film).suffix[1:]}")


async def test_a_turned_film_has_its_poster_upright(films: Films, tmp_path: Path) -> None:
    imported = await (house := House(tmp_path)).upload(films("turned-90.mp4"))

    poster = (await picture(house, imported.objects.poster_key)).convert("RGB")
    top, bottom = poster.getpixel((90, 20)), poster.getpixel((90, 300))
    # Red was on the left; a quarter turn clockwise brings it to the top.
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > 60 > top[2]
    assert bottom[2] > 200 > 60 > bottom[0]


async def test_the_cover_is_not_taken_for_the_film(films: Films, tmp_path: Path) -> None:
    imported = await (house := House(tmp_path)).upload(films("covered.mp4"))

    poster = await picture(house, imported.objects.poster_key)
    assert poster.size == (320, 180)
    assert colours(poster) > 100


async def test_silence_is_a_flat_waveform(films: Films, tmp_path: Path) -> None:
    imported = await (house := House(tmp_path)).upload(films("silent.mp4"))

    assert max(await house.store.read(imported.objects.peaks_key)) == 0


async def test_the_same_bytes_are_processed_once(films: Films, tmp_path: Path) -> None:
    house = House(tmp_path)
    first = await house.upload(films("plain.mp4"))
    before = await contents(house)
    twin = tmp_path / "another name.mp4"
    twin.write_bytes(films("plain.mp4").read_bytes())

    house.reports.clear()
    second = await house.upload(twin)

    assert (first.reused, second.reused) == (False, True)
    assert (second.asset_id, second.media, second.objects) == (
        first.asset_id,
        first.media,
        first.objects,
    )
    assert await contents(house) == before
    assert {step for _, step in house.reports} == {"fetching the film", "looking at the film"}


async def test_what_retention_has_taken_is_made_again(films: Films, tmp_path: Path) -> None:
    house = House(tmp_path)
    first = await house.upload(films("plain.mp4"))
    await house.store.delete([first.objects.source_key])

    second = await house.upload(films("plain.mp4"))

    assert not second.reused
    assert await house.store.stat(second.objects.source_key)


async def test_a_record_that_cannot_be_read_is_written_anew(films: Films, tmp_path: Path) -> None:
    house = House(tmp_path)
    first = await house.upload(films("plain.mp4"))
    record = keys.media(TENANT, first.media.sha256, "record.json")
    await house.store.write(record, b"{", content_type="application/json")

    second = await house.upload(films("plain.mp4"))

    assert not second.reused
    assert from_json(await house.store.read(record), MediaRecord).media == first.media


async def test_a_film_that_is_named_by_its_hash_is_ready_without_a_byte_of_it(
    films: Films, tmp_path: Path
) -> None:
    house = House(tmp_path)
    first = await house.upload(films("long.mp4"))
    house.reports.clear()

    again = await house.take_in(the_asset(first))

    assert (again.reused, again.asset_id) == (True, first.asset_id)
    assert (again.media, again.objects) == (first.media, first.objects)
    assert again.title == "What it was called"
    assert house.reports == []  # nothing was fetched, and nothing made


async def test_a_film_that_was_laid_out_otherwise_is_laid_out_anew_from_what_is_stored(
    films: Films, tmp_path: Path
) -> None:
    house = House(tmp_path)
    first = await house.upload(films("long.mp4"))
    await house.store.delete([keys.media(TENANT, first.media.sha256, "record.json")])

    again = await house.take_in(the_asset(first))

    assert (again.reused, again.objects) == (False, first.objects)


async def test_a_film_that_is_named_by_its_hash_and_gone_is_refused_in_words(
    films: Films, tmp_path: Path
) -> None:
    house = House(tmp_path)
    first = await house.upload(films("long.mp4"))
    await house.store.delete([first.objects.source_key])

    with pytest.raises(Permanent, match=r"no longer stored.*Upload it again") as refused:
        await house.take_in(the_asset(first))

    assert refused.value.reason == "asset-gone"


async def test_no_film_is_taken_from_another_tenant_by_its_hash(
    films: Films, tmp_path: Path
) -> None:
    house = House(tmp_path)
    first = await house.upload(films("long.mp4"))
    foreign = the_asset(first)
    foreign.asset.sha256 = "0" * 64  # no record of ours, so that the key is what is left

    with pytest.raises(Permanent) as refused:
        await house.take_in(foreign)

    assert refused.value.reason == "forbidden-asset"


def the_asset(imported: VideoImported) -> Source:
    return Source(
        asset=AssetSource(
            sha256=imported.media.sha256,
            object_key=imported.objects.source_key,
            title="What it was called",
        )
    )


async def test_a_film_from_the_web_is_the_same_film(films: Films, tmp_path: Path) -> None:
    house = House(tmp_path)
    first = await house.upload(films("plain.mp4"))

    with WebServer([whole(films("plain.mp4").read_bytes())]) as server:
        house.allowed = server.allowed
        second = await house.fetch(server.url("/a%20talk_of_ours.mp4?token=x"))

    assert second.reused
    assert second.asset_id == first.asset_id
    assert second.title == "a talk of ours"


@pytest.mark.parametrize(
    ("title", "name", "shown"),
    [("My talk", "a.mp4", "My talk"), ("", "keynote_final.v2.mp4", "keynote final.v2")],
)
async def test_a_film_without_a_title_is_called_after_its_file(
    films: Films, tmp_path: Path, title: str, name: str, shown: str
) -> None:
    imported = await House(tmp_path).upload(films("plain.mp4"), name=name, title=title)

    assert imported.title == shown


async def test_progress_only_grows_and_names_its_steps(films: Films, tmp_path: Path) -> None:
    house = House(tmp_path)

    await house.upload(films("long.mp4"))

    percents = [percent for percent, _ in house.reports]
    steps = list(dict.fromkeys(step for _, step in house.reports))
    assert percents == sorted(percents)
    assert percents[-1] >= 95
    assert steps == [
        "fetching the film",
        "looking at the film",
        "extracting the sound",
        "drawing thumbnails",
        "storing the film",
    ]


async def test_nothing_is_left_on_the_disk(films: Films, tmp_path: Path) -> None:
    house = House(tmp_path)

    await house.upload(films("plain.mp4"))

    assert list(house.scratch.iterdir()) == []


async def test_a_refusal_of_the_web_reaches_the_user(tmp_path: Path) -> None:
    house = House(tmp_path)

    with WebServer([status(404)]) as server:
        house.allowed = server.allowed
        with pytest.raises(Permanent, match="has no such file") as refusal:
            await house.fetch(server.url())

    assert refusal.value.reason == "http-404"
    assert list(house.scratch.iterdir()) == []


@pytest.mark.parametrize("key", ["uploads/ten_other/upl_1/source", "tenants/x/source.mp4", UPLOAD])
async def test_only_an_upload_of_ones_own_that_is_there_is_read(tmp_path: Path, key: str) -> None:
    store = FolderStore(tmp_path / "store")
    await store.write("uploads/ten_other/upl_1/source", b"theirs", content_type="video/mp4")

    with pytest.raises(Permanent) as refusal:
        await read_upload(store, key, tmp_path / "film")

    assert refusal.value.reason == ("upload-gone" if key == UPLOAD else "forbidden-upload")
    assert not (tmp_path / "film").exists()


async def test_an_upload_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    await store.write(UPLOAD, b"x" * 11, content_type="video/mp4")

    with pytest.raises(Permanent) as refusal:
        await read_upload(store, UPLOAD, tmp_path / "film")

    assert refusal.value.reason == "too-large"
    assert not (tmp_path / "film").exists()


def test_a_larger_plan_takes_longer_films(films: Films) -> None:
    hours = probe(films("hours.mkv"))

    PLANS[Plan.PRO].check(hours)
    with pytest.raises(Permanent, match="2 hours"):
        PLANS[Plan.FREE].check(hours)


async def read_upload(store: FolderStore, key: str, to: Path) -> None:
    limits = Limits(bytes=10, duration_ms=1000)
    await uploads.fetch(
        key, to, tenant=TENANT, store=store, limits=limits, on_bytes=lambda *_: None
    )


async def picture(house: House, key: str) -> Image.Image:
    return Image.open(io.BytesIO(await house.store.read(key)))


def colours(picture: Image.Image) -> int:
    return len(picture.convert("RGB").getcolors(1_000_000) or [])


async def contents(house: House) -> dict[str, str]:
    return {stat.key: stat.etag for stat in await house.store.find("tenants/")}
