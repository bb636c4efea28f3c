"""Uploads part by part and downloads whole, by both clients."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from clipforge_client import AsyncClient, Client, ClientError, TransferFailed, Upload
from scripted_gateway import problem

URL = "http://gateway:8000"
STORE = "http://store:9000"
PART = 4


@dataclass
class House:
    """A gateway with one upload, and the store that its links lead to."""

    size: int = 10
    parts: dict[int, bytes] = field(default_factory=dict)
    completed: bool = False
    troubles: list[int] = field(default_factory=list)  # statuses of the store's next answers
    store_headers: list[httpx.Headers] = field(default_factory=list)

    async def later(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "store":
            return self.store(request)
        count = -(-self.size // PART)
        upload = {
            **{"id": "upl_1", "file_name": "talk.mp4", "bytes": self.size},
            **{"part_bytes": PART, "part_count": count},
        }
        match request.method, request.url.path:
            case "POST", "/v1/uploads":
                assert json.loads(request.content)["bytes"] == self.size
                return httpx.Response(201, json=upload)
            case "GET", "/v1/uploads/upl_1":
                return httpx.Response(200, json=upload)
            case "GET", "/v1/uploads/upl_1/parts":
                if self.completed:
                    return problem(409)
                return self.page(request.url.params.get("cursor", "after 0"), count)
            case "POST", "/v1/uploads/upl_1/complete":
                assert self.completed or len(self.parts) == count
                self.completed = True
                return httpx.Response(200, json=upload)
        raise AssertionError(request.url)

    def page(self, cursor: str, count: int) -> httpx.Response:
        after = int(cursor.removeprefix("after "))
        numbers = range(after + 1, min(after + 2, count) + 1)  # two a page
        items = [
            {"number": n, "url": f"{STORE}/{n}?X-Amz-Signature=s3cret", "arrived": n in self.parts}
            for n in numbers
        ]
        return httpx.Response(
            200,
            json={"items": items, "next": f"after {numbers[-1]}" if numbers[-1] < count else None},
        )

    def store(self, request: httpx.Request) -> httpx.Response:
        self.store_headers.append(request.headers)
        if self.troubles:
            return httpx.Response(self.troubles.pop(0))
        if request.method == "PUT":
            self.parts[int(request.url.path[1:])] = request.content
            return httpx.Response(200)
        return httpx.Response(200, content=b"a clip")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    file = tmp_path / "talk.mp4"
    file.write_bytes(b"0123456789")
    return file


def upload(
    way: str, house: House, film: Path, upload_id: str = ""
) -> tuple[Upload, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []

    def on_bytes(sent: int, total: int) -> None:
        told.append((sent, total))

    if way == "blocking":
        with Client(URL, "cf_secret", transport=httpx.MockTransport(house)) as client:
            return client.upload(film, on_bytes=on_bytes, upload_id=upload_id), told

    async def go() -> Upload:
        transport = httpx.MockTransport(house.later)
        async with AsyncClient(URL, "cf_secret", transport=transport) as client:
            return await client.upload(film, on_bytes=on_bytes, upload_id=upload_id)

    return asyncio.run(go()), told


def download(way: str, house: House, to: Path) -> int:
    if way == "blocking":
        with Client(URL, transport=httpx.MockTransport(house)) as client:
            return client.download(f"{STORE}/clip", to)

    async def go() -> int:
        async with AsyncClient(URL, transport=httpx.MockTransport(house.later)) as client:
            return await client.download(f"{STORE}/clip", to)

    return asyncio.run(go())


def test_a_film_arrives_part_by_part_with_its_progress(way: str, film: Path) -> None:
    house = House()

    done, told = upload(way, house, film)

    assert done.id == "upl_1"
    assert house.parts == {1: b"0123", 2: b"4567", 3: b"89"}
    assert house.completed
    assert told == [(4, 10), (8, 10), (10, 10)]


def test_an_upload_goes_on_with_the_parts_that_are_missing(way: str, film: Path) -> None:
    house = House(parts={1: b"0123", 3: b"89"})

    _, told = upload(way, house, film, "upl_1")

    assert len(house.store_headers) == 1
    assert house.parts[2] == b"4567"
    assert told[-1] == (10, 10)


def test_an_upload_that_was_completed_is_not_sent_again(way: str, film: Path) -> None:
    house = House(completed=True)

    upload(way, house, film, "upl_1")

    assert house.store_headers == []


def test_another_file_does_not_go_on_with_an_upload(way: str, film: Path) -> None:
    film.write_bytes(b"longer than before")

    with pytest.raises(ClientError, match="has 18 bytes, but its upload began with 10"):
        upload(way, House(), film, "upl_1")


def test_an_empty_file_is_refused_before_anything_is_sent(way: str, film: Path) -> None:
    film.write_bytes(b"")

    with pytest.raises(ClientError, match="is empty"):
        upload(way, House(), film)


def test_the_api_key_does_not_travel_to_the_store(way: str, film: Path) -> None:
    house = House()

    upload(way, house, film)

    assert house.store_headers
    assert all("Authorization" not in headers for headers in house.store_headers)


@pytest.mark.usefixtures("naps")
def test_a_store_that_stumbles_gets_the_part_again(way: str, film: Path) -> None:
    house = House(troubles=[503, 500])

    upload(way, house, film)

    assert house.parts[1] == b"0123"


def test_a_store_that_refuses_is_not_asked_again_and_its_address_is_kept_secret(
    way: str, film: Path
) -> None:
    house = House(troubles=[403])

    with pytest.raises(TransferFailed, match=r"Part 1 of 3 .* answered 403") as caught:
        upload(way, house, film)

    assert len(house.store_headers) == 1
    assert "s3cret" not in str(caught.value)


def test_a_download_is_whole_or_not_there(way: str, tmp_path: Path) -> None:
    house = House()
    to = tmp_path / "clip.mp4"

    assert download(way, house, to) == 6
    house.troubles = [403]
    with pytest.raises(TransferFailed, match=r"other\.mp4 could not be fetched"):
        download(way, house, tmp_path / "other.mp4")

    assert to.read_bytes() == b"a clip"
    assert sorted(tmp_path.iterdir()) == [to]
