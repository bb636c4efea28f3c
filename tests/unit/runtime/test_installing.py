"""The installer's step for the log and the bucket, while the log is not ready."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from unittest.mock import AsyncMock, Mock

import pytest

from clipforge_runtime import declare as installer
from clipforge_runtime import patience
from clipforge_runtime.bus import Unavailable


@asynccontextmanager
async def connected(*_: object) -> AsyncIterator[Mock]:
    yield Mock()


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> AsyncMock:
    """Of a log that is ready at the second try."""
    made = AsyncMock(side_effect=[Unavailable("no leader yet"), None])
    monkeypatch.setattr(installer, "declare", made)
    monkeypatch.setattr(installer, "connect", connected)
    return made


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncMock:
    ensured = AsyncMock()
    monkeypatch.setattr(installer, "S3Store", lambda _: Mock(ensure_bucket=ensured))
    return ensured


async def test_it_is_tried_again_until_the_servers_have_found_each_other(
    declare: AsyncMock, bucket: AsyncMock
) -> None:
    await installer.main(Mock(log_level="INFO"))

    assert declare.await_count == 2
    bucket.assert_awaited_once()


async def test_it_is_not_tried_for_ever(
    declare: AsyncMock, bucket: AsyncMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", timedelta(seconds=-1))

    with pytest.raises(Unavailable, match="no leader yet"):
        await installer.main(Mock(log_level="INFO"))

    assert declare.await_count == 1
    bucket.assert_not_awaited()
