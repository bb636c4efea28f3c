"""`Client` and `AsyncClient` have the same methods, and say the same of them."""

import inspect
import re
from pathlib import Path
from typing import Any

from clipforge_client import AsyncClient, Client

ROOT = Path(__file__).parents[3]


def methods(kind: type) -> dict[str, Any]:
    return {
        name: value
        for name, value in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def signature(method: Any) -> str:
    return str(inspect.signature(method)).replace("AsyncIterator", "Iterator")


def test_both_clients_have_the_same_methods() -> None:
    assert {name: signature(one) for name, one in methods(Client).items()} == {
        name: signature(one) for name, one in methods(AsyncClient).items()
    }


def test_both_clients_say_the_same_of_their_methods() -> None:
    blocking, awaited = methods(Client), methods(AsyncClient)

    assert all(one.__doc__ for one in blocking.values())
    assert {name: one.__doc__ for name, one in blocking.items()} == {
        name: one.__doc__ for name, one in awaited.items()
    }


def test_what_blocks_in_one_is_awaited_in_the_other() -> None:
    streams = {
        name
        for name, one in methods(Client).items()
        if "Iterator[" in signature(one).split("->")[1]
    }

    for name, method in methods(AsyncClient).items():
        assert inspect.iscoroutinefunction(method) == (name not in streams), name


def test_every_public_method_is_told_in_the_readme() -> None:
    readme = (ROOT / "libs/client/README.md").read_text()

    told = set(re.findall(r"`(\w+)\(", readme))

    assert set(methods(Client)) - {"close"} <= told
