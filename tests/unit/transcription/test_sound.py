"""Sound is fetched once for many parts, kept within bounds, and never taken from under a reader."""

import asyncio
from pathlib import Path

import pytest

from clipforge_runtime.errors import Transient
from clipforge_runtime.storage import Moved
from clipforge_runtime.testing import FolderStore
from clipforge_transcription.sound import SoundCache


class Counted(FolderStore):
    """Notes what is downloaded; `breaks` downloads leave half a file behind."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.downloads: list[str] = []
        self.breaks = 0

    async def download(self, key: str, to: Path, *, moved: Moved | None = None) -> Path:
        self.downloads.append(key)
        await asyncio.sleep(0)
        if self.breaks:
            self.breaks -= 1
            to.write_bytes(b"ha")
            raise Transient("The store is away.")
        return await super().download(key, to, moved=moved)


@pytest.fixture
async def store(tmp_path: Path) -> Counted:
    store = Counted(tmp_path / "store")
    for key in "abc":
        await store.write(key, key.encode() * 100, content_type="audio/flac")
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "sound"
    folder.mkdir()
    return folder


async def read(cache: SoundCache, key: str) -> bytes:
    async with cache.file(key) as file:
        return file.read_bytes()


async def test_parts_of_one_film_share_one_download(store: Counted, folder: Path) -> None:
    cache = SoundCache(store, folder, 1000)

    bodies = await asyncio.gather(*(read(cache, "a") for _ in range(4)))

    assert bodies == [b"a" * 100] * 4
    assert store.downloads == ["a"]


async def test_the_one_unused_for_longest_goes_first(store: Counted, folder: Path) -> None:
    cache = SoundCache(store, folder, 200)

    for key in "abac":
        await read(cache, key)

    assert len(list(folder.iterdir())) == 2
    await read(cache, "a")
    assert store.downloads == ["a", "b", "c"]


async def test_what_is_in_use_stays_whatever_the_bound(store: Counted, folder: Path) -> None:
    cache = SoundCache(store, folder, 1)

    async with cache.file("a") as file:
        await read(cache, "b")
        assert file.read_bytes() == b"a" * 100

    assert list(folder.iterdir()) == []


async def test_half_a_download_is_removed_and_fetched_anew(store: Counted, folder: Path) -> None:
    cache = SoundCache(store, folder, 1000)
    store.breaks = 1

    with pytest.raises(Transient):
        await read(cache, "a")
    assert list(folder.iterdir()) == []

    assert await read(cache, "a") == b"a" * 100
