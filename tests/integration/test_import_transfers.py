"""Films on their way to and from the store: whole, counted, and dropped when nobody waits."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.storage import Moved, NotFound

pytestmark = pytest.mark.integration

MIB = 1024 * 1024


async def test_a_film_goes_there_and_back_with_its_bytes_counted(
    s3_settings: RuntimeSettings, tmp_path: Path
) -> None:
    store = S3Store(s3_settings)
    film = tmp_path / "film"
    film.write_bytes(os.urandom(40 * MIB + 7))  # three parts
    up: list[int] = []
    down: list[int] = []

    await store.upload("tenants/t/film", film, content_type="video/webm", moved=up.append)
    back = await store.download("tenants/t/film", tmp_path / "back", moved=down.append)

    found = await store.stat("tenants/t/film")
    assert found is not None
    assert found.content_type == "video/webm"
    assert back.read_bytes() == film.read_bytes()
    assert up == sorted(up)
    assert down == sorted(down)
    assert up[-1] == down[-1] == film.stat().st_size
    assert len(down) >= 40


async def test_an_empty_file_goes_there_and_back(
    s3_settings: RuntimeSettings, tmp_path: Path
) -> None:
    store = S3Store(s3_settings)
    (tmp_path / "empty").touch()

    await store.upload("tenants/t/empty", tmp_path / "empty", content_type="video/mp4")

    back = await store.download("tenants/t/empty", tmp_path / "back")
    assert back.read_bytes() == b""


async def test_what_is_not_there_is_not_found(s3_settings: RuntimeSettings, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await S3Store(s3_settings).download("tenants/t/nothing", tmp_path / "film")


def test_a_download_ends_at_once_when_it_is_cancelled(
    s3_settings: RuntimeSettings, tmp_path: Path
) -> None:
    store = S3Store(s3_settings)
    film = tmp_path / "film"
    film.write_bytes(bytes(8 * MIB))
    asyncio.run(store.upload("tenants/t/film", film, content_type="video/mp4"))

    moved = cancelled_at_its_first_block(
        lambda moved: store.download("tenants/t/film", tmp_path / "back", moved=moved)
    )

    assert len(moved) == 1


def test_an_upload_that_is_cancelled_leaves_no_object(
    s3_settings: RuntimeSettings, tmp_path: Path
) -> None:
    store = S3Store(s3_settings)
    film = tmp_path / "film"
    film.write_bytes(bytes(40 * MIB))

    cancelled_at_its_first_block(
        lambda moved: store.upload("tenants/t/film", film, content_type="video/mp4", moved=moved)
    )

    assert asyncio.run(store.stat("tenants/t/film")) is None


def cancelled_at_its_first_block(
    transfer: Callable[[Moved], Coroutine[Any, Any, object]],
) -> list[int]:
    """What was moved; every thread of the transfer has ended."""
    counted: list[int] = []
    go_on = threading.Event()

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        begun = asyncio.Event()

        def moved(total: int) -> None:
            counted.append(total)
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(10)

        task = asyncio.create_task(transfer(moved))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()

    asyncio.run(scenario())  # its end waits for the threads
    return counted
