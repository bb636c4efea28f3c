"""The installer's step for the log, while the log is not ready."""

from unittest.mock import Mock

import pytest

from clipforge_runtime import declare as installer
from clipforge_runtime.bus import Unavailable


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of a log that is ready at the third try."""
    made: list[int] = []

    async def declare(*_: object) -> None:
        made.append(len(made))
        if len(made) < 3:
            raise Unavailable("no leader yet")

    monkeypatch.setattr(installer, "declare", declare)
    monkeypatch.setattr(installer, "AGAIN_SECONDS", 0)
    return made


async def test_it_is_tried_again_until_the_servers_have_found_each_other(tries: list[int]) -> None:
    await installer.declare_when_ready(Mock(), Mock())

    assert len(tries) == 3


async def test_it_is_not_tried_for_ever(tries: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "READY_SECONDS", -1)

    with pytest.raises(Unavailable, match="no leader yet"):
        await installer.declare_when_ready(Mock(), Mock())

    assert len(tries) == 1
