"""A brand kit in rendered clips: seen, heard, and joined."""

from pathlib import Path

import numpy as np
import pytest

from branding import COLOURS, Files, files, kit
from clipforge.v1.common_pb2 import BrandKit, CaptionStyle
from clipforge.v1.facts_pb2 import ClipExported, ExportRequested
from clipforge_export.canvas import CANVASES
from clipforge_export.handler import export_clip
from clipforge_media.probe import probe
from clipforge_runtime.errors import Permanent
from clipforge_runtime.strain import strain
from clipforge_runtime.testing import FolderStore
from exporting import colours, loudness, make, request, spoken, stored

pytestmark = pytest.mark.integration

GREY = ("-f", "lavfi", "-i", "color=0x606060:size=640x360:rate=30:duration=4")
LOUD = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4", "-af", "volume=10dB")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("grey") / "grey.mp4", *GREY, *LOUD, *X264)


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return files(tmp_path_factory.mktemp("brand"))


@pytest.fixture
async def store(tmp_path: Path, grey: Path) -> FolderStore:
    opened = FolderStore(tmp_path / "store")
    await stored(opened, grey, spoken("Hello there and welcome", every_ms=500, held_ms=450))
    return opened


async def export(store: FolderStore, wish: ExportRequested, tmp_path: Path) -> ClipExported:
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    [made] = await export_clip(
        wish, store=store, progress=lambda *_: None, scratch=scratch, strain=strain
    )
    return made


def with_kit(wish: ExportRequested, kit: BrandKit) -> ExportRequested:
    wish.render.kit.CopyFrom(kit)
    return wish


@pytest.mark.parametrize("aspect", ["9:16", "4:5", "1:1", "16:9"])
async def test_a_kit_is_seen_in_a_clip_of_any_shape(
    tmp_path: Path, store: FolderStore, grey: Path, brand: Files, aspect: str
) -> None:
    wish = with_kit(request(grey, 0, 2000, aspect=aspect), await kit(store, brand))

    record = (await export(store, wish, tmp_path)).record
    frames = colours(tmp_path / "store" / record.objects.clip_key)

    intro, clip, outro = (frames[n].astype(int) for n in (15, 36, -5))
    height, width, _ = clip.shape
    assert near(intro[height // 2, width // 2], (255, 0, 0))
    assert near(outro[height // 2, width // 2], (0, 0, 255))
    logo = np.argwhere(differs_little(clip, (0, 255, 0)))
    assert len(logo) > 0.9 * (0.2 * min(width, height)) ** 2 / 2  # 20 % wide, half as high
    assert logo[:, 1].max() < width / 2
    assert logo[:, 0].max() < height / 2
    corner = clip[: height // 2, width // 2 :]
    half = np.argwhere(differs_little(corner, (0xAF, 0xAF, 0xAF)))  # white, half of it grey
    assert len(half) > 0.8 * (0.1 * min(width, height)) ** 2
    edge = CANVASES[aspect].beside * width / CANVASES[aspect].width
    assert width // 2 + half[:, 1].max() <= edge + 1  # the platforms' buttons stay free
    spoken_word = np.argwhere(differs_little(clip, rgb(COLOURS["highlight"])))
    assert len(spoken_word) > 30
    assert spoken_word[:, 0].min() > height / 2


async def test_intro_and_outro_are_joined_in_time_and_as_loud_as_the_clip(
    tmp_path: Path, store: FolderStore, grey: Path, brand: Files
) -> None:
    wish = with_kit(request(grey, 0, 2000, aspect="1:1"), await kit(store, brand))

    record = (await export(store, wish, tmp_path)).record

    clip = tmp_path / "store" / record.objects.clip_key
    found = probe(clip)
    assert record.duration_ms == 3500
    assert abs(found.duration_ms - 3500) < 50
    assert (found.frame_rate, found.width, found.height) == (30, 360, 360)
    first = make(tmp_path / "first.wav", "-i", str(clip), "-t", "1")
    second = make(tmp_path / "second.wav", "-ss", "1", "-i", str(clip), "-t", "2")
    assert abs(loudness(first) - loudness(second)) < 2
    srt = (await store.read(record.objects.srt_key)).decode()
    assert "00:00:01,000 --> " in srt  # the first word is said when the intro is over


async def test_another_version_that_looks_the_same_is_served_and_one_that_does_not_is_rendered(
    tmp_path: Path, store: FolderStore, grey: Path, brand: Files
) -> None:
    ours = await kit(store, brand)
    first = await export(store, with_kit(request(grey, 0, 1000), ours), tmp_path)
    ours.version, ours.name = 2, "Renamed"
    renamed = await export(store, with_kit(request(grey, 0, 1000), ours), tmp_path)
    ours.version, ours.logo.corner = 3, "bottom-left"
    moved = await export(store, with_kit(request(grey, 0, 1000), ours), tmp_path)
    plain = await export(store, request(grey, 0, 1000), tmp_path)

    assert [one.cached for one in (first, renamed, moved, plain)] == [False, True, False, False]
    places = {one.record.objects.clip_key for one in (first, renamed, moved, plain)}
    assert len(places) == 3


async def test_a_kit_whose_file_is_gone_is_said_in_words(
    tmp_path: Path, store: FolderStore, grey: Path, brand: Files
) -> None:
    ours = await kit(store, brand)
    await store.delete([ours.logo.asset.key])

    with pytest.raises(Permanent, match="brand kit Ours is no longer stored") as refused:
        await export(store, with_kit(request(grey, 0, 1000), ours), tmp_path)

    assert refused.value.reason == "brand-file-gone"


async def test_a_style_of_ones_own_is_seen_where_and_as_it_is_wanted(
    tmp_path: Path, store: FolderStore, grey: Path
) -> None:
    wish = request(grey, 0, 1000, aspect="1:1", style="bar")
    wish.render.caption.CopyFrom(
        CaptionStyle(style_id="sty", version=1, background_colour="#FF0000", position="top")
    )

    record = (await export(store, wish, tmp_path)).record

    frame = colours(tmp_path / "store" / record.objects.clip_key)[10].astype(int)
    bar = np.argwhere(differs_little(frame, (255, 0, 0)))
    assert len(bar) > 500
    assert bar[:, 0].max() < frame.shape[0] / 2


def rgb(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def differs_little(
    frame: "np.ndarray[tuple[int, ...], np.dtype[np.int_]]", colour: tuple[int, int, int]
) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    return np.asarray((np.abs(frame - np.array(colour)) < 24).all(axis=2))


def near(pixel: "np.ndarray[tuple[int, ...], np.dtype[np.int_]]", colour: tuple[int, ...]) -> bool:
    return bool((np.abs(pixel - np.array(colour)) < 24).all())
