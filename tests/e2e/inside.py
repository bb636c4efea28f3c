"""What runs in a pod for `make e2e`: a visitor with films, who uses an installation by its API.

Each command prints one line of JSON at its end. It stands on the chart's own test beside it, and on
nothing but the standard library and ffmpeg.
"""

import argparse
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import through_every_stage as api

from e2e import belongings, films, traffic

KEY = Path("/tmp/key")  # noqa: S108  (the pod's own)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("words", nargs="*")
    given = parser.parse_args()
    if KEY.exists():
        os.environ["CLIPFORGE_API_KEY"] = KEY.read_text()
    print(json.dumps(COMMANDS[given.command](*given.words)))


def arrive() -> str:
    """Get a key of one's own, as every program should: the first one is renewed meanwhile."""
    key = api.call("POST", "/v1/keys", {"name": "visitor", "role": "admin"})
    KEY.write_text(key["key"])
    return str(key["id"])


COMMANDS: Mapping[str, Callable[..., Any]] = {
    "arrive": arrive,
    "film": lambda seconds: films.make(int(seconds)),
    "submit": lambda number: [films.imported(films.submit()) for _ in range(int(number))],
    "finish": lambda *projects: films.finish(list(projects)),
    "through": films.through,
    "refused": films.refused,
    "call": api.call,
    "traffic": traffic.traffic,
    "caught": traffic.caught,
    "active": traffic.active,
    "inventory": belongings.inventory,
    "export-anew": belongings.export_anew,
    "hook": belongings.hook,
    "signed": belongings.signed,
}

if __name__ == "__main__":
    main()
