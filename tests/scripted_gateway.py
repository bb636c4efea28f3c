"""A gateway that answers from a list, for tests of the client that need no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from clipforge_client import Client

Answer = httpx.Response | Exception
URL = "http://gateway:8000"
AT = "2026-01-02T03:04:05Z"
PROJECT = {
    "id": "prj_1",
    "title": "A talk",
    "state": "ready",
    "progress": {"percent": 100, "stage": "", "step": "ready"},
    "created_at": AT,
}


def problem(status: int, title: str = "No", **more: Any) -> httpx.Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": "Because.", **more}
    return httpx.Response(status, json=body)


@dataclass
class Gateway:
    """Gives its answers in turn, the last one for ever, and keeps the requests."""

    answers: Sequence[Answer]
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


Talk = Callable[..., tuple[Client, Gateway]]
"""`talk(*answers)`: a client of a gateway that gives these answers."""

Command = Callable[..., tuple[str, Gateway]]
"""`command("queues pause import", *answers)`: what it says, and the gateway that it asked."""

Typed = Callable[[str, Callable[[httpx.Request], httpx.Response]], str]
"""`typed("queues pause import", gateway)`: what it says, its requests answered by a function."""
