"""What a thousand users ask: mostly lists and details, some writes, now and then the health.

Half of what is asked of single things is asked of a few that everybody looks at.
"""

import json
from collections.abc import Callable
from random import Random

from bench.gateway.asking import Ask
from bench.gateway.filling import Filled

HOT = 100  # projects
CREATE = json.dumps(
    {"source": {"type": "url", "url": "https://example.invalid/talk.mp4"}, "title": "A talk"}
).encode()
UPLOAD = json.dumps({"file_name": "talk.mp4", "bytes": 100_000_000}).encode()
WEIGHTS = {  # of a hundred requests
    "projects": 20,
    "projects_of_state": 5,
    "projects_by_title": 5,
    "clips": 15,
    "exports": 3,
    "project": 27,
    "clip": 15,
    "submit": 5,
    "upload": 2,
    "health": 3,
}


class Mix:
    """The requests of many users, one after the other; the same for the same seed."""

    def __init__(self, filled: Filled, seed: int = 1) -> None:
        self._filled = filled
        self._random = Random(seed)
        self._kinds: dict[str, Callable[[], Ask]] = {
            "projects": lambda: Ask("list", "GET", "/v1/projects"),
            "projects_of_state": lambda: Ask("list", "GET", "/v1/projects?state=ready"),
            "projects_by_title": lambda: Ask("list", "GET", "/v1/projects?sort=title"),
            "clips": lambda: Ask("list", "GET", f"/v1/projects/{self._project()}/clips"),
            "exports": lambda: Ask("list", "GET", "/v1/exports"),
            "project": lambda: Ask("detail", "GET", f"/v1/projects/{self._project()}"),
            "clip": lambda: Ask("detail", "GET", f"/v1/clips/{self._clip()}"),
            "submit": lambda: Ask("create", "POST", "/v1/projects", CREATE),
            "upload": lambda: Ask("create", "POST", "/v1/uploads", UPLOAD),
            "health": lambda: Ask("health", "GET", "/health/ready"),
        }

    def __call__(self) -> Ask:
        name = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        return self._kinds[name]()

    def _project(self) -> str:
        return self._filled.project(self._number())

    def _clip(self) -> str:
        return self._filled.clip(self._number())

    def _number(self) -> int:
        hot = self._random.random() < 0.5
        return self._random.randrange(HOT if hot else self._filled.owned)
