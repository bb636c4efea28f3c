"""The object store and its double keep the same promises."""

import asyncio
import contextlib
import hashlib
import urllib.request
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.storage import NotFound, ObjectStore, Part
from clipforge_runtime.testing import FolderStore
from clipforge_standalone.servers import ports

pytestmark = pytest.mark.integration

HOUR = timedelta(hours=1)
MIB = 1024 * 1024


@pytest.fixture
def real(s3_settings: RuntimeSettings) -> ObjectStore:
    return S3Store(s3_settings)


@pytest.fixture
def double(tmp_path: Path) -> ObjectStore:
    folder = tmp_path / "store"
    folder.mkdir()
    return FolderStore(folder)


@pytest.fixture(params=["real", "double"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    store: ObjectStore = request.getfixturevalue(request.param)
    return store


async def fetch(address: str) -> bytes:
    """What a browser gets under an address."""

    def get() -> bytes:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  (ours)
            body: bytes = answer.read()
            return body

    return await asyncio.to_thread(get)


@contextlib.asynccontextmanager
async def cache(store: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that asks the store by the store's name; its address, and the paths it was asked."""
    asked: list[str] = []

    class Cache(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            with urllib.request.urlopen(store + self.path, timeout=10) as answer:  # noqa: S310
                body = answer.read()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: it would go to the output of the tests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Cache) as server:
        serving = asyncio.create_task(asyncio.to_thread(server.serve_forever))
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            await asyncio.to_thread(server.shutdown)
            await serving


async def send(address: str, body: bytes) -> None:
    """What a browser does with the address of a part."""

    def put() -> None:
        if address.startswith("file:"):
            Path(urlsplit(address).path).write_bytes(body)
            return
        request = urllib.request.Request(address, data=body, method="PUT")  # noqa: S310  (ours)
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310

    await asyncio.to_thread(put)


async def test_what_is_written_is_read_back(store: ObjectStore) -> None:
    await store.write("tenants/t/a.json", b"{}", content_type="application/json")

    found = await store.stat("tenants/t/a.json")

    assert await store.read("tenants/t/a.json") == b"{}"
    assert found is not None
    assert (found.key, found.bytes, found.content_type) == (
        "tenants/t/a.json",
        2,
        "application/json",
    )
    assert abs(datetime.now(UTC) - found.modified) < timedelta(minutes=1)


async def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    await store.write("tenants/t/empty", b"", content_type="text/plain")

    found = await store.stat("tenants/t/empty")

    assert await store.read("tenants/t/empty") == b""
    assert found is not None
    assert found.bytes == 0


async def test_what_is_written_again_takes_the_place_of_the_former(store: ObjectStore) -> None:
    await store.write("tenants/t/a", b"one", content_type="text/plain")
    first = await store.stat("tenants/t/a")
    await store.write("tenants/t/a", b"two", content_type="text/plain")
    second = await store.stat("tenants/t/a")

    assert await store.read("tenants/t/a") == b"two"
    assert first is not None
    assert second is not None
    assert first.etag != second.etag


@pytest.mark.parametrize("key", ["tenants/t/nothing", "tenants/t", "tenants"])
async def test_what_is_not_there_is_not_found(store: ObjectStore, key: str, tmp_path: Path) -> None:
    await store.write("tenants/t/a", b"x", content_type="text/plain")

    assert await store.stat(key) is None
    with pytest.raises(NotFound):
        await store.read(key)
    with pytest.raises(NotFound):
        await store.download(key, tmp_path / "file")


async def test_a_document_that_is_too_large_is_not_read(store: ObjectStore) -> None:
    await store.write("tenants/t/a", b"x" * 11, content_type="text/plain")

    assert await store.read("tenants/t/a", limit=11) == b"x" * 11
    with pytest.raises(Permanent, match="larger than 10 bytes"):
        await store.read("tenants/t/a", limit=10)


async def test_a_file_goes_there_and_back(store: ObjectStore, tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(bytes(range(256)) * 4096 * 20)  # 20 MiB: more than one part

    await store.upload("tenants/t/film.mp4", film, content_type="video/mp4")
    back = await store.download("tenants/t/film.mp4", tmp_path / "back")

    found = await store.stat("tenants/t/film.mp4")
    assert back == tmp_path / "back"
    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(film.read_bytes()).digest()
    assert found is not None
    assert found.content_type == "video/mp4"


async def test_a_key_may_have_letters_that_addresses_escape(store: ObjectStore) -> None:
    key = "uploads/t/u/Grüße & 100 % (final).txt"
    await store.write(key, b"hello", content_type="text/plain")

    assert await store.read(key) == b"hello"
    assert await fetch(await store.presign_get(key, expires=HOUR)) == b"hello"
    assert [found.key for found in await store.find("uploads/t/u/")] == [key]


async def test_what_is_deleted_is_gone_and_what_was_gone_does_not_matter(
    store: ObjectStore,
) -> None:
    for name in "abc":
        await store.write(f"tenants/t/{name}", b"x", content_type="text/plain")

    await store.delete(["tenants/t/a", "tenants/t/nothing", "tenants/t/b"])
    await store.delete([])

    assert [found.key for found in await store.find("tenants/")] == ["tenants/t/c"]


async def test_what_lies_below_a_prefix_is_found(store: ObjectStore) -> None:
    for key in ("tenants/t/x/a", "tenants/t/x/b", "tenants/t/y/c", "tenants/u/d"):
        await store.write(key, b"body", content_type="text/plain")

    found = await store.find("tenants/t/")

    assert {one.key for one in found} == {"tenants/t/x/a", "tenants/t/x/b", "tenants/t/y/c"}
    assert {one.bytes for one in found} == {4}
    assert len(await store.find("tenants/t/", limit=2)) == 2
    assert await store.find("tenants/nobody/") == []
    assert len(await store.find("")) == 4


async def test_an_address_reads_an_object_without_credentials(store: ObjectStore) -> None:
    await store.write("tenants/t/a", b"hello", content_type="text/plain")

    for public in (False, True):
        address = await store.presign_get("tenants/t/a", expires=HOUR, public=public)
        assert await fetch(address) == b"hello"


async def test_an_upload_in_parts_is_an_object_once_it_is_complete(store: ObjectStore) -> None:
    key = "uploads/t/u/source"
    multipart = await store.create_multipart(key, content_type="video/mp4")
    for number, body in ((2, b"end"), (1, b"b" * 5 * MIB)):
        await send(await store.presign_part(key, multipart, number, expires=HOUR), body)

    parts = await store.list_parts(key, multipart)
    before = await store.stat(key)
    await store.complete_multipart(key, multipart, parts)

    assert [(part.number, part.bytes) for part in parts] == [(1, 5 * MIB), (2, 3)]
    assert before is None
    assert await store.read(key) == b"b" * 5 * MIB + b"end"


async def test_a_part_that_is_sent_again_takes_the_place_of_the_former(
    store: ObjectStore,
) -> None:
    key = "uploads/t/u/source"
    multipart = await store.create_multipart(key, content_type="video/mp4")
    for body in (b"one", b"two"):
        await send(await store.presign_part(key, multipart, 1, expires=HOUR), body)

    [part] = await store.list_parts(key, multipart)
    await store.complete_multipart(key, multipart, [part])

    assert await store.read(key) == b"two"


async def test_an_upload_is_not_completed_with_parts_that_did_not_arrive(
    store: ObjectStore,
) -> None:
    key = "uploads/t/u/source"
    multipart = await store.create_multipart(key, content_type="video/mp4")
    await send(await store.presign_part(key, multipart, 1, expires=HOUR), b"one")

    with pytest.raises(Transient):
        await store.complete_multipart(
            key, multipart, [Part(1, '"' + "0" * 32 + '"'), Part(2, "x")]
        )

    assert await store.stat(key) is None


async def test_an_upload_that_is_given_up_is_unknown_and_leaves_nothing(
    store: ObjectStore,
) -> None:
    key = "uploads/t/u/source"
    multipart = await store.create_multipart(key, content_type="video/mp4")
    await send(await store.presign_part(key, multipart, 1, expires=HOUR), b"one")

    await store.abort_multipart(key, multipart)
    await store.abort_multipart(key, multipart)

    with pytest.raises(NotFound):
        await store.list_parts(key, multipart)
    assert await store.find("uploads/t/u/") == []


async def test_a_reader_never_sees_half_an_object(store: ObjectStore) -> None:
    bodies = [bytes([n]) * 300_000 for n in range(6)]
    await store.write("tenants/t/a", bodies[0], content_type="text/plain")
    seen: list[bytes] = []

    async def write_all() -> None:
        for body in bodies[1:]:
            await store.write("tenants/t/a", body, content_type="text/plain")

    writing = asyncio.create_task(write_all())
    while not writing.done():
        with contextlib.suppress(Transient):  # the embedded store may refuse, in that very moment
            seen.append(await store.read("tenants/t/a"))
        await asyncio.sleep(0)
    await writing

    assert seen
    assert all(body in bodies for body in seen)


async def test_the_store_says_that_it_is_well(store: ObjectStore) -> None:
    assert await store.healthy()


async def test_a_browser_saves_under_the_name_it_is_given(s3_settings: RuntimeSettings) -> None:
    store = S3Store(s3_settings)
    await store.write("tenants/t/a", b"x", content_type="video/mp4")
    address = await store.presign_get("tenants/t/a", expires=HOUR, file_name="my clip.mp4")

    def disposition() -> str:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  (ours)
            return str(answer.headers["Content-Disposition"])

    assert "my clip.mp4" in await asyncio.to_thread(disposition)


async def test_users_get_addresses_of_the_endpoint_that_they_reach(
    s3_settings: RuntimeSettings,
) -> None:
    settings = s3_settings.model_copy(update={"s3_public_endpoint": "https://media.example.com"})
    store = S3Store(settings)

    inside = await store.presign_get("tenants/t/a", expires=HOUR)
    outside = await store.presign_get("tenants/t/a", expires=HOUR, public=True)
    part = await store.presign_part("tenants/t/a", "upload", 1, expires=HOUR)

    assert inside.startswith(s3_settings.s3_endpoint)
    assert outside.startswith("https://media.example.com/")
    assert part.startswith("https://media.example.com/")
    assert s3_settings.s3_secret_key.get_secret_value() not in outside


async def test_links_lead_through_what_stands_in_front_of_the_store(
    s3_settings: RuntimeSettings,
) -> None:
    async with cache(s3_settings.s3_endpoint) as (address, asked):
        settings = s3_settings.model_copy(update={"s3_download_endpoint": address})
        store = S3Store(settings)
        await store.write("tenants/t/a", b"a clip", content_type="video/mp4")
        link = await store.presign_get("tenants/t/a", expires=HOUR, public=True, file_name="a.mp4")
        part = await store.presign_part("tenants/t/a", "upload", 1, expires=HOUR)
        inside = await store.presign_get("tenants/t/a", expires=HOUR)

        body = await fetch(link)

    assert link.startswith(address)
    assert body == b"a clip"
    assert len(asked) == 1
    assert part.startswith(s3_settings.s3_endpoint)
    assert inside.startswith(s3_settings.s3_endpoint)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda store: store.read("k"), id="read"),
        pytest.param(lambda store: store.stat("k"), id="stat"),
        pytest.param(lambda store: store.write("k", b"", content_type="text/plain"), id="write"),
        pytest.param(lambda store: store.find("k"), id="find"),
        pytest.param(lambda store: store.delete(["k"]), id="delete"),
    ],
)
async def test_a_store_that_is_away_is_the_worlds_fault_and_soon_said(
    s3_settings: RuntimeSettings, call: Callable[[S3Store], Any]
) -> None:
    nowhere = f"http://127.0.0.1:{ports.free()}"
    store = S3Store(s3_settings.model_copy(update={"s3_endpoint": nowhere}))

    async with asyncio.timeout(5):
        with pytest.raises(Transient, match="does not answer"):
            await call(store)
        assert not await store.healthy()


async def test_a_store_that_is_flushed_to_disk_keeps_its_promises(
    s3_settings: RuntimeSettings, tmp_path: Path
) -> None:
    store = S3Store(s3_settings.model_copy(update={"s3_sync_path": tmp_path}))

    await store.write("tenants/t/a", b"x", content_type="text/plain")

    assert await store.read("tenants/t/a") == b"x"
