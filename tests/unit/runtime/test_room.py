"""How full the log is, by what the server says of an account."""

from typing import Any

import pytest

from clipforge_runtime.bus import Room
from clipforge_runtime.jetstream.room import measure

UNLIMITED = {"limits": {"max_storage": -1}}
THREE = {"storage": 300, "limits": {"max_storage": 900}}


@pytest.mark.parametrize(
    ("account", "copies", "max_file", "room"),
    [
        ({"storage": 300, **UNLIMITED}, 1, 0, Room(300, 0)),
        ({"storage": 300, **UNLIMITED}, 3, 400, Room(100, 400)),  # a server has one copy
        (THREE, 3, 0, Room(100, 300)),  # the account's limit counts all three
        (THREE, 3, 200, Room(100, 200)),
        (THREE, 3, 500, Room(100, 300)),
        ({"storage": 0, **UNLIMITED, "tiers": {"R3": THREE}}, 3, 0, Room(100, 900)),
    ],
)
def test_the_tighter_of_both_quotas_holds_for_one_copy(
    account: dict[str, Any], copies: int, max_file: int, room: Room
) -> None:
    assert measure(account, copies=copies, max_file=max_file) == room
