"""Files of a brand: taken in where they are what they were to be, refused in words where not."""

import shutil
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from clipforge.v1.facts_pb2 import BrandAssetSubmitted, BrandAssetTaken
from clipforge_contracts import ids, keys
from clipforge_export import fonts
from clipforge_export.intake import take_asset
from clipforge_runtime.errors import Permanent
from clipforge_runtime.testing import FolderStore
from exporting import make
from films import Films
from samples import TENANT, of_no_project

pytestmark = pytest.mark.integration

UPLOAD = keys.upload(TENANT, ids.derive("upl", "sample"))
FONT = ("poppins", "Poppins-ExtraBold.ttf")


async def take(store: FolderStore, tmp_path: Path, file: Path, kind: str) -> BrandAssetTaken:
    await store.upload(UPLOAD, file, content_type="application/octet-stream")
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    wish = BrandAssetSubmitted(
        project=of_no_project(),
        asset_id=ids.derive("bas", "sample"),
        kind=kind,
        object_key=UPLOAD,
        file_name=file.name,
    )
    taken = await take_asset(wish, store=store, progress=lambda *_: None, scratch=scratch)
    assert list(scratch.iterdir()) == []
    return taken


def picture(to: Path, size: str = "300x100") -> Path:
    return make(to, "-f", "lavfi", "-i", f"color=red@0.5:size={size},format=rgba", "-frames:v", "1")


@pytest.mark.parametrize("name", ["logo.png", "logo.jpg", "logo.webp"])
async def test_a_picture_is_kept_as_png(store: FolderStore, tmp_path: Path, name: str) -> None:
    asset = (await take(store, tmp_path, picture(tmp_path / name), "picture")).asset

    assert (asset.width, asset.height, asset.name) == (300, 100, name)
    body = await store.read(asset.key)
    assert body.startswith(b"\x89PNG")
    assert asset.bytes == len(body)


async def test_a_large_picture_is_made_smaller(store: FolderStore, tmp_path: Path) -> None:
    large = picture(tmp_path / "large.png", "4096x1024")

    asset = (await take(store, tmp_path, large, "picture")).asset

    assert (asset.width, asset.height) == (2048, 512)


async def test_the_same_picture_twice_is_stored_once(store: FolderStore, tmp_path: Path) -> None:
    one = await take(store, tmp_path, picture(tmp_path / "one.png"), "picture")
    two = await take(store, tmp_path, picture(tmp_path / "two.png"), "picture")

    assert one.asset.key == two.asset.key


async def test_a_font_is_kept_under_a_name_of_our_own_and_measures_the_same(
    store: FolderStore, tmp_path: Path
) -> None:
    original = fonts.file(*FONT)

    asset = (await take(store, tmp_path, original, "font")).asset

    assert asset.name == "Poppins"
    kept = tmp_path / "store" / asset.key
    ours, theirs = fonts.read(kept), fonts.read(original)
    assert ours.family.startswith("clipforge ")
    assert ours.width("Hello", 100) == theirs.width("Hello", 100)


async def test_a_film_is_kept_as_it_is_and_measured(
    store: FolderStore, tmp_path: Path, films: Films
) -> None:
    film = films("plain.mp4")

    asset = (await take(store, tmp_path, film, "film")).asset

    assert (asset.width, asset.height, asset.sound) == (320, 180, True)
    assert abs(asset.duration_ms - 3000) < 100
    assert -40 < asset.loudness_lufs < -10
    assert await store.read(asset.key) == film.read_bytes()


def text(to: Path) -> Path:
    to.write_text("<svg onload='alert(1)'/>")
    return to


def cut_off(to: Path) -> Path:
    to.write_bytes(picture(to.with_suffix(".png")).read_bytes()[:60])
    return to


def bomb(to: Path) -> Path:
    """A PNG of a few bytes that claims 30,000 x 30,000 pixels."""
    body = bytearray(picture(to.with_suffix(".png")).read_bytes())
    body[16:24] = (30_000).to_bytes(4, "big") * 2
    to.write_bytes(body)
    return to


def empty(to: Path) -> Path:
    to.write_bytes(b"")
    return to


def tiny(to: Path) -> Path:
    return picture(to.with_suffix(".png"), "4x4")


def half_a_font(to: Path) -> Path:
    to.write_bytes(fonts.file(*FONT).read_bytes()[:2000])
    return to


def without_letters(to: Path) -> Path:
    with TTFont(fonts.file(*FONT)) as font:
        for table in font["cmap"].tables:
            table.cmap = {code: name for code, name in table.cmap.items() if code != ord("e")}
        font.save(to)
    return to


def long_film(to: Path) -> Path:
    return make(
        to.with_suffix(".mp4"),
        *("-f", "lavfi", "-i", "color=black:size=64x64:rate=1:duration=25", "-c:v", "libx264"),
    )


def font(to: Path) -> Path:
    return Path(shutil.copyfile(fonts.file(*FONT), to))


@pytest.mark.parametrize(
    ("kind", "make_it", "reason", "sentence"),
    [
        ("picture", text, "not-a-picture", "Use PNG, JPEG or WebP"),
        ("picture", cut_off, "not-a-picture", "damaged"),
        ("picture", bomb, "not-a-picture", "40 megapixels"),
        ("picture", empty, "empty", "0 bytes"),
        ("picture", tiny, "too-small", "4x4"),
        ("picture", font, "not-a-picture", "Use PNG, JPEG or WebP"),
        ("font", text, "not-a-font", "Use a TTF or OTF"),
        ("font", half_a_font, "not-a-font", "damaged"),
        ("font", without_letters, "not-a-font", "has no 'e'"),
        ("film", text, "not-a-video", "not a video"),
        ("film", long_film, "wrong-length", "lasts 25 s"),
    ],
)
async def test_what_it_is_not_is_refused_in_words(
    store: FolderStore, tmp_path: Path, kind: str, make_it: object, reason: str, sentence: str
) -> None:
    file = make_it(tmp_path / "file")  # type: ignore[operator]

    with pytest.raises(Permanent, match=sentence) as refused:
        await take(store, tmp_path, file, kind)

    assert refused.value.reason == reason


async def test_an_upload_that_is_gone_is_said_in_words(store: FolderStore, tmp_path: Path) -> None:
    wish = BrandAssetSubmitted(
        project=of_no_project(), asset_id=ids.new("bas"), kind="font", object_key=UPLOAD
    )

    with pytest.raises(Permanent, match="Upload the file again"):
        await take_asset(wish, store=store, progress=lambda *_: None, scratch=tmp_path)
